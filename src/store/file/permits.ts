/** Time permit shares by identity, until the end of the last day. */
import type { Counts } from './counts.js';
import type { Records } from './engine.js';
import { decodePermits, encodePermits } from './permit-record.js';
import { livePayload, type Stored, Table } from './table.js';

const DAY_MS = 86_400_000;

export interface PermitLimits {
  readonly permitIdentitiesMax: number;
  readonly bytesMax: number;
}

export class Permits {
  readonly #limits: PermitLimits;
  readonly #counts: Counts;
  readonly #table: Table;

  constructor(records: Records, counts: Counts, limits: PermitLimits) {
    this.#limits = limits;
    this.#counts = counts;
    this.#table = new Table({ records, counts, kind: 'P', counted: 'permitIdentities' });
  }

  keyOf(hashMpinId: string): Buffer {
    return this.#table.keyOf(Buffer.from(hashMpinId, 'hex'));
  }

  permitIn(stored: Stored | undefined, day: number, nowMs: number): string | undefined {
    return day < today(nowMs) ? undefined : permitsIn(stored, nowMs).get(day);
  }

  /** Within a transaction: adds to what is kept of an identity; days that are over are left out. */
  keep(hashMpinId: string, permits: ReadonlyMap<number, string>, nowMs: number): void {
    this.#table.clearSome(nowMs);
    const key = this.keyOf(hashMpinId);
    const before = this.#table.get(key);
    const all = [...permitsIn(before, nowMs), ...permits].filter(([day]) => day >= today(nowMs));
    if (all.length === 0 || (before === undefined && !this.#makeRoom())) return;
    const lastDay = Math.max(...all.map(([day]) => day));
    this.#table.put(key, encodePermits(new Map(all)), (lastDay + 1) * DAY_MS, before);
  }

  /** Being a cache it forgets the one that ends first, or has no room for the new one. */
  #makeRoom(): boolean {
    const { permitIdentitiesMax, bytesMax } = this.#limits;
    if (this.#counts.get('bytes') >= bytesMax) return false;
    const isFull = this.#counts.get('permitIdentities') >= permitIdentitiesMax;
    return !isFull || this.#table.removeFirstToEnd();
  }
}

function today(nowMs: number): number {
  return Math.floor(nowMs / DAY_MS);
}

function permitsIn(stored: Stored | undefined, nowMs: number): Map<number, string> {
  const payload = livePayload(stored, nowMs);
  return payload === undefined ? new Map() : decodePermits(payload);
}
