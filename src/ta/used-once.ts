/** Signatures that were taken, so that none is taken twice within the life of a query. */

/** Bytes of a signature (as hex digits) that tell it from all others: half of an HMAC-SHA256. */
const KEY_DIGITS = 32;

export interface UsedOnceOptions {
  /** How long a signature can be good, in milliseconds: it is remembered at least so long. */
  readonly lifeMs: number;
  /** Signatures remembered at once, about 100 bytes each. */
  readonly max: number;
}

/**
 * Two sets take turns: the younger becomes the older after a life, and the older one is dropped
 * whole then, as everything in it has expired.
 */
export class UsedOnce {
  readonly #options: UsedOnceOptions;
  #young = new Set<string>();
  #old = new Set<string>();
  #turnedMs = 0;

  constructor(options: UsedOnceOptions) {
    this.#options = options;
  }

  /** `full`: it cannot be remembered, so it must not be answered. */
  take(signature: string, nowMs: number): 'taken' | 'used' | 'full' {
    const { lifeMs, max } = this.#options;
    if (nowMs - this.#turnedMs >= lifeMs) {
      this.#old = nowMs - this.#turnedMs >= 2 * lifeMs ? new Set() : this.#young;
      this.#young = new Set();
      this.#turnedMs = nowMs;
    }
    const key = signature.slice(0, KEY_DIGITS);
    if (this.#young.has(key) || this.#old.has(key)) return 'used';
    if (this.#young.size + this.#old.size >= max) return 'full';
    this.#young.add(key);
    return 'taken';
  }
}
