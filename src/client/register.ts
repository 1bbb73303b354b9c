/** From a user's name to a token: contract §4.2 to §4.4, and the hosted share of §7. */
import { ClientError } from './errors.js';
import { fromHex, toHex } from './hex.js';
import type { ClientParts } from './parts.js';
import { POINT_BYTES } from './parts.js';
import { pinNumber } from './pin.js';
import { type Fields, fetchSettings, fieldsOf, type Settings } from './settings.js';
import type { StoredIdentity } from './storage.js';

export interface RegisterRequest {
  readonly userId: string;
  /** Four digits. */
  readonly pin: string;
  readonly deviceName?: string;
}

interface Pending {
  readonly mpinId: string;
  readonly regOTT: string;
}

/**
 * Registers a user and sets the PIN. When the relying party wants a confirmation first, this
 * throws `not-activated` and the same call, made again after it, goes on where it stopped.
 * A token that was there before is replaced only when the new one is complete.
 */
export async function register(parts: ClientParts, request: RegisterRequest): Promise<void> {
  const pin = pinNumber(request.pin);
  const settings = await fetchSettings(parts.transport, parts.baseUrl);
  const key = { baseUrl: parts.baseUrl, userId: request.userId };
  const stored = await parts.storage.load(key);

  const known = stored?.pending;
  let pending = known ?? (await begin(parts, settings, request, stored));
  let share = await localShare(parts, settings, pending);
  if (share === 'expired' && known !== undefined) {
    pending = await begin(parts, settings, request, stored);
    share = await localShare(parts, settings, pending);
  }
  if (share === 'expired') throw new ClientError('expired', 'the registration has expired');

  const token = await makeToken(parts, settings, { ...share, mpinId: pending.mpinId, pin });
  await parts.storage.save(key, { ready: { mpinId: pending.mpinId, token } });
  await setupDone(parts, settings, pending.mpinId);
}

/** Asks for a new identity and keeps it, so that waiting for a confirmation survives. */
async function begin(
  { transport, storage, baseUrl }: ClientParts,
  settings: Settings,
  { userId, deviceName = '' }: RegisterRequest,
  stored: StoredIdentity | undefined,
): Promise<Pending> {
  const body = { userId, mobile: 0, deviceName };
  const reply = await transport.request({ method: 'PUT', url: settings.registerUrl, body });
  if (reply.status === 403) {
    throw new ClientError('refused', 'the server does not let this user register');
  }
  const fields = fieldsOf(reply, 'registration');
  const { mpinId, regOTT } = fields;
  fromHex(mpinId, 'identity');
  fromHex(regOTT, 'registration token');
  const pending = { mpinId: String(mpinId), regOTT: String(regOTT) };
  await storage.save({ baseUrl, userId }, { ...stored, pending });
  return pending;
}

interface LocalShare {
  /** 65 bytes. Secret. */
  readonly share: Uint8Array;
  /** The signed query for the hosted share. */
  readonly params: string;
}

async function localShare(
  { transport }: ClientParts,
  { signatureUrl }: Settings,
  { mpinId, regOTT }: Pending,
): Promise<LocalShare | 'expired'> {
  const url = `${signatureUrl}/${mpinId}?regOTT=${regOTT}`;
  const reply = await transport.request({ method: 'GET', url });
  if (reply.status === 401) {
    throw new ClientError(
      'not-activated',
      'the registration is not confirmed yet: confirm it, then register again',
    );
  }
  if (reply.status === 400) return 'expired';
  const fields = fieldsOf(reply, 'client secret share');
  return {
    share: fromHex(fields['clientSecretShare'], 'client secret share', POINT_BYTES),
    params: textField(fields, 'params'),
  };
}

async function makeToken(
  parts: ClientParts,
  { hostedUrls }: Settings,
  { share, params, mpinId, pin }: LocalShare & { mpinId: string; pin: number },
): Promise<string> {
  const { crypto } = parts;
  let secret = share;
  for (const base of hostedUrls) {
    const hosted = await hostedShare(parts, `${base}clientSecret?${params}`);
    const sum = await crypto.add(secret, hosted);
    for (const bytes of [secret, hosted]) bytes.fill(0);
    secret = sum;
  }
  const token = await crypto.extractPin(fromHex(mpinId, 'identity'), pin, secret);
  secret.fill(0);
  return toHex(token);
}

async function hostedShare({ transport }: ClientParts, url: string): Promise<Uint8Array> {
  const reply = await transport.request({ method: 'GET', url });
  if (reply.status === 408) throw new ClientError('expired', 'the registration took too long');
  const fields = fieldsOf(reply, 'hosted client secret share');
  return fromHex(fields['clientSecret'], 'hosted client secret share', POINT_BYTES);
}

/** The PIN is set whatever becomes of this: the server only tidies up after it. */
async function setupDone(
  { transport }: ClientParts,
  { setupDoneUrl }: Settings,
  mpinId: string,
): Promise<void> {
  if (setupDoneUrl === undefined) return;
  const url = `${setupDoneUrl}/${mpinId}`;
  await transport.request({ method: 'POST', url, body: {} }).catch(() => undefined);
}

function textField(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw new ClientError('protocol', `the reply lacks ${name}`);
  return value;
}
