/** PUT user: a new identity, or an old registration over again (contract §4.2). */
import {
  type Answer,
  answer,
  type Call,
  HttpError,
  type JsonObject,
  type Route,
} from '../http/call.js';
import { parseJsonObject, textField } from '../http/json.js';
import { isoMicros, isoSeconds } from '../protocol/clock.js';
import { canonicalMpinId, issueMpinId } from '../protocol/mpin-id.js';
import { activateKey, secretEquals } from '../protocol/signature.js';
import { randomToken } from '../protocol/tokens.js';
import { isUserId, USER_ID_LENGTH_MAX } from '../protocol/user-id.js';
import type { Registration } from '../store/store.js';
import { forwardedHeaders, headersToRead } from './forwarded-headers.js';
import type { RpsParts } from './parts.js';
import type { ClientRequest } from './rpa-callbacks.js';

/** Room for what people and operating systems call devices. In UTF-16 units. */
const DEVICE_NAME_LENGTH_MAX = 256;
/** Room for the RPA's own userData; the fixed fields need less than 1 KB. */
const BODY_BYTES_MAX = 32_768;

const CONTROL = /[\p{Cc}\p{Cs}]/u;

type RegistrationParts = Pick<
  RpsParts,
  'options' | 'credentials' | 'urls' | 'clock' | 'store' | 'rpa' | 'audit'
>;

/** What a client sends, checked. */
interface UserRequest {
  readonly userId: string;
  readonly mobile: 0 | 1;
  readonly deviceName: string;
  readonly userData: unknown;
  readonly activateCode: unknown;
  readonly regOTT: string;
}

/** Who asks, and what the RPA is told of that. */
interface Client extends ClientRequest {
  readonly peer: string;
}

export function registrationRoutes(parts: RegistrationParts): Route[] {
  const names = parts.options.RegisterForwardUserHeaders;
  const forwarded = forwardedHeaders(names);
  const route = (path: string): Route => ({
    method: 'PUT',
    path: `${parts.urls.prefix}${path}`,
    access: 'public',
    headers: headersToRead(names),
    bodyBytesMax: BODY_BYTES_MAX,
    handle: (call) => {
      const { headers, peer } = call;
      const baseUrl = parts.urls.baseFor(headers['host']);
      return putUser(parts, call, { baseUrl, headers: forwarded(headers), peer });
    },
  });
  return [route('/user'), route('/user/:mpinId')];
}

async function putUser(parts: RegistrationParts, call: Call, client: Client): Promise<Answer> {
  const asked = readRequest(call.body);
  const mpinId = canonicalMpinId(call.params[0]);
  const known = mpinId === undefined ? undefined : await parts.store.registration(mpinId);
  // An identity that is unknown, or whose registration has ended, silently becomes a new one:
  // clients take whatever mpinId they are given.
  const registration =
    known === undefined
      ? await register(parts, asked, client)
      : await restart(parts, known, asked, client);
  return answer(200, {
    mpinId: registration.mpinId,
    regOTT: registration.regOTT,
    expireTime: isoMicros(registration.expiresAtMs),
    nowTime: isoMicros(parts.clock.now()),
    active: registration.active,
  });
}

/** A new registration. The client's own regOTT, if it sends one, is not looked at. */
async function register(
  parts: RegistrationParts,
  asked: UserRequest,
  client: Client,
): Promise<Registration> {
  const { store, clock, options } = parts;
  const { userId, mobile, deviceName } = asked;
  const nowMs = clock.now();
  const registration: Registration = {
    mpinId: issueMpinId(userId, mobile, nowMs),
    userId,
    mobile,
    regOTT: randomToken(options.OTTLength),
    deviceName,
    active: false,
    activations: 0,
    issued: false,
    expiresAtMs: nowMs + options.VerifyUserExpireSeconds * 1000,
  };
  const { mpinId } = registration;
  // Before the RPA is asked, because it may confirm before it answers.
  await store.putRegistration(registration);
  try {
    if (await verify(parts, registration, asked, client)) await store.activate(mpinId);
  } catch (error) {
    await store.dropRegistration(mpinId, false);
    throw error;
  }
  return (await store.registration(mpinId)) ?? registration;
}

