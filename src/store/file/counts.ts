/** How much the file holds, counted in the transactions that change it: right to the last one. */
import { StoreError } from '../store.js';
import type { Records } from './engine.js';

/** In the order in which they lie in their record: new ones come last. */
export const COUNT_NAMES = [
  'bytes',
  'registrations',
  'challenges',
  'results',
  'failingIdentities',
  'permitIdentities',
  'meetings',
  'wids',
  'mobileResults',
  'reports',
  'otps',
  'nonces',
  'counters',
  'revocations',
] as const;

/** Kinds of entries, and `bytes`: keys and values of all of them. */
export type CountName = (typeof COUNT_NAMES)[number];

/** Bytes of one count: enough for what a disk can hold. */
const COUNT_BYTES = 6;
const KEY = Buffer.from('C');

export class Counts {
  readonly #records: Records;
  #values = new Array<number>(COUNT_NAMES.length).fill(0);
  #changed = false;

  constructor(records: Records) {
    this.#records = records;
  }

  get(name: CountName): number {
    return this.#values[COUNT_NAMES.indexOf(name)] ?? 0;
  }

  add(name: CountName, more: number): void {
    if (more === 0) return;
    const at = COUNT_NAMES.indexOf(name);
    this.#values[at] = (this.#values[at] ?? 0) + more;
    this.#changed = true;
  }

  /** To be called at the beginning of each transaction. */
  load(): void {
    this.#values = valuesOf(this.#records.get(KEY));
    this.#changed = false;
  }

  /** To be called at the end of each transaction. */
  save(): void {
    if (!this.#changed) return;
    const record = Buffer.alloc(COUNT_NAMES.length * COUNT_BYTES);
    for (const [at, value] of this.#values.entries()) {
      record.writeUIntBE(value, at * COUNT_BYTES, COUNT_BYTES);
    }
    this.#records.put(KEY, record);
  }
}

/** What was counted by the last transaction of any process. */
export function countsIn(fresh: (key: Buffer) => Buffer | undefined): Record<CountName, number> {
  const values = valuesOf(fresh(KEY));
  return Object.fromEntries(COUNT_NAMES.map((name, at) => [name, values[at] ?? 0])) as Record<
    CountName,
    number
  >;
}

/** A record of an older version is shorter: it had none of what came later. */
function valuesOf(record: Buffer | undefined): number[] {
  return COUNT_NAMES.map((_, at) => {
    const start = at * COUNT_BYTES;
    if (record === undefined || start + COUNT_BYTES > record.length) return 0;
    return record.readUIntBE(start, COUNT_BYTES);
  });
}

/** Throws StoreError 'full' when one of these has reached its limit: nothing may be added then. */
export function demandRoom(counts: Counts, limits: Readonly<Partial<Record<CountName, number>>>) {
  for (const [name, max] of Object.entries(limits)) {
    if (counts.get(name as CountName) < max) continue;
    throw new StoreError('full', `the file store has no room for more ${name}`);
  }
}
