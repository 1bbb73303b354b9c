/**
 * Logins by mobile (contract §4.8, §4.10). A browser shows a WID, which is an access number or the
 * id in a QR code, and a mobile that logs in under it logs that browser in: the two meet.
 *
 * What a meeting comes to is kept under its id alone, which no client knows. A WID merely leads to
 * it while it is shown, and an authOTT merely says which login it names. So each verb touches one
 * WID, one authOTT or one meeting, and a cluster keeps what a verb needs in one place.
 */
import type { Awaitable, LoginResult } from './store.js';

/** What the mobile's app said of itself (contract §4.8, codeStatus). */
export type Progress = 'wid' | 'user' | 'abort';

/** A login as the browser, and through it the RPA, may have it. */
export interface MeetingLogin {
  readonly authOTT: string;
  readonly mpinId: string;
  /** Six digits, when the client asked for a one-time password. */
  readonly otp?: string;
}

/** What the RPA made of a login, for the mobile that waits. */
export interface LoginReport {
  /** The mobile need not wait for more: {@link status} is its answer. */
  readonly final: boolean;
  readonly status: number;
  readonly message: string;
  readonly logoutURL: string;
  /** A JSON text, or '' for none. */
  readonly logoutData: string;
}

export interface Meeting {
  readonly id: string;
  /** What the browser named itself when it asked for a QR code; '' for none. */
  readonly prerollId: string;
  readonly progress: 'new' | Progress;
  /** Who the app says it is about to log in; nobody has proved that. */
  readonly userId: string;
  /** The one login of this meeting, once the mobile has presented it. */
  readonly login?: MeetingLogin;
  /** The RPA has taken the login. */
  readonly taken: boolean;
  readonly report?: LoginReport;
}

/** The result of a pass 2 under a WID. */
export interface MobileResult extends LoginResult {
  readonly meetingId: string;
}

export interface MeetingStore {
  /** Adds a meeting that nobody has come to yet. Its id must never have been used before. */
  putMeeting(meeting: Pick<Meeting, 'id' | 'prerollId'>, lifeMs: number): Awaitable<void>;
  /** Has a WID lead to a meeting; false, changing nothing, when it leads to one already. */
  claimWid(wid: string, meetingId: string, lifeMs: number): Awaitable<boolean>;
  /** The id of the meeting that a WID leads to. */
  meetingOfWid(wid: string): Awaitable<string | undefined>;
  meeting(id: string): Awaitable<Meeting | undefined>;
  /**
   * Notes what the app says, for the browser to show; false when the meeting is unknown or has its
   * login already. `userId` replaces the one that was known.
   */
  noteProgress(id: string, progress: Progress, userId: string): Awaitable<boolean>;

  /** Takes a result under a WID for the mobile that presents it: it can be had once. */
  takeMobileResult(authOTT: string): Awaitable<MobileResult | undefined>;
  /** The meeting of a result that a mobile has taken, until the result's life ends. */
  meetingOfLogin(authOTT: string): Awaitable<string | undefined>;
  /**
   * Gives a meeting its login, once: false when it is unknown, over or has one already. From then
   * on the meeting lives for `lifeMs`, unless it would have lived longer in any case.
   */
  bindLogin(id: string, login: MeetingLogin, lifeMs: number): Awaitable<boolean>;
  /**
   * Takes the login of a meeting for the RPA, and leaves its report; it can be had once. Undefined,
   * changing nothing, unless the meeting's login is the one of `authOTT` and was not taken.
   */
  takeLogin(id: string, authOTT: string, report: LoginReport): Awaitable<MeetingLogin | undefined>;
  /**
   * Replaces the report on a taken login, unless it was final; false when it was, or when there is
   * no such login.
   */
  reportLogin(id: string, authOTT: string, report: LoginReport): Awaitable<boolean>;
  /**
   * Has `changed` called when a meeting may have changed, by whichever instance; ends with a call
   * of what it answers. A hint: calls may come for nothing, and may fail to come, so a waiter
   * reads the meeting after this has answered, and again from time to time.
   */
  watchMeeting(id: string, changed: () => void): Awaitable<() => void>;

  /** Remembers that the result of a browser's login was taken, and a report on it is awaited. */
  awaitReport(authOTT: string, lifeMs: number): Awaitable<void>;
  /** Whether a report on a browser's login is awaited; it is so once. */
  takeReport(authOTT: string): Awaitable<boolean>;
}

/** What a step changes of a meeting; undefined when it may not be taken. */
export type MeetingStep = (meeting: Meeting) => Partial<Meeting> | undefined;

/** The step of `noteProgress`. */
export function progressNoted(progress: Progress, userId: string): MeetingStep {
  return ({ login }) => (login === undefined ? { progress, userId } : undefined);
}

/** The step of `takeLogin`. */
export function loginTaken(authOTT: string, report: LoginReport): MeetingStep {
  return ({ login, taken }) =>
    login?.authOTT === authOTT && !taken ? { taken: true, report } : undefined;
}

/** The step of `reportLogin`. */
export function loginReported(authOTT: string, next: LoginReport): MeetingStep {
  return ({ login, taken, report }) => {
    const open = taken && report?.final !== true;
    return open && login?.authOTT === authOTT ? { report: next } : undefined;
  };
}
