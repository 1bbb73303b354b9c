import type { LoginReport, Meeting, MeetingLogin, MobileResult, Progress } from '../meeting.js';
import type { CounterKind, FailureCounts, NonceKind, OneTimePassword } from '../once.js';
import {
  type Attempt,
  type Challenge,
  type LoginStatus,
  type Registration,
  type Settlement,
  type Store,
  StoreError,
  type StoreSizes,
  statusOf,
  type TakenResult,
} from '../store.js';
import { Challenges } from './challenges.js';
import { ExpiringMap } from './expiring-map.js';
import { Identities } from './identities.js';
import { NO_SLOT } from './lifetimes.js';
import { Meetings } from './meetings.js';
import { Counters, Otps } from './once.js';
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
  /** Meetings of browsers and mobiles; about 1 KB each with their results. */
  readonly meetingsMax: number;
  /** People with live one-time passwords; about 300 bytes each. */
  readonly otpUsersMax: number;
  /** Nonces not to be taken again, and as many counters of events; about 200 bytes each. */
  readonly noncesMax: number;
  /** Revoked identities, which never end; about 300 bytes each. */
  readonly revocationsMax: number;
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
  readonly #meetings: Meetings;
  readonly #otps: Otps;
  readonly #nonces: Counters;
  readonly #counters: Counters;
  readonly #revoked = new Set<string>();
  readonly #revocationsMax: number;

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
    this.#meetings = new Meetings(options.meetingsMax);
    this.#otps = new Otps(options.otpUsersMax);
    this.#nonces = new Counters(options.noncesMax);
    this.#counters = new Counters(options.noncesMax);
    this.#revocationsMax = options.revocationsMax;
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
    const { mpinId } = attempt;
    const nowMs = this.#now();
    // Before anything is decided: an attempt is counted only if its result can be kept.
    this.#demandRoom(attempt, nowMs);
    const identity = this.#hold(mpinId);
    try {
      const settled = this.#decide(identity, attempt, nowMs);
      if (settled !== 'gone') this.#freeze(identity, attempt, statusOf(settled), nowMs);
      return settled;
    } finally {
      this.#identities.release(identity);
    }
  }

  takeResult(authOTT: string): TakenResult | undefined {
    const result = this.#results.take(authOTT, this.#now());
    if (result?.status !== 200 || !this.revoked(result.mpinId)) return result;
    return { ...result, revoked: true };
  }

  cachePermits(hashMpinId: string, permits: ReadonlyMap<number, string>): void {
    this.#permits.keep(hashMpinId, permits, this.#now());
  }

  cachedPermit(hashMpinId: string, day: number): string | undefined {
    return this.#permits.find(hashMpinId, day, this.#now());
  }

  putMeeting(meeting: Pick<Meeting, 'id' | 'prerollId'>, lifeMs: number): void {
    if (!this.#meetings.put(meeting, lifeMs, this.#now())) throw full('meetings');
  }

  claimWid(wid: string, meetingId: string, lifeMs: number): boolean {
    const claimed = this.#meetings.claimWid(wid, meetingId, lifeMs, this.#now());
    if (claimed === undefined) throw full('meetings');
    return claimed;
  }

  meetingOfWid(wid: string): string | undefined {
    return this.#meetings.ofWid(wid, this.#now());
  }

  meeting(id: string): Meeting | undefined {
    return this.#meetings.get(id, this.#now());
  }

  noteProgress(id: string, progress: Progress, userId: string): boolean {
    return this.#meetings.noteProgress(id, progress, userId, this.#now());
  }

  takeMobileResult(authOTT: string): MobileResult | undefined {
    return this.#meetings.takeResult(authOTT, this.#now());
  }

  meetingOfLogin(authOTT: string): string | undefined {
    return this.#meetings.ofLogin(authOTT, this.#now());
  }

  bindLogin(id: string, login: MeetingLogin, lifeMs: number): boolean {
    return this.#meetings.bind(id, login, lifeMs, this.#now());
  }

  takeLogin(id: string, authOTT: string, report: LoginReport): MeetingLogin | undefined {
    return this.#meetings.takeLogin(id, authOTT, report, this.#now());
  }

  reportLogin(id: string, authOTT: string, report: LoginReport): boolean {
    return this.#meetings.report(id, authOTT, report, this.#now());
  }

  watchMeeting(id: string, changed: () => void): () => void {
    return this.#meetings.watch(id, changed);
  }

  awaitReport(authOTT: string, lifeMs: number): void {
    if (!this.#meetings.awaitReport(authOTT, lifeMs, this.#now())) throw full('reports');
  }

  takeReport(authOTT: string): boolean {
    return this.#meetings.takeReport(authOTT, this.#now());
  }

  putOtp(user: string, password: OneTimePassword, lifeMs: number): void {
    if (!this.#otps.put(user, password, lifeMs, this.#now())) throw full('one-time passwords');
  }

  takeOtp(user: string, otp: string): string | undefined {
    return this.#otps.take(user, otp, this.#now());
  }

  takeNonce(kind: NonceKind, nonce: string, lifeMs: number): boolean {
    const count = this.#nonces.count(`${kind} ${nonce}`, lifeMs, this.#now());
    if (count === undefined) throw full('nonces');
    return count === 1;
  }

  countEvent(kind: CounterKind, key: string, windowMs: number): number {
    const count = this.#counters.count(`${kind} ${key}`, windowMs, this.#now());
    if (count === undefined) throw full('counters');
    return count;
  }

  failures(mpinId: string): FailureCounts {
    const identity = this.#identities.find(mpinId);
    if (identity === NO_SLOT) return { failures: 0, others: 0 };
    return {
      failures: this.#identities.failures(identity),
      others: this.#identities.otherFailures(identity),
    };
  }

  unlock(mpinId: string): boolean {
    const { failures, others } = this.failures(mpinId);
    this.#counters.forget(windowOf(mpinId));
    if (failures === 0 && others === 0) return false;
    this.#identities.forgetFailures(this.#identities.find(mpinId));
    return true;
  }

  setRevoked(mpinId: string, revoked: boolean): boolean {
    if (!revoked) return this.#revoked.delete(mpinId);
    if (this.#revoked.has(mpinId)) return false;
    if (this.#revoked.size >= this.#revocationsMax) throw full('revocations');
    this.#revoked.add(mpinId);
    return true;
  }

  revoked(mpinId: string): boolean {
    // Mostly there are none, and a text is hashed before it is looked up.
    return this.#revoked.size > 0 && this.#revoked.has(mpinId);
  }

  sizes(): StoreSizes {
    return {
      registrations: this.#registrations.size,
      challenges: this.#challenges.size,
      results: this.#results.size,
      meetings: this.#meetings.size,
      otps: this.#otps.size,
      nonces: this.#nonces.size,
      counters: this.#counters.size,
      revocations: this.#revoked.size,
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

  #demandRoom({ authOTT, meetingId, otp }: Attempt, nowMs: number): void {
    if (authOTT === undefined) return;
    assertKeepable(authOTT, otp);
    const kind = meetingId === undefined ? this.#results : this.#meetings;
    if (!kind.hasRoomForResult(nowMs)) throw full('results');
  }

  #freeze(identity: number, attempt: Attempt, status: LoginStatus, nowMs: number): void {
    const { mpinId, authOTT, meetingId, otp, resultLifeMs } = attempt;
    if (authOTT === undefined) return;
    if (meetingId === undefined) {
      this.#results.put(authOTT, { identity, status, otp }, resultLifeMs, nowMs);
    } else {
      const result = { mpinId, status, meetingId, ...(otp === undefined ? {} : { otp }) };
      this.#meetings.putResult(authOTT, result, resultLifeMs, nowMs);
    }
  }

  #decide(identity: number, attempt: Attempt, nowMs: number): Settlement {
    const { mpinId, proof, failuresMax = Number.POSITIVE_INFINITY, otherFailures } = attempt;
    const locked = this.#identities.failures(identity) >= failuresMax;
    const bounded =
      otherFailures !== undefined &&
      (this.#identities.otherFailures(identity) >= otherFailures.inAll ||
        this.#counters.get(windowOf(mpinId), nowMs) >= otherFailures.perWindow);
    if (!proof.proven) {
      const settled = locked ? 410 : bounded ? 401 : this.#fail(identity, attempt, nowMs);
      this.#challenges.fail(identity);
      return settled;
    }
    const { challengeId } = proof;
    if (challengeId !== undefined && !this.#challenges.take(identity, challengeId, nowMs)) {
      return 'gone';
    }
    if (locked) return 410;
    if (bounded) return 401;
    this.#identities.forgetFailures(identity);
    return 200;
  }

  /** Counts a failure of an identity that is at none of its bounds. */
  #fail(identity: number, attempt: Attempt, nowMs: number): 401 | 'locks' {
    const { mpinId, proof, failuresMax, otherFailures } = attempt;
    if (failuresMax === undefined) return 401;
    const window = windowOf(mpinId);
    const other = otherFailures !== undefined && !(proof.proven === false && proof.pinError);
    if (other && !this.#counters.hasRoom(window, nowMs)) throw full('counters');
    const failures = other ? this.#identities.failOther(identity) : this.#identities.fail(identity);
    if (failures === undefined) throw full('failure counters');
    if (!other) return failures >= failuresMax ? 'locks' : 401;
    this.#counters.count(window, otherFailures.windowMs, nowMs);
    return 401;
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

/** The counter of failures that lock nothing. */
function windowOf(mpinId: string): string {
  return `other-failure ${mpinId}`;
}

function full(kind: string): StoreError {
  return new StoreError('full', `the memory store has no room for more ${kind}`);
}
