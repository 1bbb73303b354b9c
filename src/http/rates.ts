/**
 * How often an address may ask, and how often fail, as token buckets: so many at once, then so
 * many a second. IPv6 addresses count by their /64.
 */
import type { AddressList } from './peers.js';
import { networkOf } from './peers.js';

export interface Rate {
  /** Tokens that come back each second; 0 means no limit. */
  readonly perSecond: number;
  /** Tokens of a full bucket: so many at once. */
  readonly burst: number;
}

export interface AddressRateOptions {
  readonly requests: Rate;
  /** Answers 400 to 499 and wrong PINs. */
  readonly failures: Rate;
  /** Addresses remembered, a bound on memory at about 200 bytes each. */
  readonly addressesMax: number;
}

/** The rates of a server's clients. */
export class AddressRates {
  readonly #requests: Buckets | undefined;
  readonly #failures: Buckets | undefined;
  readonly #exempt: AddressList;

  /** Addresses in `exempt` are not counted: proxies, whose clients are not known. */
  constructor({ requests, failures, addressesMax }: AddressRateOptions, exempt: AddressList) {
    this.#requests = requests.perSecond > 0 ? new Buckets(requests, addressesMax) : undefined;
    this.#failures = failures.perSecond > 0 ? new Buckets(failures, addressesMax) : undefined;
    this.#exempt = exempt;
  }

  /** Counts a request: 0 when it may go on, otherwise the seconds to wait. */
  admit(address: string, nowMs: number): number {
    if (this.#exempt(address)) return 0;
    const network = networkOf(address);
    const failed = this.#failures?.secondsToOne(network, nowMs) ?? 0;
    return failed > 0 ? failed : (this.#requests?.take(network, nowMs) ?? 0);
  }

  /** Counts a failure of an address. */
  failed(address: string, nowMs: number): void {
    if (!this.#exempt(address)) this.#failures?.take(networkOf(address), nowMs);
  }
}

interface Bucket {
  tokens: number;
  atMs: number;
}

/**
 * Buckets by key. A bucket that nobody touched until it is full again is like none, so those in
 * use move to a young map and the old one is dropped whole after the time a bucket takes to fill.
 * With more keys than there is room for that happens sooner, and some are forgotten: whoever
 * commands so many addresses is not stopped by a limit on each.
 */
export class Buckets {
  readonly #perMs: number;
  readonly #burst: number;
  readonly #fillMs: number;
  readonly #keysMax: number;
  #young = new Map<string, Bucket>();
  #old = new Map<string, Bucket>();
  #turnedMs = 0;

  constructor({ perSecond, burst }: Rate, keysMax: number) {
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
    this.#fillMs = burst / this.#perMs;
    this.#keysMax = Math.ceil(keysMax / 2);
  }

  /** Takes a token: 0 when there was one, otherwise the seconds until there is. */
  take(key: string, nowMs: number): number {
    const bucket = this.#filled(key, nowMs);
    if (bucket.tokens < 1) return this.#secondsToOne(bucket);
    bucket.tokens -= 1;
    return 0;
  }

  /** Seconds until there is a token, 0 when there is; takes none. */
  secondsToOne(key: string, nowMs: number): number {
    const bucket = this.#young.get(key) ?? this.#old.get(key);
    if (bucket === undefined) return 0;
    this.#fill(bucket, nowMs);
    return bucket.tokens < 1 ? this.#secondsToOne(bucket) : 0;
  }

  #secondsToOne({ tokens }: Bucket): number {
    return Math.max(1, Math.ceil((1 - tokens) / this.#perMs / 1000));
  }

  #filled(key: string, nowMs: number): Bucket {
    const young = this.#young.get(key);
    if (young !== undefined) {
      this.#fill(young, nowMs);
      return young;
    }
    const bucket = this.#old.get(key) ?? { tokens: this.#burst, atMs: nowMs };
    this.#fill(bucket, nowMs);
    if (this.#young.size >= this.#keysMax || nowMs - this.#turnedMs >= this.#fillMs) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#turnedMs = nowMs;
    }
    this.#young.set(key, bucket);
    return bucket;
  }

  #fill(bucket: Bucket, nowMs: number): void {
    const more = Math.max(0, nowMs - bucket.atMs) * this.#perMs;
    bucket.tokens = Math.min(this.#burst, bucket.tokens + more);
    bucket.atMs = nowMs;
  }
}
