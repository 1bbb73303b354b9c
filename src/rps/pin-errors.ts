/** By how much a PIN was wrong, which only a holder of the token can bring about (lockPolicy). */
import { performance } from 'node:perf_hooks';
import type { PinErrorPool } from '../crypto/pin-errors.js';
import type { RecordFields } from '../crypto/pool.js';
import type { PinError } from './verdict.js';

/**
 * Challenges, or days, of one failure that are searched for a PIN error, the likeliest first: each
 * costs milliseconds of a worker. Whoever hides a wrong PIN behind more of them has it counted
 * among the other failures, which are bounded too.
 */
const SEARCHES_MAX = 4;

/** The PIN error of a failed pass 2, given the records it was checked as. */
export type PinErrorSearch = (records: readonly RecordFields[]) => Promise<PinError | undefined>;

export function pinErrorSearch(pool: Pick<PinErrorPool, 'pinError'>): PinErrorSearch {
  return async (records) => {
    const startedMs = performance.now();
    for (const record of records.slice(0, SEARCHES_MAX)) {
      const error = await pool.pinError(record);
      if (error !== null) return { error, costMs: Math.round(performance.now() - startedMs) };
    }
    return undefined;
  };
}
