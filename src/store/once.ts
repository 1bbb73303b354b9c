/** Things that may happen once, or so many times within a while. */
import type { Awaitable } from './store.js';

/** One-time passwords of one person that live at once: their devices; the oldest makes room. */
export const OTPS_PER_USER_MAX = 4;
/** Wrong tries that end a one-time password: five guesses among a million. */
export const OTP_TRIES_MAX = 5;

export interface OneTimePassword {
  /** Six digits. */
  readonly otp: string;
  /** The identity that earned it by a login. */
  readonly mpinId: string;
}

/** What nonces are of: each kind is a world of its own. */
export type NonceKind = 'one-pass' | 'token';

/** What is counted: each kind is a world of its own. */
export type CounterKind = 'mobile-login';

export interface OnceStore {
  /** Keeps a one-time password of a person, who is named by a SHA-256 in lower-case hex. */
  putOtp(user: string, password: OneTimePassword, lifeMs: number): Awaitable<void>;
  /**
   * Uses a one-time password: the identity that it belongs to, once. Undefined for a wrong one,
   * which counts against all that this person has: one that had {@link OTP_TRIES_MAX} wrong
   * tries in its life ends.
   */
  takeOtp(user: string, otp: string): Awaitable<string | undefined>;

  /** True for the first who takes a nonce, false for all others until its life ends. */
  takeNonce(kind: NonceKind, nonce: string, lifeMs: number): Awaitable<boolean>;
  /**
   * Counts one event of `key`: how many there were with it, since the first one after which less
   * than `windowMs` have passed.
   */
  countEvent(kind: CounterKind, key: string, windowMs: number): Awaitable<number>;
}

/** What an administrator may see and do about identities. */
export interface FailureCounts {
  /** Those that lock: wrong PINs, or all failures, as the policy says. */
  readonly failures: number;
  /** All others since the last right PIN, see OtherFailures of store.ts. */
  readonly others: number;
}

export interface AdminStore {
  failures(mpinId: string): Awaitable<FailureCounts>;
  /** Forgets all failures of an identity, and so ends its lock; false when there were none. */
  unlock(mpinId: string): Awaitable<boolean>;
  /** Revokes an identity for good, or takes that back; whether that changed anything. */
  setRevoked(mpinId: string, revoked: boolean): Awaitable<boolean>;
  revoked(mpinId: string): Awaitable<boolean>;
}

/** What a try leaves of the live passwords of a person: the one it used, and those that stay. */
export function afterTry<Otp extends OneTimePassword & { readonly tries: number }>(
  live: readonly Otp[],
  otp: string,
): { readonly used: Otp | undefined; readonly left: readonly Otp[] } {
  const used = live.find((one) => one.otp === otp);
  if (used !== undefined) return { used, left: live.filter((one) => one !== used) };
  const tried = live.map((one) => ({ ...one, tries: one.tries + 1 }));
  return { used, left: tried.filter(({ tries }) => tries < OTP_TRIES_MAX) };
}
