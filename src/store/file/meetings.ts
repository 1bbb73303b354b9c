/** Meetings, what leads to them, and who waits for them. */
import {
  type LoginReport,
  loginReported,
  loginTaken,
  type Meeting,
  type MeetingLogin,
  type MeetingStep,
  type MobileResult,
  type Progress,
  progressNoted,
} from '../meeting.js';
import type { CountName, Counts } from './counts.js';
import type { Engine } from './engine.js';
import { JsonTable } from './json-table.js';

/** Between two looks for what other processes did to meetings that are watched, in milliseconds. */
const LOOK_MS = 100;

interface KeptResult extends MobileResult {
  /** The mobile has presented it. */
  readonly taken: boolean;
}

export interface MeetingLimits {
  /** Most of each kind: meetings, WIDs, results under WIDs, reports that are awaited. */
  readonly meetingsMax: number;
  readonly bytesMax: number;
}

interface Watch {
  readonly key: Buffer;
  readonly changed: () => void;
  seen: Buffer | undefined;
}

/** What has no `nowMs` may be called at any time, all else within a transaction. */
export class Meetings {
  readonly #engine: Engine;
  readonly #meetings: JsonTable<Meeting>;
  readonly #wids: JsonTable<string>;
  readonly #results: JsonTable<KeptResult>;
  readonly #reports: JsonTable<true>;
  readonly #watches = new Set<Watch>();
  #looks: NodeJS.Timeout | undefined;

  constructor(engine: Engine, counts: Counts, { meetingsMax: max, bytesMax }: MeetingLimits) {
    this.#engine = engine;
    const table = <T>(kind: string, counted: CountName) =>
      new JsonTable<T>({ records: engine, counts, kind, counted, max, bytesMax });
    this.#meetings = table('M', 'meetings');
    this.#wids = table('W', 'wids');
    this.#results = table('S', 'mobileResults');
    this.#reports = table('Q', 'reports');
  }

  put({ id, prerollId }: Pick<Meeting, 'id' | 'prerollId'>, lifeMs: number, nowMs: number): void {
    this.#meetings.demandRoom(nowMs);
    const fresh: Meeting = { id, prerollId, progress: 'new', userId: '', taken: false };
    this.#meetings.put(id, fresh, nowMs + lifeMs);
  }

  claimWid(wid: string, id: string, lifeMs: number, nowMs: number): boolean {
    if (this.#wids.get(wid, nowMs) !== undefined) return false;
    this.#wids.demandRoom(nowMs);
    this.#wids.put(wid, id, nowMs + lifeMs);
    return true;
  }

  ofWid(wid: string, atMs: number): string | undefined {
    return this.#wids.valueIn(this.#engine.fresh(this.#wids.keyOf(wid)), atMs);
  }

  read(id: string, atMs: number): Meeting | undefined {
    return this.#meetings.valueIn(this.#engine.fresh(this.#meetings.keyOf(id)), atMs);
  }

  noteProgress(id: string, progress: Progress, userId: string, nowMs: number): boolean {
    return this.#change(id, nowMs, progressNoted(progress, userId));
  }

  demandRoomForResult(nowMs: number): void {
    this.#results.demandRoom(nowMs);
  }

  putResult(authOTT: string, result: MobileResult, lifeMs: number, nowMs: number): void {
    this.#results.put(authOTT, { ...result, taken: false }, nowMs + lifeMs);
  }

  takeResult(authOTT: string, nowMs: number): MobileResult | undefined {
    const kept = this.#results.get(authOTT, nowMs);
    if (kept === undefined || kept.taken) return undefined;
    this.#results.update(authOTT, { ...kept, taken: true });
    const { taken: _, ...result } = kept;
    return result;
  }

  ofLogin(authOTT: string, atMs: number): string | undefined {
    const stored = this.#engine.fresh(this.#results.keyOf(authOTT));
    const kept = this.#results.valueIn(stored, atMs);
    return kept?.taken === true ? kept.meetingId : undefined;
  }

  bind(id: string, login: MeetingLogin, lifeMs: number, nowMs: number): boolean {
    const endsMs = Math.max(nowMs + lifeMs, this.#meetings.endOf(id));
    const bound = this.#change(id, nowMs, (meeting) =>
      meeting.login === undefined ? { login } : undefined,
    );
    if (bound) this.#meetings.put(id, this.#meetings.get(id, nowMs) as Meeting, endsMs);
    return bound;
  }

  takeLogin(
    id: string,
    authOTT: string,
    report: LoginReport,
    nowMs: number,
  ): MeetingLogin | undefined {
    const login = this.#meetings.get(id, nowMs)?.login;
    const taken = this.#change(id, nowMs, loginTaken(authOTT, report));
    return taken ? login : undefined;
  }

  report(id: string, authOTT: string, report: LoginReport, nowMs: number): boolean {
    return this.#change(id, nowMs, loginReported(authOTT, report));
  }

  awaitReport(authOTT: string, lifeMs: number, nowMs: number): void {
    this.#reports.demandRoom(nowMs);
    this.#reports.put(authOTT, true, nowMs + lifeMs);
  }

  takeReport(authOTT: string, nowMs: number): boolean {
    const awaited = this.#reports.get(authOTT, nowMs) !== undefined;
    this.#reports.remove(authOTT);
    return awaited;
  }

  /**
   * Other processes leave no word, so what is watched is looked at from time to time: a read in
   * memory. Watching the file itself would wake everyone for every login.
   */
  watch(id: string, changed: () => void): () => void {
    const key = this.#meetings.keyOf(id);
    const watch: Watch = { key, changed, seen: this.#engine.fresh(key) };
    this.#watches.add(watch);
    this.#looks ??= setInterval(this.#look, LOOK_MS).unref();
    return () => {
      this.#watches.delete(watch);
      if (this.#watches.size === 0) this.stopWatching();
    };
  }

  stopWatching(): void {
    clearInterval(this.#looks);
    this.#looks = undefined;
    this.#watches.clear();
  }

  readonly #look = (): void => {
    for (const watch of this.#watches) {
      if (this.#hasChanged(watch)) watch.changed();
    }
  };

  #hasChanged(watch: Watch): boolean {
    try {
      const now = this.#engine.fresh(watch.key);
      const same = now === undefined ? watch.seen === undefined : watch.seen?.equals(now);
      watch.seen = now;
      return same !== true;
    } catch {
      // Whoever waits looks for itself, and hears what is wrong.
      return true;
    }
  }

  /** Changes a live meeting; false when there is none, or no change. */
  #change(id: string, nowMs: number, changeOf: MeetingStep): boolean {
    const meeting = this.#meetings.get(id, nowMs);
    const change = meeting && changeOf(meeting);
    if (meeting === undefined || change === undefined) return false;
    this.#meetings.update(id, { ...meeting, ...change });
    return true;
  }
}
