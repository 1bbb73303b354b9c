import {
  type Attempt,
  type Challenge,
  type LoginResult,
  type LoginStatus,
  type Registration,
  type Settlement,
  type Store,
  StoreError,
  type StoreSizes,
} from '../store.js';
import { Challenges } from './challenges.js';
import { ExpiringMap } from './expiring-map.js';
import { Identities } from './identities.js';
import { NO_SLOT } from './lifetimes.js';
import { Permits } from './permits.js';
import { assertKeepable, Results } from './results.js';

/** Most entries of each kind. A full kind answers StoreError 'full'; permits forget the oldest. */
export interface MemoryStoreOptions {
  /** Registrations under way; about 1 KB each. */
  readonly registrationsMax: number;
  /** Live challenges of all identities; about 250 bytes each, and their identity. */
  readonly challengesMax: number;
  /** Login results not yet taken; about 110 bytes each, and their identity. */
  readonly resultsMax: number;
  /** Identities with failures counted against them, locked ones included. */
  readonly failingIdentitiesMax: number;
  /**
   * Bytes for the identities of challenges, results and failures, each counted once: about 30
   * bytes more than its length. They differ in length, so their number alone bounds nothing.
   */
  readonly identityBytesMax: number;
  /** Identities whose time permit shares are kept; about 1 KB each. */
  readonly permitIdentitiesMax: number;
  /** The time in milliseconds since the epoch. */
  readonly now: () => number;
}

/** The state of one RPS instance in its own memory: gone at its end, shared with nobody. */
export function createMemoryStore(options: MemoryStoreOptions): Store {
  return new MemoryStore(options);
}

class MemoryStore implements Store {
  readonly #now: () => number;
  readonly #registrations: ExpiringMap<Registration>;
  readonly #identities: Identities;
  readonly #challenges: Challenges;
  readonly #results: Results;
  readonly #permits: Permits;

  constructor(options: MemoryStoreOptions) {
    const { challengesMax, resultsMax, failingIdentitiesMax } = options;
    this.#now = options.now;
    this.#registrations = new ExpiringMap(options.registrationsMax);
    this.#identities = new Identities({
      holdersMax: challengesMax + resultsMax + failingIdentitiesMax,
      failingMax: failingIdentitiesMax,
      bytesMax: options.identityBytesMax,
    });
    this.#challenges = new Challenges(this.#identities, challengesMax);
    this.#results = new Results(this.#identities, resultsMax);
    this.#permits = new Permits(options.permitIdentitiesMax);
  }

  putRegistration(registration: Registration): void {
    const nowMs = this.#now();
    const { mpinId } = registration;
    const known = this.#liveRegistration(mpinId, nowMs);
    const confirmed = known !== undefined && known.activations > registration.activations;
    const entry = confirmed
      ? { ...registration, active: true, activations: known.activations }
      : registration;
    // Lives in whole seconds keep the number of different ones small.
    const lifeMs = 1000 * Math.ceil((registration.expiresAtMs - nowMs) / 1000);
    if (!this.#registrations.set(mpinId, entry, lifeMs, nowMs)) throw full('registrations');
  }

  registration(mpinId: string): Registration | undefined {
    return this.#liveRegistration(mpinId, this.#now());
  }

  activate(mpinId: string): boolean {
    return this.#updateRegistration(mpinId, (registration) => ({
      ...registration,
      active: true,
      activations: registration.activations + 1,
    }));
  }

  markIssued(mpinId: string): boolean {
    return this.#updateRegistration(mpinId, (registration) => ({ ...registration, issued: true }));
  }

  dropRegistration(mpinId: string, onlyIssued: boolean): void {
    if (onlyIssued && this.#liveRegistration(mpinId, this.#now())?.issued !== true) return;
    this.#registrations.delete(mpinId);
  }

  putChallenge(mpinId: string, challenge: Challenge, lifeMs: number): void {
    const identity = this.#hold(mpinId);
    try {
      const kept = this.#challenges.put(identity, challenge, lifeMs, this.#now());
      if (!kept) throw full('challenges');
    } finally {
      this.#identities.release(identity);
    }
  }

  challenges(mpinId: string): readonly Challenge[] {
    const identity = this.#identities.find(mpinId);
    return identity === NO_SLOT ? [] : this.#challenges.list(identity, this.#now());
  }

  settle(attempt: Attempt): Settlement {
    const { mpinId, authOTT, otp, resultLifeMs } = attempt;
    const nowMs = this.#now();
    // Before anything is decided: an attempt is counted only if its result can be kept.
    if (authOTT !== undefined) {
      assertKeepable(authOTT, otp);
      if (!this.#results.hasRoom(nowMs)) throw full('results');
    }
    const identity = this.#hold(mpinId);
    try {
      const status = this.#decide(identity, attempt, nowMs);
      if (status !== 'gone' && authOTT !== undefined) {
        this.#results.put(authOTT, { identity, status, otp }, resultLifeMs, nowMs);
      }
      return status;
    } finally {
      this.#identities.release(identity);
    }
  }

  takeResult(authOTT: string): LoginResult | undefined {
    return this.#results.take(authOTT, this.#now());
  }

  cachePermits(hashMpinId: string, permits: ReadonlyMap<number, string>): void {
    this.#permits.keep(hashMpinId, permits, this.#now());
  }

  cachedPermit(hashMpinId: string, day: number): string | undefined {
    return this.#permits.find(hashMpinId, day, this.#now());
  }

  sizes(): StoreSizes {
    return {
      registrations: this.#registrations.size,
      challenges: this.#challenges.size,
      results: this.#results.size,
      failingIdentities: this.#identities.failing,
      identityBytes: this.#identities.takenBytes,
    };
  }

  ping(): void {}

  close(): void {}

  /** The number of an identity, which its caller must release. */
  #hold(mpinId: string): number {
    const identity = this.#identities.hold(mpinId);
    if (identity === NO_SLOT) throw full('identities');
    return identity;
  }

  #decide(identity: number, { proof, failuresMax }: Attempt, nowMs: number): Settlement {
    const locked = this.#identities.failures(identity) >= failuresMax;
    if (!proof.proven) return this.#fail(identity, locked, failuresMax);
    const { challengeId } = proof;
    if (challengeId !== undefined && !this.#challenges.take(identity, challengeId, nowMs)) {
      return 'gone';
    }
    if (locked) return 410;
    this.#identities.forgetFailures(identity);
    return 200;
  }

  #fail(identity: number, locked: boolean, failuresMax: number): LoginStatus {
    const failures = locked ? failuresMax : this.#identities.fail(identity);
    if (failures === undefined) throw full('failure counters');
    this.#challenges.fail(identity);
    return failures >= failuresMax ? 410 : 401;
  }

  #updateRegistration(mpinId: string, change: (old: Registration) => Registration): boolean {
    const nowMs = this.#now();
    if (this.#liveRegistration(mpinId, nowMs) === undefined) return false;
    return this.#registrations.update(mpinId, change, nowMs);
  }

  /** The map ends a registration up to a second late, so its own time decides. */
  #liveRegistration(mpinId: string, nowMs: number): Registration | undefined {
    const entry = this.#registrations.get(mpinId, nowMs);
    return entry !== undefined && nowMs < entry.expiresAtMs ? entry : undefined;
  }
}

function full(kind: string): StoreError {
  return new StoreError('full', `the memory store has no room for more ${kind}`);
}
