/** From a token and a PIN to a login at the relying party. */
import { dance } from './dance.js';
import { ClientError } from './errors.js';
import { fromHex } from './hex.js';
import { type ClientParts, POINT_BYTES } from './parts.js';
import { fetchTimePermit } from './permits.js';
import { pinNumber } from './pin.js';
import { type Fields, fetchSettings, fieldsOf, parseObject, type Settings } from './settings.js';
import type { Reply } from './transport.js';

export interface LoginRequest {
  readonly userId: string;
  /** Four digits. */
  readonly pin: string;
  /** Dance over a WebSocket instead of two requests. */
  readonly webSocket?: boolean;
}

/** Logs a registered user in; gives what the relying party says of the user. */
export async function login(parts: ClientParts, request: LoginRequest): Promise<Fields> {
  const pin = pinNumber(request.pin);
  const key = { baseUrl: parts.baseUrl, userId: request.userId };
  const stored = await parts.storage.load(key);
  const identity = stored?.ready;
  if (identity === undefined) {
    throw stored?.pending === undefined
      ? new ClientError('not-registered', 'no PIN is set here for this user: register first')
      : new ClientError('not-activated', 'the registration is not complete: register again');
  }
  const settings = await fetchSettings(parts.transport, parts.baseUrl);
  const proof = { mpinId: fromHex(identity.mpinId, 'identity'), pin };
  const token = fromHex(identity.token, 'stored token', POINT_BYTES);
  let permits = {};
  if (settings.usePermits) {
    const { mpinId, permit: cached } = identity;
    const today = await fetchTimePermit(parts, settings, { mpinId, cached });
    permits = { timePermit: today.permit, date: today.date };
    if (today.cached !== cached) {
      await parts.storage.save(key, { ...stored, ready: { ...identity, permit: today.cached } });
    }
  }
  const input = { ...proof, token, ...permits };
  const authOTT = await dance(parts, settings, { webSocket: request.webSocket === true, input });
  const reply = await authenticate(parts, settings, authOTT);
  // Old clients delete the token on this status alone, so servers send it only for a lockout.
  if (reply.status === 410) await parts.storage.remove(key);
  return outcome(reply);
}

function authenticate(
  { transport }: ClientParts,
  { authenticateUrl: url }: Settings,
  authOTT: string,
): Promise<Reply> {
  const body = { mpinResponse: { authOTT, version: '0.3', pass: 2 } };
  return transport.request({ method: 'POST', url, body });
}

/** What a status of the relying party means (contract §2.1). */
function outcome(reply: Reply): Fields {
  switch (reply.status) {
    case 200:
      // An empty body is as good as an empty object (contract §1, rule 2).
      return parseObject(reply.text) ?? {};
    case 401:
      throw new ClientError('wrong-pin', 'wrong PIN');
    case 403:
      throw new ClientError('refused', 'the relying party does not let this user in');
    case 408:
      throw new ClientError('expired', 'the login took too long: try again');
    case 410:
      throw new ClientError('locked', 'locked: too many wrong PINs, register again');
    default:
      return fieldsOf(reply, 'login');
  }
}
