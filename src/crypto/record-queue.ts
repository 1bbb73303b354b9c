import { RECORD_BYTES, type RecordFields, writeRecord } from './record.js';

/**
 * Records in the order they came, in one ring of bytes: a login costs no memory of its own while
 * it waits. Sized for the capacity once; untouched pages cost nothing.
 */
export class RecordQueue {
  readonly #bytes: Uint8Array;
  readonly #capacity: number;
  #head = 0;
  #length = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#bytes = new Uint8Array(capacity * RECORD_BYTES);
  }

  get length(): number {
    return this.#length;
  }

  /** Adds records; all of them, or none when `writeRecord` throws or they do not fit. */
  push(records: readonly RecordFields[]): void {
    if (this.#length + records.length > this.#capacity) {
      throw new RangeError('the records do not fit into the queue');
    }
    let next = this.#head + this.#length;
    for (const fields of records) {
      const at = (next % this.#capacity) * RECORD_BYTES;
      this.#bytes.fill(0, at, at + RECORD_BYTES);
      writeRecord(this.#bytes, at, fields);
      next += 1;
    }
    this.#length += records.length;
  }

  /**
   * Removes the first `count` records. They come in memory of exactly their size, because a
   * message to a thread copies the whole memory behind a view.
   */
  take(count: number): Uint8Array {
    const batch = new Uint8Array(count * RECORD_BYTES);
    const straight = Math.min(count, this.#capacity - this.#head);
    const start = this.#head * RECORD_BYTES;
    batch.set(this.#bytes.subarray(start, start + straight * RECORD_BYTES));
    const wrapped = this.#bytes.subarray(0, (count - straight) * RECORD_BYTES);
    batch.set(wrapped, straight * RECORD_BYTES);
    this.#head = (this.#head + count) % this.#capacity;
    this.#length -= count;
    return batch;
  }
}
