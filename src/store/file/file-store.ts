import { hash } from 'node:crypto';
import type {
  Attempt,
  Challenge,
  LoginResult,
  Registration,
  Settlement,
  Store,
  StoreError,
  StoreSizes,
} from '../store.js';
import { checkEntries, TRIAL } from './check.js';
import { Commits } from './commits.js';
import { type CountName, Counts, countsIn, demandRoom } from './counts.js';
import { Engine, storeErrorOf } from './engine.js';
import { demandFormat } from './format.js';
import { Identities } from './identities.js';
import type { Kept } from './json.js';
import { decodePermits, encodePermits } from './permit-record.js';
import { assertKeepable, decodeResult, encodeResult, isToken } from './result-record.js';
import { livePayload, type Stored, Table } from './table.js';

const DAY_MS = 86_400_000;
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
  readonly #registrations: Table;
  readonly #results: Table;
  readonly #permits: Table;
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
    this.#identities = new Identities(engine, counts, options);
    this.#registrations = table('G', 'registrations');
    this.#results = table('R', 'results');
    this.#permits = table('P', 'permitIdentities');
  }

  putRegistration(registration: Registration): Promise<void> {
    const { registrationsMax, bytesMax } = this.#options;
    const key = this.#registrations.keyOf(hashOf(registration.mpinId));
    return this.#write((nowMs) => {
      this.#registrations.clearSome(nowMs);
      const before = this.#registrations.get(key);
      if (before === undefined) {
        demandRoom(this.#counts, { registrations: registrationsMax, bytes: bytesMax });
      }
      const known = registrationIn(before, nowMs);
      const confirmed = known !== undefined && known.activations > registration.activations;
      const entry = confirmed
        ? { ...registration, active: true, activations: known.activations }
        : registration;
      this.#putRegistration(key, entry, before);
    });
  }

  registration(mpinId: string): Registration | undefined {
    const key = this.#registrations.keyOf(hashOf(mpinId));
    return this.#read(key, registrationIn);
  }

  activate(mpinId: string): Promise<boolean> {
    return this.#updateRegistration(mpinId, (registration) => ({
      ...registration,
      active: true,
      activations: registration.activations + 1,
    }));
  }

  markIssued(mpinId: string): Promise<boolean> {
    return this.#updateRegistration(mpinId, (registration) => ({ ...registration, issued: true }));
  }

  dropRegistration(mpinId: string, onlyIssued: boolean): Promise<void> {
    const key = this.#registrations.keyOf(hashOf(mpinId));
    return this.#write((nowMs) => {
      const stored = this.#registrations.get(key);
      if (stored === undefined) return;
      if (onlyIssued && registrationIn(stored, nowMs)?.issued !== true) return;
      this.#registrations.remove(key, stored);
    });
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
    const { mpinId, authOTT, otp, resultLifeMs } = attempt;
    return this.#write((nowMs) => {
      // Before anything is decided: an attempt is counted only if its result can be kept.
      if (authOTT !== undefined) this.#demandResult(authOTT, otp, nowMs);
      const status = this.#identities.settle(attempt, nowMs);
      if (status === 'gone' || authOTT === undefined) return status;
      const key = this.#results.keyOf(Buffer.from(authOTT));
      const payload = encodeResult({ status, mpinId, ...(otp === undefined ? {} : { otp }) });
      const endsMs = Math.ceil(nowMs + resultLifeMs);
      this.#results.put(key, payload, endsMs, this.#results.get(key));
      return status;
    });
  }

  async takeResult(authOTT: string): Promise<LoginResult | undefined> {
    if (!isToken(authOTT)) return undefined;
    const key = this.#results.keyOf(Buffer.from(authOTT));
    return this.#write((nowMs) => {
      const stored = this.#results.get(key);
      if (stored === undefined) return undefined;
      this.#results.remove(key, stored);
      const payload = livePayload(stored, nowMs);
      return payload && decodeResult(payload);
    });
  }

  cachePermits(hashMpinId: string, permits: ReadonlyMap<number, string>): Promise<void> {
    const key = this.#permits.keyOf(Buffer.from(hashMpinId, 'hex'));
    return this.#write((nowMs) => {
      this.#permits.clearSome(nowMs);
      const before = this.#permits.get(key);
      const today = Math.floor(nowMs / DAY_MS);
      const all = [...permitsIn(before, nowMs), ...permits].filter(([day]) => day >= today);
      const lastDay = Math.max(...all.map(([day]) => day));
      if (all.length === 0 || (before === undefined && !this.#makeRoomForPermits())) return;
      const payload = encodePermits(new Map(all));
      this.#permits.put(key, payload, (lastDay + 1) * DAY_MS, before);
    });
  }

  cachedPermit(hashMpinId: string, day: number): string | undefined {
    const key = this.#permits.keyOf(Buffer.from(hashMpinId, 'hex'));
    return this.#read(key, (stored, nowMs) => {
      const isOver = day < Math.floor(nowMs / DAY_MS);
      return isOver ? undefined : permitsIn(stored, nowMs).get(day);
    });
  }

  sizes(): StoreSizes {
    const counts = countsIn((key) => this.#engine.fresh(key));
    const { bytes, permitIdentities: _, ...entries } = counts;
    return { ...entries, entryBytes: bytes };
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
    this.#commits.close();
    await this.#engine.close();
  }

  /** What is worth keeping elsewhere, as it is at this moment. */
  kept(): Kept {
    const entries = () => this.#engine.entries();
    const nowMs = this.#options.now();
    return {
      failures: this.#identities.failuresIn(entries()),
      registrations: this.#registrationsIn(entries(), nowMs),
    };
  }

  /**
   * Adds what was kept: failures where there are fewer, registrations that live and are not there.
   * Resolves with how many of each are there now because of it.
   */
  async restore({ failures, registrations }: Kept): Promise<{
    failures: number;
    registrations: number;
  }> {
    const added = { failures: 0, registrations: 0 };
    for (const [identity, count] of failures) {
      const raised = await this.#write((nowMs) =>
        this.#identities.raiseFailures(Buffer.from(identity, 'hex'), count, nowMs),
      );
      added.failures += Number(raised);
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
    let stored: Stored | undefined;
    try {
      stored = this.#engine.fresh(key);
    } catch (error) {
      throw storeErrorOf(error, this.#options.file);
    }
    return read(stored, this.#options.now());
  }

  #demandResult(authOTT: string, otp: string | undefined, nowMs: number): void {
    assertKeepable(authOTT, otp);
    this.#results.clearSome(nowMs);
    const { resultsMax, bytesMax } = this.#options;
    demandRoom(this.#counts, { results: resultsMax, bytes: bytesMax });
  }

  #makeRoomForPermits(): boolean {
    const { permitIdentitiesMax, bytesMax } = this.#options;
    if (this.#counts.get('bytes') >= bytesMax) return false;
    const isFull = this.#counts.get('permitIdentities') >= permitIdentitiesMax;
    return !isFull || this.#permits.removeFirstToEnd();
  }

  *#registrationsIn(
    entries: Iterable<{ key: Buffer; value: Stored }>,
    nowMs: number,
  ): Generator<Registration> {
    for (const { key, value } of entries) {
      if (!this.#registrations.isKey(key)) continue;
      const registration = registrationIn(value, nowMs);
      if (registration !== undefined) yield registration;
    }
  }

  #putRegistration(key: Buffer, registration: Registration, before: Stored | undefined): void {
    const payload = Buffer.from(JSON.stringify(registration));
    this.#registrations.put(key, payload, Math.ceil(registration.expiresAtMs), before);
  }

  #updateRegistration(
    mpinId: string,
    change: (old: Registration) => Registration,
  ): Promise<boolean> {
    const key = this.#registrations.keyOf(hashOf(mpinId));
    return this.#write((nowMs) => {
      const stored = this.#registrations.get(key);
      const known = registrationIn(stored, nowMs);
      if (known === undefined) return false;
      this.#putRegistration(key, change(known), stored);
      return true;
    });
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

function registrationIn(stored: Stored | undefined, nowMs: number): Registration | undefined {
  const payload = livePayload(stored, nowMs);
  return payload && (JSON.parse(payload.toString()) as Registration);
}

function permitsIn(stored: Stored | undefined, nowMs: number): Map<number, string> {
  const payload = livePayload(stored, nowMs);
  return payload === undefined ? new Map() : decodePermits(payload);
}
