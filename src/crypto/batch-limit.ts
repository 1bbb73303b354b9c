/**
 * Records a batch may have while failures are rare: a bigger one saves little more of the pairing
 * that all share (crypto cost a login: 1,525 multiplications at 64, 838 at 256), and its last
 * login waits for its first, some 3 ms.
 */
export const BATCH_RECORDS_MAX = 256;
/** And however frequent failures are: fewer would pay for the messages between threads instead. */
export const BATCH_RECORDS_MIN = 16;
/**
 * Least time between two batches that are not full, in milliseconds. What a batch costs whatever
 * its size, some 270 µs with its messages, is half of what checking costs where logins come by
 * thousands a second, and most of it at hundreds; a login that comes alone is not held back.
 */
export const BATCH_PACE_MS = 2;
/**
 * Failures aimed at in a batch. One wrong login makes the core search its batch for it, at a cost
 * that grows with the batch; fewer than one a batch leaves most batches without any search.
 */
const FAILURES_PER_BATCH = 1;
/** The recent past, in records: one attacker's burst is over soon, noise stays small. */
export const RECENT_RECORDS = 512;

/** Follows the rate of failures, and says how many records a batch may have by it. */
export class BatchLimit {
  #failureRate = 0;

  /** Failed records among recent ones, 0 … 1; each batch counts by its size. */
  get failureRate(): number {
    return this.#failureRate;
  }

  get records(): number {
    const fitting = Math.floor(FAILURES_PER_BATCH / this.#failureRate);
    return Math.max(BATCH_RECORDS_MIN, Math.min(BATCH_RECORDS_MAX, fitting));
  }

  /** Counts an answered batch in. */
  observe(records: number, failures: number): void {
    const weight = Math.min(1, records / RECENT_RECORDS);
    this.#failureRate += weight * (failures / records - this.#failureRate);
  }
}
