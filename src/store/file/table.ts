/**
 * Records of one kind that end. Each begins with its end, and an index by end time finds those
 * that are overdue: whoever adds clears a few, and nothing is scanned.
 */
import type { CountName, Counts } from './counts.js';
import type { Records } from './engine.js';

/** The end of what never ends. */
export const NEVER_MS = 0;

/**
 * Overdue records cleared by each step that adds one. More than one, so that clearing outruns
 * adding; few, so that no step pays for a million that ended while nobody came.
 */
const CLEARED_PER_STEP = 8;

const END_BYTES = 6;
const END_MS_MAX = 2 ** (8 * END_BYTES) - 1;
const ENDS_PREFIX = 'E';
const ENDS_KEY_AT = 2 + END_BYTES;

/** A record as it lies in the file: its whole value, end included. */
export type Stored = Buffer;

export interface TableOptions {
  readonly records: Records;
  readonly counts: Counts;
  /** One ASCII letter, the first byte of its keys. */
  readonly kind: string;
  /** What counts its records; undefined for a kind that counts otherwise. */
  readonly counted?: CountName;
  /** Called for an overdue record; removes or renews it. Removal when absent. */
  readonly overdue?: (key: Buffer, stored: Stored, nowMs: number) => void;
}

/** All but {@link keyOf} and the reading of a record must be called within a transaction. */
export class Table {
  readonly #options: TableOptions;
  readonly #kind: number;

  constructor(options: TableOptions) {
    this.#options = options;
    this.#kind = options.kind.charCodeAt(0);
  }

  keyOf(name: Buffer): Buffer {
    const key = Buffer.allocUnsafe(1 + name.length);
    key[0] = this.#kind;
    key.set(name, 1);
    return key;
  }

  /** Whether a key of the file is one of this table. */
  isKey(key: Buffer): boolean {
    return key[0] === this.#kind;
  }

  get(key: Buffer): Stored | undefined {
    return this.#options.records.get(key);
  }

  /** Adds a record, or replaces `before`, which is what {@link get} gave for the key. */
  put(key: Buffer, payload: Buffer, endsMs: number, before: Stored | undefined): void {
    const { records, counts, counted } = this.#options;
    const stored = Buffer.allocUnsafe(END_BYTES + payload.length);
    stored.writeUIntBE(endsMs, 0, END_BYTES);
    stored.set(payload, END_BYTES);
    records.put(key, stored);
    if (before === undefined || endOf(before) !== endsMs) {
      if (before !== undefined) this.#removeEnd(key, before);
      if (endsMs !== NEVER_MS) records.put(this.#endKey(endsMs, key), Buffer.alloc(0));
    }
    if (before === undefined && counted !== undefined) counts.add(counted, 1);
    const size = before === undefined ? key.length : -before.length;
    counts.add('bytes', size + stored.length);
  }

  /** Removes a record, of which `before` is what {@link get} gave. */
  remove(key: Buffer, before: Stored): void {
    const { records, counts, counted } = this.#options;
    records.remove(key);
    this.#removeEnd(key, before);
    if (counted !== undefined) counts.add(counted, -1);
    counts.add('bytes', -key.length - before.length);
  }

  /** Removes some of the records that are overdue. */
  clearSome(nowMs: number): void {
    for (const key of this.#firstToEnd(Math.floor(nowMs) + 1, CLEARED_PER_STEP))
      this.#clear(key, nowMs);
  }

  /** Removes the record that ends first; false when there is none. */
  removeFirstToEnd(): boolean {
    const [key] = this.#firstToEnd(END_MS_MAX, 1);
    const stored = key && this.get(key);
    if (key === undefined || stored === undefined) return false;
    this.remove(key, stored);
    return true;
  }

  #clear(key: Buffer, nowMs: number): void {
    const stored = this.get(key);
    if (stored === undefined) throw new Error('an end without a record');
    const { overdue } = this.#options;
    if (overdue === undefined) this.remove(key, stored);
    else overdue(key, stored, nowMs);
  }

  #firstToEnd(beforeMs: number, limit: number): Buffer[] {
    const none = Buffer.alloc(0);
    const [from, to] = [this.#endKey(0, none), this.#endKey(beforeMs, none)];
    const ends = this.#options.records.keysBetween(from, to, limit);
    return ends.map((end) => end.subarray(ENDS_KEY_AT));
  }

  #removeEnd(key: Buffer, stored: Stored): void {
    const endsMs = endOf(stored);
    if (endsMs !== NEVER_MS) this.#options.records.remove(this.#endKey(endsMs, key));
  }

  #endKey(endsMs: number, key: Buffer): Buffer {
    const end = Buffer.allocUnsafe(ENDS_KEY_AT + key.length);
    end.write(ENDS_PREFIX, 0, 'latin1');
    end[1] = this.#kind;
    end.writeUIntBE(endsMs, 2, END_BYTES);
    end.set(key, ENDS_KEY_AT);
    return end;
  }
}

export function endOf(stored: Stored): number {
  return stored.readUIntBE(0, END_BYTES);
}

export function payloadOf(stored: Stored): Buffer {
  return stored.subarray(END_BYTES);
}

/** The payload of a record that has not ended; undefined for none. */
export function livePayload(stored: Stored | undefined, nowMs: number): Buffer | undefined {
  return stored !== undefined && nowMs < endOf(stored) ? payloadOf(stored) : undefined;
}
