import { ByteKeys } from './byte-keys.js';
import { NO_SLOT } from './lifetimes.js';

/** Of the memory for identities, so much may be held by failing ones, which never end. */
const FAILING_SHARE = 1 / 3;

export interface IdentitiesOptions {
  /** Most holders at once: challenges, results and failing identities together. */
  readonly holdersMax: number;
  readonly failingMax: number;
  /** Bytes for the identities themselves, each counted once. */
  readonly bytesMax: number;
}

/**
 * All identities that anything is kept of, each once and by number: what is kept refers to it by
 * that number, and the identity stays as long as anything does.
 */
export class Identities {
  readonly #keys: ByteKeys;
  readonly #failingMax: number;
  readonly #failingBytesMax: number;
  readonly #holders: Int32Array;
  readonly #failures: Int32Array;
  /** Failures that lock nothing, since the last right PIN. */
  readonly #others: Int32Array;
  /** The newest challenge of an identity; among free numbers the next free one. */
  readonly #newest: Int32Array;
  /** Numbers from here on were never used. */
  #untouched = 0;
  #free = NO_SLOT;
  #failing = 0;
  #failingBytes = 0;

  constructor({ holdersMax, failingMax, bytesMax }: IdentitiesOptions) {
    // One more for the caller who holds an identity while it decides what to keep.
    const capacity = holdersMax + 1;
    this.#keys = new ByteKeys(capacity, bytesMax, 'hex');
    this.#failingMax = failingMax;
    this.#failingBytesMax = bytesMax * FAILING_SHARE;
    this.#holders = new Int32Array(capacity);
    this.#failures = new Int32Array(capacity);
    this.#others = new Int32Array(capacity);
    this.#newest = new Int32Array(capacity);
  }

  /** Identities with failures counted against them. */
  get failing(): number {
    return this.#failing;
  }

  /** Memory that all of them take now. */
  get takenBytes(): number {
    return this.#keys.takenBytes;
  }

  find(mpinId: string): number {
    return this.#keys.find(mpinId);
  }

  /** Finds or adds an identity, and holds it; NO_SLOT when there is no room. */
  hold(mpinId: string): number {
    const known = this.#keys.find(mpinId);
    if (known !== NO_SLOT) {
      this.holdAgain(known);
      return known;
    }
    const identity = this.#free === NO_SLOT ? this.#untouched : this.#free;
    if (!this.#keys.addSought(identity)) return NO_SLOT;
    if (this.#free === NO_SLOT) this.#untouched += 1;
    else this.#free = this.#newest[identity] as number;
    this.#holders[identity] = 1;
    this.#newest[identity] = NO_SLOT;
    return identity;
  }

  holdAgain(identity: number): void {
    this.#holders[identity] = (this.#holders[identity] as number) + 1;
  }

  /** Ends one hold; with the last one the identity goes. */
  release(identity: number): void {
    const holders = (this.#holders[identity] as number) - 1;
    this.#holders[identity] = holders;
    if (holders > 0) return;
    this.#keys.remove(identity);
    this.#newest[identity] = this.#free;
    this.#free = identity;
  }

  mpinIdOf(identity: number): string {
    return this.#keys.keyOf(identity);
  }

  newestChallenge(identity: number): number {
    return this.#newest[identity] as number;
  }

  setNewestChallenge(identity: number, challenge: number): void {
    this.#newest[identity] = challenge;
  }

  failures(identity: number): number {
    return this.#failures[identity] as number;
  }

  otherFailures(identity: number): number {
    return this.#others[identity] as number;
  }

  /** Counts one more failure; the count, or undefined when no further identity may fail. */
  fail(identity: number): number | undefined {
    return this.#count(this.#failures, identity);
  }

  /** As {@link fail}, for one that locks nothing. */
  failOther(identity: number): number | undefined {
    return this.#count(this.#others, identity);
  }

  /** Whether a failure of this identity can be counted. */
  mayFail(identity: number): boolean {
    if (this.#isFailing(identity)) return true;
    const bytes = this.#failingBytes + this.#keys.bytesOf(identity);
    return this.#failing < this.#failingMax && bytes <= this.#failingBytesMax;
  }

  forgetFailures(identity: number): void {
    if (!this.#isFailing(identity)) return;
    this.#failures[identity] = 0;
    this.#others[identity] = 0;
    this.#failing -= 1;
    this.#failingBytes -= this.#keys.bytesOf(identity);
    this.release(identity);
  }

  #isFailing(identity: number): boolean {
    return this.#failures[identity] !== 0 || this.#others[identity] !== 0;
  }

  #count(counts: Int32Array, identity: number): number | undefined {
    if (!this.mayFail(identity)) return undefined;
    if (!this.#isFailing(identity)) {
      this.#failing += 1;
      this.#failingBytes += this.#keys.bytesOf(identity);
      this.holdAgain(identity);
    }
    const count = (counts[identity] as number) + 1;
    counts[identity] = count;
    return count;
  }
}
