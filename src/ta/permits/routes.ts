/** GET of a published permit (contract §4.5): 130 hex digits and nothing else, or 404. */
import { createHash } from 'node:crypto';
import { type Answer, answer, type Call, type Route } from '../../http/call.js';
import { type Clock, startOfDay } from '../../protocol/clock.js';
import { HOSTED_MARKS } from '../replies.js';
import { type PermitPlace, placeOf } from './permit-storage.js';

const SECOND_MS = 1000;
const ETAG_DIGITS = 32;

export interface PermitRouteParts {
  /** The share at a place, if it is to be seen; always undefined where nothing is published. */
  readonly read: (place: PermitPlace) => Promise<string | undefined>;
  readonly clock: Clock;
}

/** @param prefixes as of the proxy's routes */
export function permitStorageRoutes(
  parts: PermitRouteParts,
  prefixes: readonly string[],
): readonly Route[] {
  return ['', ...prefixes].map((prefix) => ({
    method: 'GET',
    path: `${prefix}/permits/:appId/:date/:storageId`,
    access: 'public',
    headers: ['if-none-match'],
    handle: (call) => stored(parts, call),
  }));
}

async function stored({ read, clock }: PermitRouteParts, call: Call): Promise<Answer> {
  const place = placeOf(...call.params);
  const share = place === undefined ? undefined : await read(place);
  if (place === undefined || share === undefined) return unpublished();
  const seconds = Math.ceil((startOfDay(place.day + 1) - clock.now()) / SECOND_MS);
  const etag = etagOf(share);
  const headers = {
    // Nobody asks for a permit whose day is over.
    'Cache-Control': seconds > 0 ? `public, max-age=${seconds}` : 'no-cache',
    ETag: etag,
  };
  const known = call.headers['if-none-match'];
  const isKnown = known !== undefined && matches(known, etag);
  return { status: isKnown ? 304 : 200, body: share, headers };
}

/** Clients read 404 as "ask timePermit instead"; anything in a 200 would be taken for a permit. */
function unpublished(): Answer {
  return answer(404, { code: 404, message: 'No such time permit', ...HOSTED_MARKS });
}

function etagOf(share: string): string {
  return `"${createHash('sha256').update(share).digest('hex').slice(0, ETAG_DIGITS)}"`;
}

/** If-None-Match compares weakly (RFC 9110 §13.1.2). */
function matches(list: string, etag: string): boolean {
  return list.split(',').some((one) => {
    const tag = one.trim().replace(/^W\//, '');
    return tag === '*' || tag === etag;
  });
}
