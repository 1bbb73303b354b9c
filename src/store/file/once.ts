/** Things that may happen once, or so many times within a while. */
import { afterTry, type OneTimePassword, OTPS_PER_USER_MAX } from '../once.js';
import type { JsonTable } from './json-table.js';

export interface LiveOtp extends OneTimePassword {
  readonly endsMs: number;
  readonly tries: number;
}

/** The one-time passwords of all people, by the hash that names a person. */
export class Otps {
  readonly #byUser: JsonTable<readonly LiveOtp[]>;

  constructor(byUser: JsonTable<readonly LiveOtp[]>) {
    this.#byUser = byUser;
  }

  put(user: string, password: OneTimePassword, lifeMs: number, nowMs: number): void {
    const live = this.#live(user, nowMs);
    if (live.length === 0) this.#byUser.demandRoom(nowMs);
    const added = { ...password, endsMs: nowMs + lifeMs, tries: 0 };
    this.#save(user, [...live.slice(1 - OTPS_PER_USER_MAX), added]);
  }

  take(user: string, otp: string, nowMs: number): string | undefined {
    const { used, left } = afterTry(this.#live(user, nowMs), otp);
    this.#save(user, left);
    return used?.mpinId;
  }

  #save(user: string, live: readonly LiveOtp[]): void {
    if (live.length === 0) this.#byUser.remove(user);
    else this.#byUser.put(user, live, Math.max(...live.map(({ endsMs }) => endsMs)));
  }

  #live(user: string, nowMs: number): readonly LiveOtp[] {
    return (this.#byUser.get(user, nowMs) ?? []).filter(({ endsMs }) => nowMs < endsMs);
  }
}

/** How often something happened since the first time of a while. */
export class Counters {
  readonly #counts: JsonTable<number>;

  constructor(counts: JsonTable<number>) {
    this.#counts = counts;
  }

  get(key: string, nowMs: number): number {
    return this.#counts.get(key, nowMs) ?? 0;
  }

  /** Throws StoreError 'full' when a further event of this key cannot be counted. */
  demandRoom(key: string, nowMs: number): void {
    if (this.#counts.get(key, nowMs) === undefined) this.#counts.demandRoom(nowMs);
  }

  /** The count with this event. */
  count(key: string, windowMs: number, nowMs: number): number {
    this.demandRoom(key, nowMs);
    const count = this.get(key, nowMs) + 1;
    if (count > 1) this.#counts.update(key, count);
    else this.#counts.put(key, count, nowMs + windowMs);
    return count;
  }

  forget(key: string): void {
    this.#counts.remove(key);
  }
}
