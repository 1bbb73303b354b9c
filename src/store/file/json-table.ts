/** Records of a kind that is rare enough to be kept as JSON. */
import { hash } from 'node:crypto';
import { type CountName, type Counts, demandRoom } from './counts.js';
import type { Records } from './engine.js';
import { endOf, livePayload, type Stored, Table } from './table.js';

export interface JsonTableOptions {
  readonly records: Records;
  readonly counts: Counts;
  readonly kind: string;
  readonly counted: CountName;
  /** Most records of this kind, and most bytes of all kinds. */
  readonly max: number;
  readonly bytesMax: number;
}

/** All but {@link keyOf} and {@link valueIn} must be called within a transaction. */
export class JsonTable<T> {
  readonly #table: Table;
  readonly #options: JsonTableOptions;

  constructor(options: JsonTableOptions) {
    this.#options = options;
    this.#table = new Table(options);
  }

  /** Names are of any length, and clients choose some of them. */
  keyOf(name: string): Buffer {
    return this.#table.keyOf(hash('sha256', name, 'buffer'));
  }

  valueIn(stored: Stored | undefined, nowMs: number): T | undefined {
    const payload = livePayload(stored, nowMs);
    return payload && (JSON.parse(payload.toString()) as T);
  }

  get(name: string, nowMs: number): T | undefined {
    return this.valueIn(this.#table.get(this.keyOf(name)), nowMs);
  }

  /** Clears some that are overdue; throws StoreError 'full' when another cannot be added. */
  demandRoom(nowMs: number): void {
    this.#table.clearSome(nowMs);
    const { counts, counted, max, bytesMax } = this.#options;
    demandRoom(counts, { [counted]: max, bytes: bytesMax });
  }

  /** Adds or replaces a record; for a new one there must be room. */
  put(name: string, value: T, endsMs: number): void {
    const key = this.keyOf(name);
    this.#table.put(
      key,
      Buffer.from(JSON.stringify(value)),
      Math.ceil(endsMs),
      this.#table.get(key),
    );
  }

  /** Replaces a record until the same end; there must be one. */
  update(name: string, value: T): void {
    const stored = this.#table.get(this.keyOf(name));
    if (stored === undefined) throw new Error('a record to update is not there');
    this.put(name, value, endOf(stored));
  }

  /** When a record ends; 0 for none. */
  endOf(name: string): number {
    const stored = this.#table.get(this.keyOf(name));
    return stored === undefined ? 0 : endOf(stored);
  }

  remove(name: string): void {
    const key = this.keyOf(name);
    const stored = this.#table.get(key);
    if (stored !== undefined) this.#table.remove(key, stored);
  }
}
