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
import { type Clock, parseIsoSeconds } from '../protocol/clock.js';
import {
  type Service,
  signClientSecret,
  signedWithOneOf,
  signService,
  signTimePermit,
} from '../protocol/signature.js';
import { unavailable } from './replies.js';
import { UsedOnce } from './used-once.js';

/**
 * How far ahead an expiry may lie, in milliseconds: the RPS signs for one minute, the rest is for
 * clocks that differ. More would let a captured query serve for longer than anyone meant.
 */
export const EXPIRES_AHEAD_MS_MAX = 300_000;
/** Days of permits one query may ask for; the RPS asks for 13 at most (contract §13, 20). */
export const PERMIT_DAYS_MAX = 31;

/** Signatures remembered with `replayProtection`: 6,000 queries a second for their whole life. */
const SIGNATURES_MAX = 2_000_000;

/** For the option `replayProtection`. */
export function signaturesOnce(): UsedOnce {
  // A query may have been signed for the full time ahead of us.
  return new UsedOnce({ lifeMs: EXPIRES_AHEAD_MS_MAX, max: SIGNATURES_MAX });
}

/** Decoded fields of a query, as `queryOf` gives them. */
export type Query = ReadonlyMap<string, string>;

/** Whoever may sign. */
export interface Application {
  readonly appId: string;
  /** The key in use, and while it takes over from another that one. Secret. */
  readonly keys: readonly string[];
}

/** Finds the application of a query; without an app_id there must be only one to find. */
export type FindApplication = (appId: string | undefined) => Application | undefined;

/** What a query is checked against. */
export interface QueryChecks {
  readonly find: FindApplication;
  readonly clock: Clock;
  /** Takes each signature once; absent where a query may come again within its life. */
  readonly once?: UsedOnce | undefined;
}

export function applicationsOf(applications: readonly Application[]): FindApplication {
  const byId = new Map(applications.map((application) => [application.appId, application]));
  const only = byId.size === 1 ? applications[0] : undefined;
  return (appId) => (appId === undefined ? only : byId.get(appId));
}

/** The application of a credentials.json. */
export function applicationOf({ appId, appKey, previousAppKey }: Credentials): Application {
  return { appId, keys: previousAppKey === undefined ? [appKey] : [appKey, previousAppKey] };
}

/** An identity, and who asks for it. */
export interface IdentityQuery {
  readonly application: Application;
  /** 64 lower-case hex. */
  readonly hash: string;
}

/** Checks a `clientSecret` query. */
export function clientSecretQuery(query: Query, checks: QueryChecks): IdentityQuery {
  const appId = appIdOf(query);
  const hashMpinId = hashOf(query);
  const hashUserId = userHashOf(query);
  const expires = expiresOf(query);
  const fields = { appId, hashMpinId, hashUserId, expires: expires.text };
  const sign = (appKey: string) => signClientSecret(appKey, fields);
  const application = authentic(query, checks.find(appId), sign);
  timely(query, expires.ms, checks);
  return { application, hash: hashMpinId.toLowerCase() };
}

/** Checks a `serverSecret` or `apiSettings` query, or one of our own of that form. */
export function serviceQuery(service: Service, query: Query, checks: QueryChecks): Application {
  const appId = appIdOf(query);
  const expires = expiresOf(query);
  const fields = { appId, expires: expires.text };
  const sign = (appKey: string) => signService(appKey, service, fields);
  const application = authentic(query, checks.find(appId), sign);
  timely(query, expires.ms, checks);
  return application;
}

/** Checks a permit query. It never expires (contract §7). */
export function timePermitQuery(query: Query, { find }: QueryChecks): IdentityQuery {
  const hashMpinId = hashOf(query);
  const found = find(query.has('app_id') ? appIdOf(query) : undefined);
  const application = authentic(query, found, (appKey) => signTimePermit(appKey, hashMpinId));
  return { application, hash: hashMpinId.toLowerCase() };
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
  application: Application | undefined,
  sign: (appKey: string) => string,
): Application {
  const isSigned = signedWithOneOf(application?.keys ?? [''], need(query, 'signature'), sign);
  if (application === undefined || !isSigned) throw new HttpError(401, 'Invalid signature');
  return application;
}

function timely(query: Query, expiresMs: number, { clock, once }: QueryChecks): void {
  const nowMs = clock.now();
  if (expiresMs <= nowMs) throw new HttpError(408, 'Request expired');
  if (expiresMs > nowMs + EXPIRES_AHEAD_MS_MAX) {
    throw new HttpError(401, 'Invalid signature: expires lies too far ahead');
  }
  switch (once?.take(need(query, 'signature').toLowerCase(), nowMs)) {
    case 'used':
      throw new HttpError(401, 'Invalid signature: it was used before');
    case 'full':
      throw unavailable('Too many queries to remember, try again');
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
