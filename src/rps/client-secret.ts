/** GET signature and POST setupDone: a confirmed person gets the keys (contract §4.3, §4.4). */
import { type Answer, answer, type Call, HttpError, queryOf, type Route } from '../http/call.js';
import { canonicalMpinId, hashMpinId } from '../protocol/mpin-id.js';
import { secretEquals } from '../protocol/signature.js';
import { AuthorityError } from './authority.js';
import type { RpsParts } from './parts.js';
import { RETRY_LATER, VERSION } from './replies.js';

type ClientSecretParts = Pick<RpsParts, 'authority' | 'urls' | 'log' | 'store' | 'audit'>;

export function clientSecretRoutes(parts: ClientSecretParts): Route[] {
  const { prefix } = parts.urls;
  return [
    {
      method: 'GET',
      path: `${prefix}/signature/:mpinId`,
      access: 'public',
      handle: (call) => signature(parts, call),
    },
    {
      method: 'POST',
      path: `${prefix}/setupDone/:mpinId`,
      access: 'public',
      handle: (call) => setupDone(parts, call),
    },
  ];
}

/**
 * The registration lives on until setupDone or its end: a client whose reply was lost may ask
 * again, and a wrong regOTT takes nothing from its owner (contract §13, 16).
 */
async function signature(parts: ClientSecretParts, call: Call): Promise<Answer> {
  const { store, authority, log, audit } = parts;
  const mpinId = canonicalMpinId(call.params[0]);
  const registration = mpinId === undefined ? undefined : await store.registration(mpinId);
  const regOTT = queryOf(call).get('regOTT') ?? '';
  // One answer for both, and about one time, so that nobody learns which identities there are.
  if (!secretEquals(regOTT, registration?.regOTT ?? '') || registration === undefined) {
    throw new HttpError(400, 'Invalid or expired registration');
  }
  const { active, mpinId: id } = registration;
  // Of the two statuses that clients know here, the one that says "not now".
  if (!active || (await store.revoked(id))) throw new HttpError(401, 'Identity not active');
  const hash = hashMpinId(registration.mpinId).toString('hex');
  try {
    const { share, params } = await authority.clientSecretShare(hash, registration.mobile);
    await store.markIssued(registration.mpinId);
    audit({ event: 'issue', mpinId: registration.mpinId, peer: call.peer });
    return answer(200, { clientSecretShare: share, params });
  } catch (error) {
    if (!(error instanceof AuthorityError)) throw error;
    log.error({ reason: error.reason }, `no client secret: ${error.message}`);
    // Contract §4.3 says 500 here, §1 rule 9 says only 400 or 401, and §1 prevails: on anything
    // else the JavaScript client hangs. Of the two, 401 is the one on which it may try again.
    throw new HttpError(401, 'The key cannot be issued now, try again later', RETRY_LATER);
  }
}

/** Always 200, as old mobile pages stick on anything else; ends only what was really issued. */
async function setupDone({ store }: ClientSecretParts, call: Call): Promise<Answer> {
  const mpinId = canonicalMpinId(call.params[0]);
  if (mpinId !== undefined) await store.dropRegistration(mpinId, true);
  return answer(200, { version: VERSION, message: 'OK' });
}
