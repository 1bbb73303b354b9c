import { afterTry, type OneTimePassword, OTPS_PER_USER_MAX } from '../once.js';
import { ExpiringMap } from './expiring-map.js';

interface LiveOtp extends OneTimePassword {
  readonly endsAtMs: number;
  readonly tries: number;
}

/** The one-time passwords of all people, by the hash that names a person. */
export class Otps {
  readonly #byUser: ExpiringMap<readonly LiveOtp[]>;

  constructor(usersMax: number) {
    this.#byUser = new ExpiringMap(usersMax);
  }

  get size(): number {
    return this.#byUser.size;
  }

  /** False when there is no room. */
  put(user: string, password: OneTimePassword, lifeMs: number, nowMs: number): boolean {
    const others = this.#live(user, nowMs).slice(1 - OTPS_PER_USER_MAX);
    const added = { ...password, endsAtMs: nowMs + lifeMs, tries: 0 };
    return this.#byUser.set(user, [...others, added], lifeMs, nowMs);
  }

  take(user: string, otp: string, nowMs: number): string | undefined {
    const { used, left } = afterTry(this.#live(user, nowMs), otp);
    if (left.length === 0) this.#byUser.delete(user);
    else this.#byUser.update(user, () => left, nowMs);
    return used?.mpinId;
  }

  #live(user: string, nowMs: number): readonly LiveOtp[] {
    return (this.#byUser.get(user, nowMs) ?? []).filter(({ endsAtMs }) => nowMs < endsAtMs);
  }
}

/** How often something happened since the first time of a while. */
export class Counters {
  readonly #counts: ExpiringMap<number>;

  constructor(capacity: number) {
    this.#counts = new ExpiringMap(capacity);
  }

  get size(): number {
    return this.#counts.size;
  }

  get(key: string, nowMs: number): number {
    return this.#counts.get(key, nowMs) ?? 0;
  }

  /** Whether a further event of this key can be counted. */
  hasRoom(key: string, nowMs: number): boolean {
    return this.#counts.get(key, nowMs) !== undefined || this.#counts.hasRoom(nowMs);
  }

  /** The count with this event; undefined when there is no room. */
  count(key: string, windowMs: number, nowMs: number): number | undefined {
    const count = this.get(key, nowMs) + 1;
    if (count > 1) this.#counts.update(key, () => count, nowMs);
    else if (!this.#counts.set(key, count, windowMs, nowMs)) return undefined;
    return count;
  }

  forget(key: string): void {
    this.#counts.delete(key);
  }
}
