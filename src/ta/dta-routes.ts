/** The D-TA's endpoints (contract §7). */
import type { Logger } from 'pino';
import { PoolError } from '../crypto/pool.js';
import { type Answer, type Call, HttpError, queryOf, type Route } from '../http/call.js';
import { dayOf } from '../protocol/clock.js';
import type { AuthorityShares } from './keyring.js';
import { DTA_MARKS, ok, unavailable } from './replies.js';
import {
  clientSecretQuery,
  dayCountOf,
  type Query,
  type QueryChecks,
  serviceQuery,
  timePermitQuery,
} from './signed-query.js';
import { spent } from './spent.js';

/** What the endpoints draw on. */
export interface DtaParts extends QueryChecks {
  readonly shares: AuthorityShares;
  readonly log: Logger;
}

/** Private: whoever is not in the server's list of peers gets 403, whatever they sign. */
export function dtaRoutes(parts: DtaParts): readonly Route[] {
  const route = (path: string, reply: (query: Query) => Promise<Answer> | Answer): Route => ({
    method: 'GET',
    path,
    access: 'private',
    handle: (call: Call) => reply(queryOf(call)),
  });
  return [
    route('/serverSecret', (query) => serverSecret(parts, query)),
    route('/clientSecret', (query) => clientSecret(parts, query)),
    route('/timePermit', (query) => timePermit(parts, query)),
    route('/timePermits', (query) => timePermits(parts, query)),
    route('/status', () => status(parts)),
  ];
}

/**
 * The share of the secret in use. While a rotation lasts, `generations` has those of both: an RPS
 * must check logins with either, and hear of the new one before any client has a token of it.
 */
async function serverSecret(parts: DtaParts, query: Query): Promise<Answer> {
  serviceQuery('serverSecret', query, parts);
  const shares = await generated(parts, 'Server secret', () => parts.shares.serverSecrets());
  const generations = shares.map(({ share, ...times }) => ({
    serverSecret: spent(share),
    ...times,
  }));
  const { serverSecret: share, startTime } = generations[0] as (typeof generations)[0];
  const more = generations.length > 1 ? { generations } : {};
  return ok({ serverSecret: share, startTime, ...more }, DTA_MARKS);
}

async function clientSecret(parts: DtaParts, query: Query): Promise<Answer> {
  const { hash } = clientSecretQuery(query, parts);
  const share = await generated(parts, 'Client secret', () =>
    parts.shares.clientSecret(Buffer.from(hash, 'hex')),
  );
  return ok({ clientSecret: spent(share) }, DTA_MARKS);
}

/** Today's permit: what the RPS of old asked for, and the proxy still does. */
async function timePermit(parts: DtaParts, query: Query): Promise<Answer> {
  const permits = await permitsOf(parts, timePermitQuery(query, parts).hash, 1);
  return ok({ timePermit: Object.values(permits)[0] }, DTA_MARKS);
}

async function timePermits(parts: DtaParts, query: Query): Promise<Answer> {
  const count = dayCountOf(query);
  const { hash } = timePermitQuery(query, parts);
  return ok({ timePermits: await permitsOf(parts, hash, count) }, DTA_MARKS);
}

/** The list of one is the reference's slip, and what its clients know (contract §7). */
function status({ shares }: DtaParts): Answer {
  return ok({ startTime: [shares.startTime], service_name: 'D-TA server' }, DTA_MARKS);
}

/** Permits by date, from today on. */
async function permitsOf(
  parts: DtaParts,
  hash: string,
  count: number,
): Promise<Record<string, string>> {
  const today = dayOf(parts.clock.now());
  const days = Array.from({ length: count }, (_, index) => today + index);
  const shares = await generated(parts, 'Time permit', () =>
    parts.shares.timePermits(Buffer.from(hash, 'hex'), days),
  );
  return Object.fromEntries(shares.map((share, index) => [`${today + index}`, spent(share)]));
}

/** Runs one task of the pool; its failures become the documented answers. */
async function generated<T>(parts: DtaParts, what: string, make: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    if (error instanceof PoolError && error.reason === 'full') throw unavailable('Busy, try again');
    parts.log.error({ err: error }, `${what} generation failed`);
    throw new HttpError(500, `${what} generation failed`);
  }
}