/**
 * The same identity over again: its person is who it was issued for, whatever the request says
 * (contract §13, 2). The old registration stays until the RPA has agreed (contract §13, 17).
 */
async function restart(
  parts: RegistrationParts,
  known: Registration,
  asked: UserRequest,
  client: Client,
): Promise<Registration> {
  const { store, clock, options } = parts;
  if (!secretEquals(asked.regOTT, known.regOTT)) throw new HttpError(400, 'Invalid regOTT');
  if (asked.userId !== known.userId) throw new HttpError(400, 'userId is not of this identity');
  const renewed: Registration = {
    ...known,
    deviceName: asked.deviceName === '' ? known.deviceName : asked.deviceName,
    active: false,
    issued: false,
    expiresAtMs: clock.now() + options.VerifyUserExpireSeconds * 1000,
  };
  const active = await verify(parts, renewed, asked, client, true);
  // An activation that came while the RPA was asked has raised the stored count above ours, by
  // which the store knows to keep it.
  await store.putRegistration({ ...renewed, active });
  return (await store.registration(known.mpinId)) ?? renewed;
}

/** Has the RPA confirm the person; true when it does so at once. */
async function verify(
  { credentials, rpa, audit }: RegistrationParts,
  registration: Registration,
  asked: UserRequest,
  client: Client,
  resend = false,
): Promise<boolean> {
  const { mpinId, regOTT, userId, mobile, deviceName, expiresAtMs } = registration;
  const { userData, activateCode } = asked;
  const request = {
    userId,
    mpinId,
    mobile,
    activateKey: activateKey(credentials.appKey, mpinId, regOTT),
    expireTime: isoSeconds(expiresAtMs),
    resend,
    deviceName,
    userData,
    ...(activateCode === undefined ? {} : { activateCode }),
  };
  const event = { event: 'registration', mpinId, userId, peer: client.peer } as const;
  const how = resend ? 'again' : undefined;
  try {
    const active = await rpa.verifyUser(request, client);
    audit({ ...event, how });
    if (active) audit({ ...event, event: 'activation', how: 'at registration' });
    return active;
  } catch (error) {
    audit({ ...event, ok: false, how });
    throw error;
  }
}

function readRequest(bytes: Uint8Array): UserRequest {
  const body = parseJsonObject(bytes);
  if (body === undefined) throw new HttpError(400, 'The body is not a JSON object');
  return {
    userId: userIdOf(body),
    mobile: mobileOf(body),
    deviceName: deviceNameOf(body),
    userData: body['userData'] ?? '',
    activateCode: body['activateCode'] ?? undefined,
    regOTT: textField(body, 'regOTT') ?? '',
  };
}

function userIdOf(body: JsonObject): string {
  const userId = textField(body, 'userId');
  if (userId === undefined || userId.trim() === '') throw new HttpError(400, 'Missing userId');
  if (userId.length > USER_ID_LENGTH_MAX) throw new HttpError(400, 'userId is too long');
  if (!isUserId(userId)) {
    throw new HttpError(400, 'userId has characters that are not allowed');
  }
  return userId;
}

/** 0 or 1, as a number, a text or a boolean; absent is 0. */
function mobileOf(body: JsonObject): 0 | 1 {
  const mobile = body['mobile'] ?? 0;
  if (mobile === 1 || mobile === '1' || mobile === true) return 1;
  if (mobile === 0 || mobile === '0' || mobile === false || mobile === '') return 0;
  throw new HttpError(400, 'mobile is neither 0 nor 1');
}

/** `deviceName` is what clients send, `deviceId` what the documents call it (contract §12). */
function deviceNameOf(body: JsonObject): string {
  const name = body['deviceName'] ?? body['deviceId'] ?? '';
  if (typeof name !== 'string' || CONTROL.test(name) || name.length > DEVICE_NAME_LENGTH_MAX) {
    throw new HttpError(400, 'deviceName is not a text, or too long');
  }
  return name;
}
