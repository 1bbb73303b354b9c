/** From a user's name to a token: contract §4.2 to §4.4, and the hosted share of §7. */
import { ClientError } from './errors.js';
import { fromHex, toHex } from './hex.js';
import { type ClientParts, type Connected, connect, mobileFlag, POINT_BYTES } from './parts.js';
import { pinNumber } from './pin.js';
import { type Fields, fieldsOf } from './settings.js';
import type { IdentityKey, StoredIdentity } from './storage.js';

export interface StartRequest {
  readonly userId: string;
  readonly deviceName?: string;
}

export interface RegisterRequest extends StartRequest {
  /** Four digits. */
  readonly pin: string;
}

type Pending = NonNullable<StoredIdentity['pending']>;

/** A confirmed registration that only lacks its PIN. It holds a secret: use or discard it. */
export interface PinSetup {
  /** Sets the PIN: makes the token and keeps it. Throws RangeError for what is no PIN. */
  finish(pin: string): Promise<void>;
  /** Forgets the secret. The registration stays, and can be confirmed again. */
  discard(): void;
}

/**
 * Registers a user and sets the PIN. When the relying party wants a confirmation first, this
 * throws `not-activated` and the same call, made again after it, goes on where it stopped.
 * A token that was there before is replaced only when the new one is complete.
 */
export async function register(parts: ClientParts, request: RegisterRequest): Promise<void> {
  pinNumber(request.pin);
  const on = await connect(parts);
  const key = { baseUrl: on.baseUrl, userId: request.userId };
  const known = (await on.storage.load(key))?.pending;
  let pending = known ?? (await begin(on, request, undefined));
  let share = await localShare(on, pending);
  if (share === 'expired' && known !== undefined) {
    pending = await begin(on, request, undefined);
    share = await localShare(on, pending);
  }
  const setup = await joinShares(on, key, { mpinId: pending.mpinId, share });
  await setup.finish(request.pin);
}

/**
 * Asks for a new identity and keeps it, so that waiting for a confirmation survives. For one that
 * waits already this asks for the confirmation to be sent again.
 */
export async function startRegistration(on: Connected, request: StartRequest): Promise<void> {
  const stored = await on.storage.load({ baseUrl: on.baseUrl, userId: request.userId });
  await begin(on, request, stored?.pending);
}

/** Fetches the two shares of the secret; throws `not-activated` until the person confirmed. */
export async function confirmRegistration(on: Connected, userId: string): Promise<PinSetup> {
  const key = { baseUrl: on.baseUrl, userId };
  const pending = (await on.storage.load(key))?.pending;
  if (pending === undefined)
    throw new ClientError('not-registered', 'no registration is under way');
  const share = await localShare(on, pending);
  return joinShares(on, key, { mpinId: pending.mpinId, share });
}

async function joinShares(
  on: Connected,
  key: IdentityKey,
  { mpinId, share: local }: { mpinId: string; share: LocalShare | 'expired' },
): Promise<PinSetup> {
  if (local === 'expired') throw new ClientError('expired', 'the registration has expired');
  let secret = local.share;
  for (const base of on.settings.hostedUrls) {
    const hosted = await hostedShare(on, `${base}clientSecret?${local.params}`);
    const sum = await on.crypto.add(secret, hosted);
    for (const bytes of [secret, hosted]) bytes.fill(0);
    secret = sum;
  }
  return {
    finish: (pin) => setPin(on, key, { mpinId, secret, pin }),
    discard: () => void secret.fill(0),
  };
}

async function begin(
  on: Connected,
  request: StartRequest,
  old: Pending | undefined,
): Promise<Pending> {
  const { transport, storage, baseUrl, settings } = on;
  on.onStep?.('register');
  const { userId, deviceName = '' } = request;
  const again = old === undefined ? {} : { regOTT: old.regOTT };
  const body = { userId, mobile: mobileFlag(on), deviceName, ...again };
  const formatted = on.formatRegistration?.(body) ?? body;
  const url = old === undefined ? settings.registerUrl : `${settings.registerUrl}/${old.mpinId}`;
  const reply = await transport.request({ method: 'PUT', url, body: formatted });
  if (reply.status === 403) {
    throw new ClientError('refused', 'the server does not let this user register');
  }
  const fields = fieldsOf(reply, 'registration');
  const { mpinId, regOTT } = fields;
  fromHex(mpinId, 'identity');
  fromHex(regOTT, 'registration token');
  const pending = { mpinId: String(mpinId), regOTT: String(regOTT) };
  const stored = await storage.load({ baseUrl, userId });
  const name = deviceName === '' ? {} : { deviceName };
  await storage.save({ baseUrl, userId }, { ...stored, ...name, pending });
  return pending;
}

interface LocalShare {
  /** 65 bytes. Secret. */
  readonly share: Uint8Array;
  /** The signed query for the hosted share. */
  readonly params: string;
}

async function localShare(
  on: Connected,
  { mpinId, regOTT }: Pending,
): Promise<LocalShare | 'expired'> {
  on.onStep?.('share');
  const url = `${on.settings.signatureUrl}/${mpinId}?regOTT=${regOTT}`;
  const reply = await on.transport.request({ method: 'GET', url });
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

async function hostedShare(on: Connected, url: string): Promise<Uint8Array> {
  on.onStep?.('hosted-share');
  const reply = await on.transport.request({ method: 'GET', url });
  if (reply.status === 408) throw new ClientError('expired', 'the registration took too long');
  const fields = fieldsOf(reply, 'hosted client secret share');
  return fromHex(fields['clientSecret'], 'hosted client secret share', POINT_BYTES);
}

interface TokenInput {
  readonly mpinId: string;
  /** 65 bytes. Secret: wiped once the token is made. */
  readonly secret: Uint8Array;
  readonly pin: string;
}

async function setPin(on: Connected, key: IdentityKey, input: TokenInput): Promise<void> {
  const { mpinId, secret } = input;
  const pin = pinNumber(input.pin);
  on.onStep?.('token');
  const token = await on.crypto.extractPin(fromHex(mpinId, 'identity'), pin, secret);
  secret.fill(0);
  const { deviceName } = (await on.storage.load(key)) ?? {};
  const name = deviceName === undefined ? {} : { deviceName };
  await on.storage.save(key, { ...name, ready: { mpinId, token: toHex(token) } });
  await setupDone(on, mpinId);
}

/** The PIN is set whatever becomes of this: the server only tidies up after it. */
async function setupDone({ transport, settings }: Connected, mpinId: string): Promise<void> {
  if (settings.setupDoneUrl === undefined) return;
  const url = `${settings.setupDoneUrl}/${mpinId}`;
  await transport.request({ method: 'POST', url, body: {} }).catch(() => undefined);
}

function textField(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw new ClientError('protocol', `the reply lacks ${name}`);
  return value;
}
