import { hash } from 'node:crypto';
import type { LoginReport, Meeting, MeetingLogin, MobileResult, Progress } from '../meeting.js';
import type { CounterKind, FailureCounts, NonceKind, OneTimePassword } from '../once.js';
import {
  type Attempt,
  type Challenge,
  type LoginStatus,
  type Registration,
  type Settlement,
  type Store,
  type StoreError,
  type StoreSizes,
  statusOf,
  type TakenResult,
} from '../store.js';
import { checkEntries, TRIAL } from './check.js';
import { Commits } from './commits.js';
import { type CountName, Counts, countsIn, demandRoom } from './counts.js';
import { Engine, storeErrorOf } from './engine.js';
import { demandFormat } from './format.js';
import { Identities } from './identities.js';
import type { Kept } from './json.js';
import { JsonTable } from './json-table.js';
import { Meetings } from './meetings.js';
import { Counters, type LiveOtp, Otps } from './once.js';
import { Permits } from './permits.js';
import { Registrations } from './registrations.js';
import { assertKeepable, decodeResult, encodeResult, isToken } from './result-record.js';
import { livePayload, NEVER_MS, type Stored, Table } from './table.js';

/** What a ping writes after a fault: room for some hundred logins. */
const TRIAL_BYTES = 65_536;
const TRIAL_KEY = Buffer.from(TRIAL);

export interface FileStoreOptions {
  /** Path of the file; its folder is made if need be. */
  readonly file: string;
  /** Each answer waits until it is on the disk, so that a power loss is harmless. */
  readonly sync: boolean;
  /** Bytes of all entries; the file takes up to about twice as many. */
  readonly bytesMax: number;
  readonly registrationsMax: number;
  readonly challengesMax: number;
  readonly resultsMax: number;
  /** Identities with failures counted against them, locked ones included. */
  readonly failingIdentitiesMax: number;
  readonly permitIdentitiesMax: number;
  /** Meetings, and WIDs, results of mobiles and awaited reports, each. */
  readonly meetingsMax: number;
  readonly otpUsersMax: number;
  /** Nonces, and counters, each. */
  readonly noncesMax: number;
  readonly revocationsMax: number;
  /** The time in milliseconds since the epoch, the same for all that share the file. */
  readonly now: () => number;
  /** Told of the first transaction that fails, and again after a ping found all well. */
  readonly onFault?: (error: StoreError) => void;
}

/**
 * State that any number of processes of one machine share by a file, and that outlives them.
 * @throws Error in one line when the file cannot be used
 */
export function openFileStore(options: FileStoreOptions): FileStore {
  return new FileStore(options);
}

export class FileStore implements Store {
  readonly #options: FileStoreOptions;
  readonly #engine: Engine;
  readonly #counts: Counts;
  readonly #commits: Commits;
  readonly #identities: Identities;
  readonly #registrations: Registrations;
  readonly #results: Table;
  readonly #permits: Permits;
  readonly #meetings: Meetings;
  readonly #otps: Otps;
  readonly #nonces: Counters;
  readonly #counters: Counters;
  readonly #revoked: Table;
  /** Why a transaction has failed, until a ping finds that others can succeed. */
  #fault: StoreError | undefined;

