/** GET timePermit: the local share of today's time permit (contract §4.5). */
import { randomInt } from 'node:crypto';
import { type Answer, answer, type Call, HttpError, type Route } from '../http/call.js';
import { dayOf } from '../protocol/clock.js';
import { canonicalMpinId, hashMpinId } from '../protocol/mpin-id.js';
import { signTimePermit } from '../protocol/signature.js';
import { StoreError } from '../store/store.js';
import { AuthorityError } from './authority.js';
import type { RpsParts } from './parts.js';
import { unavailable, VERSION } from './replies.js';
import { permitRefusal } from './revocation.js';

/** Days asked for at once: their number varies, so that renewals spread over a week. */
const DAYS_MIN = 7;
const DAYS_MAX = 13;

type PermitParts = Pick<
  RpsParts,
  'options' | 'authority' | 'credentials' | 'urls' | 'clock' | 'log' | 'store' | 'rpa' | 'audit'
>;

export function permitRoutes(parts: PermitParts): Route[] {
  return [
    {
      method: 'GET',
      path: `${parts.urls.prefix}/timePermit/:mpinId`,
      access: 'public',
      handle: (call) => timePermit(parts, call),
    },
  ];
}

async function timePermit(parts: PermitParts, call: Call): Promise<Answer> {
  const mpinId = canonicalMpinId(call.params[0]);
  if (mpinId === undefined) throw new HttpError(400, 'The mpin_id is not one');
  const refusal = await permitRefusal(parts, mpinId, call.peer);
  if (refusal !== undefined) throw new HttpError(refusal, 'No longer permitted');
  const storageId = hashMpinId(mpinId).toString('hex');
  const date = dayOf(parts.clock.now());
  const body = {
    date,
    timePermit: await shareOf(parts, storageId, date),
    storageId,
    signature: signTimePermit(parts.credentials.appKey, storageId),
    message: 'M-Pin Time Permit Generated',
    version: VERSION,
  };
  return answer(200, body, { 'Cache-Control': 'no-cache, no-store' });
}

async function shareOf(parts: PermitParts, hash: string, day: number): Promise<string> {
  const cached = await parts.store.cachedPermit(hash, day);
  if (cached !== undefined) return cached;
  const permits = await fetchPermits(parts, hash);
  const share = permits.get(day);
  if (share === undefined) {
    parts.log.error({ day }, 'the D-TA gave no time permit for today: its clock differs');
    throw unavailable('No time permit for today');
  }
  try {
    await parts.store.cachePermits(hash, permits);
  } catch (error) {
    // What cannot be kept is fetched again.
    if (!(error instanceof StoreError)) throw error;
    parts.log.warn({ reason: error.reason }, 'time permits not cached');
  }
  return share;
}

async function fetchPermits(
  { options, authority, log }: PermitParts,
  hash: string,
): Promise<ReadonlyMap<number, string>> {
  const days = options.cacheTimePermits ? randomInt(DAYS_MIN, DAYS_MAX + 1) : 1;
  try {
    return await authority.timePermits(hash, days);
  } catch (error) {
    if (!(error instanceof AuthorityError)) throw error;
    log.error({ reason: error.reason }, `no time permits: ${error.message}`);
    if (error.reason === 'unavailable') throw unavailable('The D-TA cannot be reached');
    throw new HttpError(500, 'The D-TA gave no time permit');
  }
}
