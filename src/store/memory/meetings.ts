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
import { ExpiringMap } from './expiring-map.js';

interface KeptResult extends MobileResult {
  /** The mobile has presented it. */
  readonly taken: boolean;
}

/** Meetings, what leads to them, and who waits for them. */
export class Meetings {
  readonly #meetings: ExpiringMap<Meeting & { readonly endsAtMs: number }>;
  readonly #wids: ExpiringMap<string>;
  readonly #results: ExpiringMap<KeptResult>;
  readonly #reports: ExpiringMap<true>;
  readonly #watchers = new Map<string, Set<() => void>>();

  /** At most `capacity` of each of its kinds. */
  constructor(capacity: number) {
    this.#meetings = new ExpiringMap(capacity);
    this.#wids = new ExpiringMap(capacity);
    this.#results = new ExpiringMap(capacity);
    this.#reports = new ExpiringMap(capacity);
  }

  get size(): number {
    return this.#meetings.size;
  }

  /** False when there is no room. */
  put({ id, prerollId }: Pick<Meeting, 'id' | 'prerollId'>, lifeMs: number, nowMs: number) {
    const endsAtMs = nowMs + lifeMs;
    const fresh = { id, prerollId, progress: 'new', userId: '', taken: false, endsAtMs } as const;
    return this.#meetings.set(id, fresh, lifeMs, nowMs);
  }

  /** Undefined when there is no room. */
  claimWid(wid: string, id: string, lifeMs: number, nowMs: number): boolean | undefined {
    if (this.#wids.get(wid, nowMs) !== undefined) return false;
    return this.#wids.set(wid, id, lifeMs, nowMs) || undefined;
  }

  ofWid(wid: string, nowMs: number): string | undefined {
    return this.#wids.get(wid, nowMs);
  }

  get(id: string, nowMs: number): Meeting | undefined {
    const kept = this.#meetings.get(id, nowMs);
    if (kept === undefined) return undefined;
    const { endsAtMs: _, ...meeting } = kept;
    return meeting;
  }

  noteProgress(id: string, progress: Progress, userId: string, nowMs: number): boolean {
    return this.#change(id, nowMs, progressNoted(progress, userId));
  }

  hasRoomForResult(nowMs: number): boolean {
    return this.#results.hasRoom(nowMs);
  }

  /** There must be room for it. */
  putResult(authOTT: string, result: MobileResult, lifeMs: number, nowMs: number): void {
    this.#results.set(authOTT, { ...result, taken: false }, lifeMs, nowMs);
  }

  takeResult(authOTT: string, nowMs: number): MobileResult | undefined {
    const kept = this.#results.get(authOTT, nowMs);
    if (kept === undefined || kept.taken) return undefined;
    this.#results.update(authOTT, (result) => ({ ...result, taken: true }), nowMs);
    const { taken: _, ...result } = kept;
    return result;
  }

  ofLogin(authOTT: string, nowMs: number): string | undefined {
    const kept = this.#results.get(authOTT, nowMs);
    return kept?.taken === true ? kept.meetingId : undefined;
  }

  bind(id: string, login: MeetingLogin, lifeMs: number, nowMs: number): boolean {
    const meeting = this.#meetings.get(id, nowMs);
    if (meeting === undefined || meeting.login !== undefined) return false;
    const bound = { ...meeting, login };
    const endsAtMs = nowMs + lifeMs;
    // One that takes the place of another has room.
    if (endsAtMs > meeting.endsAtMs) this.#meetings.set(id, { ...bound, endsAtMs }, lifeMs, nowMs);
    else this.#meetings.update(id, () => bound, nowMs);
    this.#tell(id);
    return true;
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

  watch(id: string, changed: () => void): () => void {
    const watchers = this.#watchers.get(id) ?? new Set();
    // One object a call, so that the same function may watch twice.
    const watcher = () => changed();
    this.#watchers.set(id, watchers.add(watcher));
    return () => {
      watchers.delete(watcher);
      if (watchers.size === 0) this.#watchers.delete(id);
    };
  }

  awaitReport(authOTT: string, lifeMs: number, nowMs: number): boolean {
    return this.#reports.set(authOTT, true, lifeMs, nowMs);
  }

  takeReport(authOTT: string, nowMs: number): boolean {
    const awaited = this.#reports.get(authOTT, nowMs) !== undefined;
    this.#reports.delete(authOTT);
    return awaited;
  }

  /** Changes a live meeting and tells its watchers; false when there is none, or no change. */
  #change(id: string, nowMs: number, changeOf: MeetingStep): boolean {
    const meeting = this.#meetings.get(id, nowMs);
    const change = meeting && changeOf(meeting);
    if (change === undefined) return false;
    this.#meetings.update(id, (old) => ({ ...old, ...change }), nowMs);
    this.#tell(id);
    return true;
  }

  #tell(id: string): void {
    for (const changed of this.#watchers.get(id) ?? []) changed();
  }
}
