/** POST /user: the RPA confirms the person behind a registration (contract §6, 1). Private. */
import { type Answer, answer, type Call, HttpError, type Route } from '../http/call.js';
import { parseJsonObject, textField } from '../http/json.js';
import { canonicalMpinId } from '../protocol/mpin-id.js';
import { activateKey, signedWithOneOf } from '../protocol/signature.js';
import type { RpsParts } from './parts.js';
import { VERSION } from './replies.js';

type ActivationParts = Pick<RpsParts, 'credentials' | 'store' | 'audit'>;

export function activationRoutes(parts: ActivationParts): Route[] {
  return [
    {
      method: 'POST',
      path: '/user/:mpinId',
      access: 'private',
      handle: (call) => activate(parts, call),
    },
  ];
}

/**
 * The key proves that the RPA speaks of this very registration: it is computed anew, so nothing
 * stored can be overwritten (contract §13, 14). A wrong key changes nothing.
 */
async function activate(parts: ActivationParts, call: Call): Promise<Answer> {
  const { credentials, store, audit } = parts;
  const body = parseJsonObject(call.body);
  if (body === undefined) throw new HttpError(400, 'The body is not a JSON object');
  const given = textField(body, 'activateKey');
  if (given === undefined) throw new HttpError(400, 'Missing activateKey');
  const mpinId = canonicalMpinId(call.params[0]);
  const registration = mpinId === undefined ? undefined : await store.registration(mpinId);
  if (registration === undefined) throw new HttpError(401, 'No such registration');
  const signed = (appKey: string) => activateKey(appKey, registration.mpinId, registration.regOTT);
  const { peer } = call;
  if (!signedWithOneOf(credentials.appKeys, given, signed)) {
    audit({ event: 'activation', mpinId, peer, ok: false, how: 'wrong key' });
    throw new HttpError(403, 'Invalid activateKey');
  }
  if (!(await store.activate(registration.mpinId))) {
    throw new HttpError(401, 'No such registration');
  }
  audit({ event: 'activation', mpinId, peer, userId: registration.userId, how: 'by the RPA' });
  return answer(200, { version: VERSION, message: 'OK' });
}
