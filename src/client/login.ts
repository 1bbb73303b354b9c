/** From a token and a PIN to a login at the relying party. */
import { dance, type Proof } from './dance.js';
import { ClientError } from './errors.js';
import { fromHex } from './hex.js';
import { type ClientParts, type Connected, POINT_BYTES } from './parts.js';
import { fetchTimePermit } from './permits.js';
import { pinNumber } from './pin.js';
import { type Fields, fieldsOf, parseObject } from './settings.js';
import type { IdentityKey, StoredIdentity } from './storage.js';
import type { Reply } from './transport.js';

export interface LoginRequest {
  readonly userId: string;
  /** Four digits. */
  readonly pin: string;
  /** Dance over a WebSocket instead of two requests; `advertised`: where the server offers it. */
  readonly webSocket?: boolean | 'advertised';
}

/** What the proof of a PIN is for, and where its outcome is asked for. */
export interface Purpose {
  readonly authenticateUrl: string;
  readonly otp?: boolean;
  readonly wid?: string;
}

/** Logs a registered user in; gives what the relying party says of the user. */
export async function login(on: Connected, request: LoginRequest): Promise<Fields> {
  const { authenticateUrl } = on.settings;
  return (await proveAndAsk(on, request, { authenticateUrl })).fields;
}

/** Throws ClientError for a user without a PIN, which no server need be asked about. */
export async function demandRegistered(
  { storage, baseUrl }: Pick<ClientParts, 'storage' | 'baseUrl'>,
  userId: string,
): Promise<void> {
  readyOf(await storage.load({ baseUrl, userId }));
}

/** Proves the PIN, then asks whether it was right; throws ClientError when it was not. */
export async function proveAndAsk(
  on: Connected,
  request: LoginRequest,
  purpose: Purpose,
): Promise<{ fields: Fields; otp: string | undefined }> {
  const pin = pinNumber(request.pin);
  const key = { baseUrl: on.baseUrl, userId: request.userId };
  const { mpinId, token } = readyOf(await on.storage.load(key));
  const permits = on.settings.usePermits ? await permitOf(on, key) : {};
  const proof = await dance(on, {
    input: { mpinId: fromHex(mpinId, 'identity'), pin, token: tokenBytes(token), ...permits },
    webSocket: request.webSocket ?? false,
    ...purpose,
  });
  const reply = await authenticate(on, purpose.authenticateUrl, proof);
  await remember(on, key, reply.status);
  return { fields: outcome(reply), otp: proof.otp };
}

const tokenBytes = (hex: string): Uint8Array => fromHex(hex, 'stored token', POINT_BYTES);

function readyOf(stored: StoredIdentity | undefined): NonNullable<StoredIdentity['ready']> {
  if (stored?.ready !== undefined) return stored.ready;
  throw stored?.pending === undefined
    ? new ClientError('not-registered', 'no PIN is set here for this user: register first')
    : new ClientError('not-activated', 'the registration is not complete: register again');
}

async function permitOf(on: Connected, key: IdentityKey) {
  const stored = await on.storage.load(key);
  const ready = readyOf(stored);
  const { mpinId, permit: cached } = ready;
  const today = await fetchTimePermit(on, { mpinId, cached });
  if (today.cached !== cached) {
    await on.storage.save(key, { ...stored, ready: { ...ready, permit: today.cached } });
  }
  return { timePermit: today.permit, date: today.date };
}

/** Asks with the authOTT how the proof went. */
function authenticate(on: Connected, url: string, { authOTT }: Proof): Promise<Reply> {
  on.onStep?.('authenticate');
  const body = { mpinResponse: { authOTT, version: '0.3', pass: 2 } };
  const formatted = on.formatAuthentication?.(body) ?? body;
  return on.transport.request({ method: 'POST', url, body: formatted });
}

/** Keeps what the outcome means for the identity: locked, one more wrong PIN, or none. */
async function remember({ storage }: Connected, key: IdentityKey, status: number): Promise<void> {
  // Old clients delete the token on this status alone, so servers send it only for a lockout.
  if (status === 410) return storage.remove(key);
  const stored = await storage.load(key);
  if (stored?.ready === undefined) return;
  const { wrongPins = 0, ...ready } = stored.ready;
  if (status === 401) {
    await storage.save(key, { ...stored, ready: { ...ready, wrongPins: wrongPins + 1 } });
  } else if (status === 200 && wrongPins > 0) {
    await storage.save(key, { ...stored, ready });
  }
}

/** What a status of the relying party means (contract §2.1). */
export function outcome(reply: Reply): Fields {
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
    case 412:
      throw new ClientError('wrong-number', 'the number or code is wrong or has expired');
    default:
      return fieldsOf(reply, 'login');
  }
}
