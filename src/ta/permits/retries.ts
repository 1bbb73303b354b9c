/** Trying again what may go better later. */
import { setTimeout as sleep } from 'node:timers/promises';
import { PermitStorageError } from './permit-storage.js';

/** First wait in milliseconds; each further one is twice as long. */
const FIRST_MS = 200;
const LONGEST_MS = 30_000;

/** Milliseconds to wait after so many failures in a row. */
export function backoffMs(failures: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
}

/** True when nothing but a change by somebody helps. */
export function isLasting(error: unknown): boolean {
  return error instanceof PermitStorageError && error.lasting;
}

/**
 * Does `work` up to `tries` times.
 * @throws the last error, or at once one that lasts, or the signal's reason
 */
export async function withRetries(
  work: () => Promise<void>,
  { tries, signal }: { readonly tries: number; readonly signal: AbortSignal },
): Promise<void> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await work();
    } catch (error) {
      if (failures >= tries || isLasting(error)) throw error;
    }
    await sleep(backoffMs(failures), undefined, { signal });
  }
}