  constructor(options: FileStoreOptions) {
    this.#options = options;
    const engine = new Engine(options);
    demandFormat(engine, options.file);
    const counts = new Counts(engine);
    this.#engine = engine;
    this.#counts = counts;
    this.#commits = new Commits(engine, options.file, {
      begun: () => counts.load(),
      ending: () => counts.save(),
      ended: (error) => this.#ended(error),
    });
    const table = (kind: string, counted: CountName): Table =>
      new Table({ records: engine, counts, kind, counted });
    const json = <T>(kind: string, counted: CountName, max: number): JsonTable<T> =>
      new JsonTable({ records: engine, counts, kind, counted, max, bytesMax: options.bytesMax });
    this.#counters = new Counters(json('K', 'counters', options.noncesMax));
    this.#nonces = new Counters(json('N', 'nonces', options.noncesMax));
    this.#otps = new Otps(json<readonly LiveOtp[]>('O', 'otps', options.otpUsersMax));
    this.#meetings = new Meetings(engine, counts, options);
    this.#revoked = table('X', 'revocations');
    this.#identities = new Identities(engine, counts, this.#counters, options);
    this.#registrations = new Registrations(engine, counts, options);
    this.#results = table('R', 'results');
    this.#permits = new Permits(engine, counts, options);
  }

  putRegistration(registration: Registration): Promise<void> {
    return this.#write((nowMs) => this.#registrations.put(registration, nowMs));
  }

  registration(mpinId: string): Registration | undefined {
    return this.#read(this.#registrations.keyOf(mpinId), (stored, nowMs) =>
      this.#registrations.registrationIn(stored, nowMs),
    );
  }

  activate(mpinId: string): Promise<boolean> {
    const activated = (registration: Registration): Registration => ({
      ...registration,
      active: true,
      activations: registration.activations + 1,
    });
    return this.#write((nowMs) => this.#registrations.update(mpinId, activated, nowMs));
  }

  markIssued(mpinId: string): Promise<boolean> {
    const issued = (registration: Registration): Registration => ({
      ...registration,
      issued: true,
    });
    return this.#write((nowMs) => this.#registrations.update(mpinId, issued, nowMs));
  }

  dropRegistration(mpinId: string, onlyIssued: boolean): Promise<void> {
    return this.#write((nowMs) => this.#registrations.drop(mpinId, onlyIssued, nowMs));
  }

  putChallenge(mpinId: string, challenge: Challenge, lifeMs: number): Promise<void> {
    return this.#write((nowMs) => {
      this.#identities.putChallenge(mpinId, challenge, lifeMs, nowMs);
    });
  }

  challenges(mpinId: string): readonly Challenge[] {
    return this.#read(this.#identities.keyOf(mpinId), (stored, nowMs) =>
      this.#identities.challengesIn(stored, nowMs),
    );
  }

  settle(attempt: Attempt): Promise<Settlement> {
    return this.#write((nowMs) => {
      // Before anything is decided: an attempt is counted only if its result can be kept.
      this.#demandRoomForResult(attempt, nowMs);
      const settled = this.#identities.settle(attempt, nowMs);
      if (settled !== 'gone') this.#freeze(attempt, statusOf(settled), nowMs);
      return settled;
    });
  }

  async takeResult(authOTT: string): Promise<TakenResult | undefined> {
    if (!isToken(authOTT)) return undefined;
    const key = this.#results.keyOf(Buffer.from(authOTT));
    return this.#write((nowMs) => {
      const stored = this.#results.get(key);
      if (stored === undefined) return undefined;
      this.#results.remove(key, stored);
      const payload = livePayload(stored, nowMs);
      const result = payload && decodeResult(payload);
      if (result?.status !== 200 || !this.#isRevoked(result.mpinId)) return result;
      return { ...result, revoked: true };
    });
  }

  cachePermits(hashMpinId: string, permits: ReadonlyMap<number, string>): Promise<void> {
    return this.#write((nowMs) => this.#permits.keep(hashMpinId, permits, nowMs));
  }

  cachedPermit(hashMpinId: string, day: number): string | undefined {
    return this.#read(this.#permits.keyOf(hashMpinId), (stored, nowMs) =>
      this.#permits.permitIn(stored, day, nowMs),
    );
  }

  sizes(): StoreSizes {
    const counts = countsIn((key) => this.#engine.fresh(key));
    const { bytes, permitIdentities: _, wids: __, mobileResults: ___, ...entries } = counts;
    const { reports: ____, ...shown } = entries;
    return { ...shown, entryBytes: bytes };
  }

  /**
   * Once a transaction has failed this rejects until there is room again for many of them: a full
   * disk lets small ones through now and then, by pages that others have left.
   */
  async ping(): Promise<void> {
    if (this.#fault === undefined) {
      this.sizes();
      return;
    }
    await this.#write(() => this.#engine.put(TRIAL_KEY, Buffer.alloc(TRIAL_BYTES)));
    await this.#write(() => this.#engine.remove(TRIAL_KEY));
    this.#fault = undefined;
  }

  async close(): Promise<void> {
    this.#meetings.stopWatching();
    this.#commits.close();
    await this.#engine.close();
  }

  putMeeting(meeting: Pick<Meeting, 'id' | 'prerollId'>, lifeMs: number): Promise<void> {
    return this.#write((nowMs) => this.#meetings.put(meeting, lifeMs, nowMs));
  }

  claimWid(wid: string, meetingId: string, lifeMs: number): Promise<boolean> {
    return this.#write((nowMs) => this.#meetings.claimWid(wid, meetingId, lifeMs, nowMs));
  }

  meetingOfWid(wid: string): string | undefined {
    return this.#guarded((nowMs) => this.#meetings.ofWid(wid, nowMs));
  }

  meeting(id: string): Meeting | undefined {
    return this.#guarded((nowMs) => this.#meetings.read(id, nowMs));
  }

  noteProgress(id: string, progress: Progress, userId: string): Promise<boolean> {
    return this.#write((nowMs) => this.#meetings.noteProgress(id, progress, userId, nowMs));
  }

  takeMobileResult(authOTT: string): Promise<MobileResult | undefined> {
    return this.#write((nowMs) => this.#meetings.takeResult(authOTT, nowMs));
  }

  meetingOfLogin(authOTT: string): string | undefined {
    return this.#guarded((nowMs) => this.#meetings.ofLogin(authOTT, nowMs));
  }

  bindLogin(id: string, login: MeetingLogin, lifeMs: number): Promise<boolean> {
    return this.#write((nowMs) => this.#meetings.bind(id, login, lifeMs, nowMs));
  }

  takeLogin(id: string, authOTT: string, report: LoginReport): Promise<MeetingLogin | undefined> {
    return this.#write((nowMs) => this.#meetings.takeLogin(id, authOTT, report, nowMs));
  }

  reportLogin(id: string, authOTT: string, report: LoginReport): Promise<boolean> {
    return this.#write((nowMs) => this.#meetings.report(id, authOTT, report, nowMs));
  }

  watchMeeting(id: string, changed: () => void): () => void {
    return this.#guarded(() => this.#meetings.watch(id, changed));
  }

  awaitReport(authOTT: string, lifeMs: number): Promise<void> {
    return this.#write((nowMs) => this.#meetings.awaitReport(authOTT, lifeMs, nowMs));
  }

  takeReport(authOTT: string): Promise<boolean> {
    return this.#write((nowMs) => this.#meetings.takeReport(authOTT, nowMs));
  }

  putOtp(user: string, password: OneTimePassword, lifeMs: number): Promise<void> {
    return this.#write((nowMs) => this.#otps.put(user, password, lifeMs, nowMs));
  }

  takeOtp(user: string, otp: string): Promise<string | undefined> {
    return this.#write((nowMs) => this.#otps.take(user, otp, nowMs));
  }

  takeNonce(kind: NonceKind, nonce: string, lifeMs: number): Promise<boolean> {
    return this.#write((nowMs) => this.#nonces.count(`${kind} ${nonce}`, lifeMs, nowMs) === 1);
  }

  countEvent(kind: CounterKind, key: string, windowMs: number): Promise<number> {
    return this.#write((nowMs) => this.#counters.count(`${kind} ${key}`, windowMs, nowMs));
  }

  failures(mpinId: string): FailureCounts {
    return this.#read(this.#identities.keyOf(mpinId), (stored) =>
      this.#identities.failureCountsIn(stored),
    );
  }

  unlock(mpinId: string): Promise<boolean> {
    return this.#write((nowMs) => this.#identities.unlock(mpinId, nowMs));
  }

  setRevoked(mpinId: string, revoked: boolean): Promise<boolean> {
    return this.#write(() => this.#setRevoked(hashOf(mpinId), revoked));
  }

  revoked(mpinId: string): boolean {
    return this.#read(this.#revoked.keyOf(hashOf(mpinId)), (stored) => stored !== undefined);
  }

  /** What is worth keeping elsewhere, as it is at this moment. */
  kept(): Kept {
    const entries = () => this.#engine.entries();
    const nowMs = this.#options.now();
    return {
      failures: this.#identities.failuresIn(entries()),
      revoked: this.#revokedIn(entries()),
      registrations: this.#registrations.allIn(entries(), nowMs),
    };
  }

  /**
   * Adds what was kept: failures where there are fewer, revocations, registrations that live and
   * are not there. Resolves with how many of each are there now because of it.
   */
  async restore({ failures, revoked, registrations }: Kept): Promise<{
    failures: number;
    revoked: number;
    registrations: number;
  }> {
    const added = { failures: 0, revoked: 0, registrations: 0 };
    for (const [identity, counts] of failures) {
      const raised = await this.#write((nowMs) =>
        this.#identities.raiseFailures(Buffer.from(identity, 'hex'), counts, nowMs),
      );
      added.failures += Number(raised);
    }
    for (const identity of revoked) {
      const hash = Buffer.from(identity, 'hex');
      added.revoked += Number(await this.#write(() => this.#setRevoked(hash, true)));
    }
    for (const registration of registrations) {
      if (registration.expiresAtMs <= this.#options.now()) continue;
      if (this.registration(registration.mpinId) !== undefined) continue;
      await this.putRegistration(registration);
      added.registrations += 1;
    }
    return added;
  }

  /** Reads everything. @throws Error that says in a few words what is wrong */
  check(): void {
    checkEntries(this.#engine.entries());
  }

  /** A step of the next transaction, whose failure is a StoreError. */
  #write<T>(step: (nowMs: number) => T): Promise<T> {
    return this.#commits.run(() => step(this.#options.now()));
  }

  /** Reads lie in memory, mostly: they are answered at once. */
  #read<T>(key: Buffer, read: (stored: Stored | undefined, nowMs: number) => T): T {
    return this.#guarded((nowMs) => read(this.#engine.fresh(key), nowMs));
  }

  #guarded<T>(read: (nowMs: number) => T): T {
    try {
      return read(this.#options.now());
    } catch (error) {
      throw storeErrorOf(error, this.#options.file);
    }
  }

  #demandRoomForResult({ authOTT, meetingId, otp }: Attempt, nowMs: number): void {
    if (authOTT === undefined) return;
    assertKeepable(authOTT, otp);
    if (meetingId !== undefined) {
      this.#meetings.demandRoomForResult(nowMs);
      return;
    }
    this.#results.clearSome(nowMs);
    const { resultsMax, bytesMax } = this.#options;
    demandRoom(this.#counts, { results: resultsMax, bytes: bytesMax });
  }

  #freeze(attempt: Attempt, status: LoginStatus, nowMs: number): void {
    const { mpinId, authOTT, meetingId, otp, resultLifeMs } = attempt;
    if (authOTT === undefined) return;
    const result = { status, mpinId, ...(otp === undefined ? {} : { otp }) };
    if (meetingId !== undefined) {
      this.#meetings.putResult(authOTT, { ...result, meetingId }, resultLifeMs, nowMs);
      return;
    }
    const key = this.#results.keyOf(Buffer.from(authOTT));
    const endsMs = Math.ceil(nowMs + resultLifeMs);
    this.#results.put(key, encodeResult(result), endsMs, this.#results.get(key));
  }

  /** Within a transaction. */
  #isRevoked(mpinId: string): boolean {
    return this.#revoked.get(this.#revoked.keyOf(hashOf(mpinId))) !== undefined;
  }

  #setRevoked(identity: Buffer, revoked: boolean): boolean {
    const key = this.#revoked.keyOf(identity);
    const stored = this.#revoked.get(key);
    if ((stored !== undefined) === revoked) return false;
    if (stored !== undefined) {
      this.#revoked.remove(key, stored);
      return true;
    }
    const { revocationsMax, bytesMax } = this.#options;
    demandRoom(this.#counts, { revocations: revocationsMax, bytes: bytesMax });
    this.#revoked.put(key, Buffer.from('true'), NEVER_MS, undefined);
    return true;
  }

  *#revokedIn(entries: Iterable<{ key: Buffer; value: Stored }>): Generator<string> {
    for (const { key } of entries) {
      if (this.#revoked.isKey(key)) yield key.toString('hex', 1);
    }
  }

  #ended(error: StoreError | undefined): void {
    if (error === undefined) return;
    if (this.#fault === undefined) this.#options.onFault?.(error);
    this.#fault = error;
  }
}

function hashOf(mpinId: string): Buffer {
  return hash('sha256', Buffer.from(mpinId, 'hex'), 'buffer');
}
