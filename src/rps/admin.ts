/**
 * What an administrator does about one identity: looks at it, ends its lock, revokes it, takes
 * that back. Private. The mpin_id stands in the body, because paths end up in logs of others, and
 * whoever reads it there could lock it again.
 */
import { type Answer, answer, type Call, HttpError, type Route } from '../http/call.js';
import { parseJsonObject } from '../http/json.js';
import { canonicalMpinId, parseMpinId } from '../protocol/mpin-id.js';
import type { RpsParts } from './parts.js';
import { VERSION } from './replies.js';

type AdminParts = Pick<RpsParts, 'options' | 'store' | 'audit'>;

/** Does it, and tells whether anything has changed by it. */
type Act = (parts: AdminParts, mpinId: string, peer: string) => Promise<boolean>;

export function adminRoutes(parts: AdminParts): Route[] {
  const route = (name: string, act: Act): Route => ({
    method: 'POST',
    path: `/manage/${name}`,
    access: 'private',
    handle: async (call) => {
      const mpinId = readMpinId(call);
      const changed = await act(parts, mpinId, call.peer);
      return stateOf(parts, mpinId, changed);
    },
  });
  return [
    route('identity', async () => false),
    route('unlock', unlock),
    route('revoke', (given, mpinId, peer) => setRevoked(given, mpinId, peer, true)),
    route('reinstate', (given, mpinId, peer) => setRevoked(given, mpinId, peer, false)),
  ];
}

async function unlock({ store, audit }: AdminParts, mpinId: string, peer: string) {
  const changed = await store.unlock(mpinId);
  audit({ event: 'unlock', mpinId, peer, ok: changed });
  return changed;
}

async function setRevoked(
  { store, audit }: AdminParts,
  mpinId: string,
  peer: string,
  revoked: boolean,
): Promise<boolean> {
  const changed = await store.setRevoked(mpinId, revoked);
  const how = revoked ? 'revoked' : 'taken back';
  audit({ event: 'revocation', mpinId, peer, ok: changed, how });
  return changed;
}

/** How the identity stands after it. */
async function stateOf(
  { store, options }: AdminParts,
  mpinId: string,
  changed: boolean,
): Promise<Answer> {
  const { failures, others } = await store.failures(mpinId);
  return answer(200, {
    version: VERSION,
    message: 'OK',
    userId: parseMpinId(mpinId)?.userID ?? '',
    changed,
    failures,
    otherFailures: others,
    locked: failures >= options.maxInvalidLoginAttempts,
    revoked: await store.revoked(mpinId),
  });
}

function readMpinId(call: Call): string {
  const body = parseJsonObject(call.body);
  if (body === undefined) throw new HttpError(400, 'The body is not a JSON object');
  const mpinId = canonicalMpinId(body['mpinId']);
  if (mpinId === undefined) throw new HttpError(400, 'Missing or malformed mpinId');
  return mpinId;
}
