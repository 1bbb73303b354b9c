import { ExpiringMap } from './expiring-map.js';

const DAY_MS = 86_400_000;
/** Hex digits of one time permit share. */
const PERMIT_HEX = 130;

/** The shares of one identity, as bytes in one string: 13 hex strings take three times that. */
interface PermitRun {
  readonly days: readonly number[];
  readonly shares: string;
}

/** Time permit shares by identity and day. Being a cache, it forgets the oldest when it is full. */
export class Permits {
  readonly #runs: ExpiringMap<PermitRun>;

  constructor(identitiesMax: number) {
    this.#runs = new ExpiringMap(identitiesMax);
  }

  /** Adds to what is kept of an identity; days that are over are left out. */
  keep(hashMpinId: string, permits: ReadonlyMap<number, string>, nowMs: number): void {
    const today = Math.floor(nowMs / DAY_MS);
    const merged = new Map([...this.#known(hashMpinId, nowMs), ...permits]);
    const days = [...merged.keys()].filter((day) => day >= today).sort((a, b) => a - b);
    const last = days.at(-1);
    if (last === undefined) return;
    const hex = days.map((day) => merged.get(day)).join('');
    const run = { days, shares: Buffer.from(hex, 'hex').toString('latin1') };
    // Whole days from now: the same few lives for everyone, and at most a day too long. A share
    // of a day that is over is not given out in any case.
    const lifeMs = (last - today + 1) * DAY_MS;
    const key = keyOf(hashMpinId);
    this.#runs.delete(key);
    if (!this.#runs.hasRoom(nowMs)) this.#runs.deleteNextToEnd();
    this.#runs.set(key, run, lifeMs, nowMs);
  }

  find(hashMpinId: string, day: number, nowMs: number): string | undefined {
    return this.#known(hashMpinId, nowMs).get(day);
  }

  #known(hashMpinId: string, nowMs: number): Map<number, string> {
    const run = this.#runs.get(keyOf(hashMpinId), nowMs);
    const known = new Map<number, string>();
    if (run === undefined) return known;
    const today = Math.floor(nowMs / DAY_MS);
    const hex = Buffer.from(run.shares, 'latin1').toString('hex');
    for (const [index, day] of run.days.entries()) {
      const start = index * PERMIT_HEX;
      if (day >= today) known.set(day, hex.slice(start, start + PERMIT_HEX));
    }
    return known;
  }
}

function keyOf(hashMpinId: string): string {
  return Buffer.from(hashMpinId, 'hex').toString('latin1');
}
