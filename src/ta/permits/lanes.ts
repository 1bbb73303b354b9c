/** Bounded concurrency. */

/**
 * Does `work` on all items, at most `lanes` at a time. After a failure no more are begun; rejects
 * with the first one when those under way have ended.
 */
export async function overLanes<T>(
  items: Iterable<T> | AsyncIterable<T>,
  lanes: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  const underWay = new Set<Promise<void>>();
  let free: (() => void) | undefined;
  for await (const item of items) {
    const one = work(item).then(
      () => undefined,
      (error: unknown) => void failures.push(error),
    );
    underWay.add(one);
    void one.then(() => {
      underWay.delete(one);
      free?.();
    });
    if (underWay.size >= lanes) {
      await new Promise<void>((resolve) => {
        free = resolve;
      });
    }
    if (failures.length > 0) break;
  }
  await Promise.all(underWay);
  if (failures.length > 0) throw failures[0];
}
