/**
 * HMAC signatures between RPS, D-TAs, the hosted side and the RPA (contract §7): HMAC-SHA256 with
 * `app_key` as text bytes, lower-case hex, over fields joined without separators. As nothing
 * separates the fields, every verifier must check the strict form of each field first.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** Life of a signed query in milliseconds (contract §10, constants). */
export const SIGNATURE_LIFE_MS = 60_000;

export function sign(key: string, ...fields: readonly string[]): string {
  return createHmac('sha256', Buffer.from(key, 'utf8')).update(fields.join('')).digest('hex');
}

/** True when `signature` is the one over these fields; its time tells nothing about either. */
export function verifySignature(
  key: string,
  signature: string,
  ...fields: readonly string[]
): boolean {
  return secretEquals(signature.toLowerCase(), sign(key, ...fields));
}

/** True when `signature` is what `signed` gives for one of the keys; its time tells not which. */
export function signedWithOneOf(
  keys: readonly string[],
  signature: string,
  signed: (key: string) => string,
): boolean {
  const given = signature.toLowerCase();
  return keys.filter((key) => secretEquals(given, signed(key))).length > 0;
}

/** Compares two secret texts without telling by its time where they differ. */
export function secretEquals(a: string, b: string): boolean {
  // Hashing first makes both sides equally long, which timingSafeEqual demands.
  const digest = (text: string) => createHash('sha256').update(text, 'utf8').digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** activateKey of a registration (contract §3): HMAC(app_key, mpinId hex ‖ regOTT). */
export function activateKey(appKey: string, mpinIdHex: string, regOTT: string): string {
  return sign(appKey, mpinIdHex, regOTT);
}

/** Signature of a `clientSecret` query (contract §7); hash_user_id absent and empty are equal. */
export function signClientSecret(
  appKey: string,
  query: { appId: string; hashMpinId: string; hashUserId?: string; expires: string },
): string {
  const { appId, hashMpinId, hashUserId = '', expires } = query;
  return sign(appKey, 'clientSecret', appId, hashMpinId, hashUserId, expires);
}

/** What is asked for by app_id and expires alone; `rotateCredentials` is ours. */
export type Service = 'serverSecret' | 'apiSettings' | 'rotateCredentials';

/** Signature of a `serverSecret` or `apiSettings` query (contract §7), or another of its form. */
export function signService(
  appKey: string,
  service: Service,
  query: { appId: string; expires: string },
): string {
  return sign(appKey, service, query.appId, query.expires);
}

/** Signature of a time permit query (contract §7): over hash_mpin_id alone. */
export function signTimePermit(appKey: string, hashMpinId: string): string {
  return sign(appKey, hashMpinId);
}

/** What a token of a separate M-Pin server is signed over (contract §6, 4). */
export interface SignedToken {
  readonly mpinId: string;
  readonly successCode: number;
  readonly expires: string;
  readonly WID: string;
  readonly OTP: string;
  readonly authOTT: string;
}

export function signToken(appKey: string, token: SignedToken): string {
  const { mpinId, successCode, expires, WID, OTP, authOTT } = token;
  return sign(appKey, mpinId, `${successCode}`, expires, WID, OTP, authOTT);
}
