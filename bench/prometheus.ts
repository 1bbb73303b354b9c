/** How many logins the server checked at once, read from its own metrics. */

/** Longest wait for the metrics in milliseconds; without them there is just no batch size. */
const METRICS_MS_MAX = 2_000;

/** The sum and count of the histogram or summary of batch sizes; null where there is none. */
export async function batchesOf(
  url: string,
): Promise<{ readonly count: number; readonly logins: number } | null> {
  try {
    const reply = await fetch(url, { signal: AbortSignal.timeout(METRICS_MS_MAX) });
    return reply.ok ? readBatches(await reply.text()) : null;
  } catch {
    return null;
  }
}

/** @param text in the Prometheus text format */
export function readBatches(
  text: string,
): { readonly count: number; readonly logins: number } | null {
  const total = (suffix: string): number | undefined => {
    const form = new RegExp(`^\\w*batch_(?:size|logins|records)_${suffix}(?:\\{[^}]*\\})? (\\S+)`);
    const values = text.split('\n').flatMap((line) => form.exec(line)?.[1] ?? []);
    return values.length === 0 ? undefined : values.map(Number).reduce((a, b) => a + b, 0);
  };
  const count = total('count');
  const logins = total('sum');
  return count === undefined || logins === undefined ? null : { count, logins };
}
