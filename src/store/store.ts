/**
 * The state of the RPS, asked for in the domain's verbs. Each verb is atomic: two instances that
 * share a backend may call it at the same moment and exactly one of the possible orders happens.
 * A backend does it in its own way (a Map here, one script there) and passes the same contract
 * suite (test/store).
 *
 * Kinds with a limit refuse what is new with StoreError 'full' and then have changed nothing:
 * in particular a failure that cannot be counted is not answered, and one that was answered is
 * never forgotten until a right PIN clears it.
 *
 * Times are milliseconds since the epoch on the caller's clock; lives are milliseconds. An entry
 * past its life is as absent as one that never was. All mpin_ids are canonical lower-case hex.
 */

import type { MeetingStore } from './meeting.js';
import type { AdminStore, OnceStore } from './once.js';

/** Most live challenges one identity may have (contract §13, 6). */
export const CHALLENGES_PER_IDENTITY_MAX = 16;

/**
 * Failures that end a challenge. A wrong V is tried on all live challenges of its identity, as it
 * names none, so without an end each would cost up to {@link CHALLENGES_PER_IDENTITY_MAX} checks
 * for as long as they live. As many failures lock an identity by default: whoever can end the
 * challenge of another in this way could have locked them out instead.
 */
export const FAILURES_PER_CHALLENGE_MAX = 3;

/** Longest {@link Challenge.id}, in ASCII characters: 64 bits in hex. */
export const CHALLENGE_ID_CHARS_MAX = 16;
/** Longest {@link Challenge.peer}, in ASCII characters: an IPv6 address. */
export const PEER_CHARS_MAX = 40;

/** A registration under way, from PUT user until setupDone or its end of life. */
export interface Registration {
  readonly mpinId: string;
  readonly userId: string;
  readonly mobile: 0 | 1;
  readonly regOTT: string;
  readonly deviceName: string;
  /** The RPA has confirmed the person: shares may be issued. */
  readonly active: boolean;
  /** How often the RPA has confirmed it: 0 in a new one. */
  readonly activations: number;
  /** Shares were issued at least once: setupDone may end the registration. */
  readonly issued: boolean;
  readonly expiresAtMs: number;
}

/** What pass 1 leaves for pass 2. */
export interface Challenge {
  /** Names this challenge among those of its identity. */
  readonly id: string;
  /** Where pass 1 came from: tried first when pass 2 comes from the same address. */
  readonly peer: string;
  /** Client commitments, 65 bytes each; `ut` is empty without time permits. */
  readonly u: Uint8Array;
  readonly ut: Uint8Array;
  /** The server's random challenge, 32 bytes. */
  readonly y: Uint8Array;
}

/** HTTP statuses that a login can end in (contract §6, 2). */
export type LoginStatus = 200 | 401 | 410;

/** The frozen outcome of a pass 2, kept under its authOTT until the RPA takes it. */
export interface LoginResult {
  readonly status: LoginStatus;
  readonly mpinId: string;
  /** Six digits, when the client asked for a one-time password. */
  readonly otp?: string;
}

/**
 * Bounds on failures that no holder of the token need have made. They lock nothing: an identity
 * that has reached one of them is answered 401 whatever it proves.
 */
export interface OtherFailures {
  /** Failures within `windowMs` of the first of them, cleared by time alone. */
  readonly perWindow: number;
  readonly windowMs: number;
  /** Failures since the last right PIN. */
  readonly inAll: number;
}

/** One pass 2 that has been checked and is now to be decided, counted and recorded. */
export interface Attempt {
  readonly mpinId: string;
  /**
   * Whether V proved the PIN. `challengeId` names the stored challenge it answered; without one
   * the challenge lived on a WebSocket connection and cannot have been used elsewhere.
   * `pinError`: the proof was wrong by its PIN alone, so a holder of the token made it.
   */
  readonly proof:
    | { readonly proven: true; readonly challengeId?: string }
    | { readonly proven: false; readonly pinError?: boolean };
  /** Key of the result, or undefined when nobody is to learn it (contract §4.7, unknown WID). */
  readonly authOTT?: string | undefined;
  /** The result is one of a mobile at this meeting, and no one else's. */
  readonly meetingId?: string | undefined;
  readonly otp?: string | undefined;
  readonly resultLifeMs: number;
  /**
   * Failures that lock the identity: the failure that reaches it answers 410, as do all later.
   * Undefined where none are counted because another service does that: 401 then.
   */
  readonly failuresMax?: number | undefined;
  /** With them, only failures with a PIN error count towards failuresMax, all others here. */
  readonly otherFailures?: OtherFailures | undefined;
}

/** A frozen outcome as it is taken. */
export interface TakenResult extends LoginResult {
  /** The PIN was right, and by now its identity is revoked. */
  readonly revoked?: true;
}

