/**
 * Long jobs, a few a turn of the event loop. A process that did all of them that came together
 * would neither read nor begin anything meanwhile, and then everything at once: its load would come
 * in bursts of its own making.
 */

/** Of a turn for such jobs, in milliseconds: some ten multiplications, and a tick of the pace. */
const TURN_MS = 0.5;

const waiting: (() => void)[] = [];

function runNext(): void {
  const end = performance.now() + TURN_MS;
  do waiting.shift()?.();
  while (waiting.length > 0 && performance.now() < end);
  if (waiting.length > 0) setImmediate(runNext);
}

/** The result of `job`, when its turn has come; rejects with what it throws. */
export function inTurn<T>(job: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    const run = (): void => {
      try {
        resolve(job());
      } catch (error) {
        reject(error);
      }
    };
    waiting.push(run);
    if (waiting.length === 1) setImmediate(runNext);
  });
}
