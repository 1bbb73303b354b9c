/** Resolves when the function given to `arm` is called, or after `ms` milliseconds without. */
export function calledOrLate(ms: number, arm: (called: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    arm(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
