/** The D-TA's endpoints (contract §7). */
import type { Logger } from 'pino';
import type { AuthorityPool } from '../crypto/pool.js';
import { PoolError } from '../crypto/pool.js';
import { type Answer, type Call, HttpError, queryOf, type Route } from '../http/call.js';
import { type Clock, dayOf } from '../protocol/clock.js';
import { DTA_MARKS, ok, unavailable } from './replies.js';
import {
  clientSecretQuery,
  dayCountOf,
  type FindApplication,
  type Query,
  serviceQuery,
  timePermitQuery,
} from './signed-query.js';

/** What the endpoints draw on. */
export interface DtaParts {
  readonly shares: AuthorityPool;
  /** When the master secret was made. */
  readonly startTime: string;
  readonly find: FindApplication;
  readonly clock: Clock;
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

async function serverSecret(parts: DtaParts, query: Query): Promise<Answer> {
  serviceQuery('serverSecret', query, parts.find, parts.clock.now());
  const share = await generated(parts, 'Server secret', () => parts.shares.serverSecretShare());
  return ok({ serverSecret: spent(share), startTime: parts.startTime }, DTA_MARKS);
}

async function clientSecret(parts: DtaParts, query: Query): Promise<Answer> {
  const hash = clientSecretQuery(query, parts.find, parts.clock.now());
  const share = await generated(parts, 'Client secret', () =>
    parts.shares.clientSecretShare(Buffer.from(hash, 'hex')),
  );
  return ok({ clientSecret: spent(share) }, DTA_MARKS);
}

/** Today's permit: what the RPS of old asked for, and the proxy still does. */
async function timePermit(parts: DtaParts, query: Query): Promise<Answer> {
  const permits = await permitsOf(parts, timePermitQuery(query, parts.find), 1);
  return ok({ timePermit: Object.values(permits)[0] }, DTA_MARKS);
}

async function timePermits(parts: DtaParts, query: Query): Promise<Answer> {
  const count = dayCountOf(query);
  const hash = timePermitQuery(query, parts.find);
  return ok({ timePermits: await permitsOf(parts, hash, count) }, DTA_MARKS);
}

/** The list of one is the reference's slip, and what its clients know (contract §7). */
function status({ startTime }: DtaParts): Answer {
  return ok({ startTime: [startTime], service_name: 'D-TA server' }, DTA_MARKS);
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
    parts.shares.timePermitShares(Buffer.from(hash, 'hex'), days),
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

/** A share as hex; its bytes are wiped, as they are a secret and no longer needed. */
function spent(share: Uint8Array): string {
  const hex = Buffer.from(share.buffer, share.byteOffset, share.byteLength).toString('hex');
  share.fill(0);
  return hex;
}
