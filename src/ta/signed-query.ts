/**
 * The signed queries of contract §7, parsed strictly and verified: by the D-TA and by the proxy in
 * front of one. Nothing separates the signed fields, so each has one exact form, checked before
 * its signature is (contract §13, 21). The word in front is a constant of the endpoint, never taken
 * from the request's path: behind `/v3/` the same signature holds.
 *
 * Statuses: 403 a field is missing or malformed; 401 the signature is not this application's;
 * 408 it was, but has expired.
 */
import type { Credentials } from '../config/credentials.js';
import { HttpError } from '../http/call.js';
import { parseIsoSeconds } from '../protocol/clock.js';
import {
  secretEquals,
  signClientSecret,
  signService,
  signTimePermit,
} from '../protocol/signature.js';

/**
 * How far ahead an expiry may lie, in milliseconds: the RPS signs for one minute, the rest is for
 * clocks that differ. More would let a captured query serve for longer than anyone meant.
 */
export const EXPIRES_AHEAD_MS_MAX = 300_000;
/** Days of permits one query may ask for; the RPS asks for 13 at most (contract §13, 20). */
export const PERMIT_DAYS_MAX = 31;

/** Decoded fields of a query, as `queryOf` gives them. */
export type Query = ReadonlyMap<string, string>;

/** Finds the application of a query; without an app_id there must be only one to find. */
export type FindApplication = (appId: string | undefined) => Credentials | undefined;

export function applicationsOf(credentials: readonly Credentials[]): FindApplication {
  const byId = new Map(credentials.map((application) => [application.appId, application]));
  const only = byId.size === 1 ? credentials[0] : undefined;
  return (appId) => (appId === undefined ? only : byId.get(appId));
}

/** The identity hash a `clientSecret` query asks for, 64 lower-case hex. */
export function clientSecretQuery(query: Query, find: FindApplication, nowMs: number): string {
  const appId = appIdOf(query);
  const hashMpinId = hashOf(query);
  const hashUserId = userHashOf(query);
  const expires = expiresOf(query);
  const fields = { appId, hashMpinId, hashUserId, expires: expires.text };
  authentic(query, find(appId), (appKey) => signClientSecret(appKey, fields));
  timely(expires.ms, nowMs);
  return hashMpinId.toLowerCase();
}

/** Checks a `serverSecret` or `apiSettings` query; gives the application that signed it. */
export function serviceQuery(
  service: 'serverSecret' | 'apiSettings',
  query: Query,
  find: FindApplication,
  nowMs: number,
): Credentials {
  const appId = appIdOf(query);
  const expires = expiresOf(query);
  const fields = { appId, expires: expires.text };
  const sign = (appKey: string) => signService(appKey, service, fields);
  const application = authentic(query, find(appId), sign);
  timely(expires.ms, nowMs);
  return application;
}

/** The identity hash a permit query asks for, 64 lower-case hex. It never expires (contract §7). */
export function timePermitQuery(query: Query, find: FindApplication): string {
  const hashMpinId = hashOf(query);
  const application = find(query.has('app_id') ? appIdOf(query) : undefined);
  authentic(query, application, (appKey) => signTimePermit(appKey, hashMpinId));
  return hashMpinId.toLowerCase();
}

/** `count` of a permit query: 1 … {@link PERMIT_DAYS_MAX}. */
export function dayCountOf(query: Query): number {
  const text = need(query, 'count');
  const count = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > PERMIT_DAYS_MAX) throw invalid('count');
  return count;
}

function appIdOf(query: Query): string {
  const text = need(query, 'app_id');
  if (!/^[\x21-\x7e]{1,128}$/.test(text)) throw invalid('app_id');
  return text;
}

function hashOf(query: Query): string {
  const text = need(query, 'hash_mpin_id');
  if (!isHash(text)) throw invalid('hash_mpin_id');
  return text;
}

/** Absent and empty are the same, and what clients send (contract §12, §13, 23). */
function userHashOf(query: Query): string {
  const text = query.get('hash_user_id') ?? '';
  if (text !== '' && !isHash(text)) throw invalid('hash_user_id');
  return text;
}

function expiresOf(query: Query): { readonly text: string; readonly ms: number } {
  const text = need(query, 'expires');
  const ms = parseIsoSeconds(text);
  if (ms === undefined) throw invalid('expires');
  return { text, ms };
}

function isHash(text: string): boolean {
  return /^[0-9a-fA-F]{64}$/.test(text);
}

/** An unknown application costs and answers what a wrong signature does. */
function authentic(
  query: Query,
  application: Credentials | undefined,
  sign: (appKey: string) => string,
): Credentials {
  const signature = need(query, 'signature').toLowerCase();
  const genuine = secretEquals(signature, sign(application?.appKey ?? ''));
  if (application === undefined || !genuine) throw new HttpError(401, 'Invalid signature');
  return application;
}

function timely(expiresMs: number, nowMs: number): void {
  if (expiresMs <= nowMs) throw new HttpError(408, 'Request expired');
  if (expiresMs > nowMs + EXPIRES_AHEAD_MS_MAX) {
    throw new HttpError(401, 'Invalid signature: expires lies too far ahead');
  }
}

function need(query: Query, name: string): string {
  const text = query.get(name);
  if (text === undefined || text === '') throw new HttpError(403, `Missing argument ${name}`);
  return text;
}

function invalid(name: string): HttpError {
  return new HttpError(403, `Invalid argument ${name}`);
}