/**
 * What became of an attempt: its frozen status, 'locks' for the 410 of the very failure that locked
 * its identity, or 'gone' when its challenge was used before.
 */
export type Settlement = LoginStatus | 'locks' | 'gone';

/** The status that an attempt is frozen with. */
export function statusOf(settlement: Exclude<Settlement, 'gone'>): LoginStatus {
  return settlement === 'locks' ? 410 : settlement;
}

/** Why a store could not do what it was asked: answered with 503 and Retry-After. */
export class StoreError extends Error {
  readonly reason: 'full' | 'unavailable';

  constructor(reason: 'full' | 'unavailable', message: string) {
    super(message);
    this.name = 'StoreError';
    this.reason = reason;
  }
}

/** Entries by kind, overdue ones that still take room included; bytes where it says so. */
export interface StoreSizes {
  readonly registrations?: number;
  readonly challenges?: number;
  readonly results?: number;
  readonly meetings?: number;
  readonly otps?: number;
  readonly nonces?: number;
  readonly counters?: number;
  readonly revocations?: number;
  readonly failingIdentities?: number;
  readonly identityBytes?: number;
  /** Keys and values of everything that is kept. */
  readonly entryBytes?: number;
}

/** Backends that need no wait answer at once: a login then goes on in the same turn. */
export type Awaitable<T> = T | Promise<T>;

export interface Store extends MeetingStore, OnceStore, AdminStore {
  /**
   * Adds a registration, or replaces the one of the same mpinId. A live one that was activated
   * more often than `registration.activations` says was confirmed while its successor was being
   * prepared: then the successor is active too, so that no confirmation is lost.
   */
  putRegistration(registration: Registration): Awaitable<void>;
  registration(mpinId: string): Awaitable<Registration | undefined>;
  /** Marks a live registration active; false when there is none. */
  activate(mpinId: string): Awaitable<boolean>;
  /** Marks a live registration as having been given its shares; false when there is none. */
  markIssued(mpinId: string): Awaitable<boolean>;
  /** Ends a registration; with `onlyIssued`, one whose shares were never issued stays. */
  dropRegistration(mpinId: string, onlyIssued: boolean): Awaitable<void>;

  /**
   * Keeps a challenge for `lifeMs`. When the identity has {@link CHALLENGES_PER_IDENTITY_MAX}
   * live ones already, the oldest of the peer with the most of them (the new one counted; among
   * equals the oldest of all) makes room, so that a flood from one address cannot wash out the
   * challenge of another.
   */
  putChallenge(mpinId: string, challenge: Challenge, lifeMs: number): Awaitable<void>;
  /** The live challenges of an identity, newest first. Reading consumes nothing. */
  challenges(mpinId: string): Awaitable<readonly Challenge[]>;
  /**
   * Decides an attempt in one atomic step.
   * Proven: its challenge is consumed ('gone' if it no longer lives: refused and not counted);
   * a locked identity stays 410, one at a bound of `otherFailures` gets 401 and keeps its counts,
   * otherwise failures are forgotten and the status is 200.
   * Not proven: one failure is counted, 401, or 410 once locked ('locks' for the one that does it);
   * at a bound of `otherFailures`
   * none is counted and it is 401. No challenge is consumed, but those with
   * {@link FAILURES_PER_CHALLENGE_MAX} such failures in their life end.
   * The result is frozen under authOTT, if given: for takeResult, or with a meetingId for
   * takeMobileResult, and never for the other one.
   */
  settle(attempt: Attempt): Awaitable<Settlement>;
  /**
   * A fresh token as an authOTT for logins of this identity. Backends of several machines, where
   * the token says on which one its result lies, put that into its first digits, so that settle
   * finds all it needs in one place. A token of another service will do, and costs a step more.
   * Absent where a result may lie anywhere.
   */
  authOTTFor?(mpinId: string, token: string): string;
  /**
   * Takes the result of an authOTT: it can be had once. That of a right PIN comes with whether its
   * identity is revoked, so that a login needs no step more.
   */
  takeResult(authOTT: string): Awaitable<TakenResult | undefined>;

  /**
   * Keeps local time permit shares (130 lower-case hex) by day number, each until the end of its
   * day, beside those kept before. A cache: when it is full it forgets others instead of failing.
   */
  cachePermits(hashMpinId: string, permits: ReadonlyMap<number, string>): Awaitable<void>;
  cachedPermit(hashMpinId: string, day: number): Awaitable<string | undefined>;

  /** How much is kept now, where that is known without a search; not part of any decision. */
  sizes(): StoreSizes;
  /** Resolves when the backend answers; rejects with StoreError 'unavailable' when it does not. */
  ping(): Awaitable<void>;
  close(): Awaitable<void>;
}
