import {
  type Attempt,
  type Challenge,
  type LoginResult,
  type LoginStatus,
  type Registration,
  type Settlement,
  type Store,
  StoreError,
} from '../store.js';
import { Challenges } from './challenges.js';
import { ExpiringMap } from './expiring-map.js';
import { Permits } from './permits.js';
import { Results } from './results.js';

/** Most entries of each kind. A full kind answers StoreError 'full'; permits forget the oldest. */
export interface MemoryStoreOptions {
  /** Registrations under way; about 1 KB each. */
  readonly registrationsMax: number;
  /** Live challenges of all identities; about 0.5 KB each. */
  readonly challengesMax: number;
  /** Login results not yet taken; about 0.3 KB each. */
  readonly resultsMax: number;
  /** Identities with failures counted against them, locked ones included; about 0.2 KB each. */
  readonly failingIdentitiesMax: number;
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
  readonly #challenges: Challenges;
  readonly #results: Results;
  readonly #permits: Permits;
  /** Failures by identity. They never expire: only a right PIN clears them (contract §13, 9). */
  readonly #failures = new Map<string, number>();
  readonly #failingIdentitiesMax: number;

  constructor(options: MemoryStoreOptions) {
    this.#now = options.now;
    this.#registrations = new ExpiringMap(options.registrationsMax);
    this.#challenges = new Challenges(options.challengesMax);
    this.#results = new Results(options.resultsMax);
    this.#permits = new Permits(options.permitIdentitiesMax);
    this.#failingIdentitiesMax = options.failingIdentitiesMax;
  }

  async putRegistration(registration: Registration): Promise<void> {
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

  async registration(mpinId: string): Promise<Registration | undefined> {
    return this.#liveRegistration(mpinId, this.#now());
  }

  async activate(mpinId: string): Promise<boolean> {
    return this.#updateRegistration(mpinId, (registration) => ({
      ...registration,
      active: true,
      activations: registration.activations + 1,
    }));
  }

  async markIssued(mpinId: string): Promise<boolean> {
    return this.#updateRegistration(mpinId, (registration) => ({ ...registration, issued: true }));
  }

  async dropRegistration(mpinId: string, onlyIssued: boolean): Promise<void> {
    if (onlyIssued && this.#liveRegistration(mpinId, this.#now())?.issued !== true) return;
    this.#registrations.delete(mpinId);
  }

  async putChallenge(mpinId: string, challenge: Challenge, lifeMs: number): Promise<void> {
    const kept = this.#challenges.put(keyOf(mpinId), challenge, lifeMs, this.#now());
    if (!kept) throw full('challenges');
  }

  async challenges(mpinId: string): Promise<readonly Challenge[]> {
    return this.#challenges.list(keyOf(mpinId), this.#now());
  }

  async settle(attempt: Attempt): Promise<Settlement> {
    const { mpinId, authOTT, otp } = attempt;
    const nowMs = this.#now();
    // Before anything is decided: an attempt is counted only if its result can be kept.
    if (authOTT !== undefined && !this.#results.hasRoom(nowMs)) throw full('results');
    const status = this.#decide(keyOf(mpinId), attempt, nowMs);
    if (status !== 'gone' && authOTT !== undefined) {
      const result = otp === undefined ? { status, mpinId } : { status, mpinId, otp };
      this.#results.put(authOTT, result, attempt.resultLifeMs, nowMs);
    }
    return status;
  }

  async takeResult(authOTT: string): Promise<LoginResult | undefined> {
    return this.#results.take(authOTT, this.#now());
  }

  async cachePermits(hashMpinId: string, permits: ReadonlyMap<number, string>): Promise<void> {
    this.#permits.keep(hashMpinId, permits, this.#now());
  }

  async cachedPermit(hashMpinId: string, day: number): Promise<string | undefined> {
    return this.#permits.find(hashMpinId, day, this.#now());
  }

  async close(): Promise<void> {}

  #decide(identity: string, { proof, failuresMax }: Attempt, nowMs: number): Settlement {
    const failures = this.#failures.get(identity) ?? 0;
    const locked = failures >= failuresMax;
    if (!proof.proven) return locked ? 410 : this.#fail(identity, failures + 1, failuresMax);
    const { challengeId } = proof;
    if (challengeId !== undefined && !this.#challenges.take(identity, challengeId, nowMs)) {
      return 'gone';
    }
    if (locked) return 410;
    this.#failures.delete(identity);
    return 200;
  }

  #fail(identity: string, failures: number, failuresMax: number): LoginStatus {
    const isNew = failures === 1;
    if (isNew && this.#failures.size >= this.#failingIdentitiesMax) throw full('failure counters');
    this.#failures.set(identity, failures);
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

/** An identity as bytes in a string: half the size of its hex, and still a key for a Map. */
function keyOf(mpinId: string): string {
  return Buffer.from(mpinId, 'hex').toString('latin1');
}

function full(kind: string): StoreError {
  return new StoreError('full', `the memory store has no room for more ${kind}`);
}
