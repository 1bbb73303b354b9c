/**
 * The registration service (contract §7): gives new customers the credentials of an application,
 * and later a new key. Both questions are good once only, as their answers are keys.
 */
import { type Answer, answer, type Call, HttpError, queryOf, type Route } from '../http/call.js';
import { parseJsonObject, textField } from '../http/json.js';
import { Buckets } from '../http/rates.js';
import { type Clock, parseIsoMicros } from '../protocol/clock.js';
import { signService, verifySignature } from '../protocol/signature.js';
import type { ApplicationStore, StoredApplication } from './application-store.js';
import type { Audit } from './audit.js';
import { EXPIRES_AHEAD_MS_MAX, type FindApplication, serviceQuery } from './signed-query.js';

/** Difference of clocks, and time on the way, that a new customer is granted, in milliseconds. */
const TIMESTAMP_MS_MAX = 300_000;
/** What people say of themselves: an address and a name. */
const CONTACT_HEX_MAX = 1024;
/** Longest request: all of its fields are short but the contact. */
const BODY_BYTES_MAX = 4096;
const SECONDS_AN_HOUR = 3600;

export interface RegistrationParts {
  readonly applications: ApplicationStore;
  /** Signs for new customers. Secret; '' when none may come. */
  readonly installerKey: string;
  readonly find: FindApplication;
  readonly clock: Clock;
  readonly audit: Audit;
  /** Public base URL with its final slash. */
  readonly apiUrl: () => string;
  /** How long an old app_key is good after a rotation. */
  readonly keyOverlapMs: number;
  readonly registrationsPerHour: number;
  readonly applicationsMax: number;
}

export function registrationRoutes(
  parts: RegistrationParts,
  prefixes: readonly string[],
): readonly Route[] {
  const rate = { perSecond: parts.registrationsPerHour / SECONDS_AN_HOUR, burst: BURST };
  const buckets = new Buckets(rate, 1);
  const post = (path: string, handle: (call: Call) => Promise<Answer>): Route => ({
    method: 'POST',
    path,
    access: 'public',
    bodyBytesMax: BODY_BYTES_MAX,
    handle,
  });
  return ['', ...prefixes].flatMap((prefix) => [
    post(`${prefix}/getCommunityCredentials`, (call) =>
      parts.audit.of({ event: 'register', peer: call.peer }, () => register(parts, buckets, call)),
    ),
    post(`${prefix}/rotateCredentials`, (call) => {
      const application = queryOf(call).get('app_id');
      const event = { event: 'rotateCredentials', application, peer: call.peer };
      return parts.audit.of(event, () => rotate(parts, call));
    }),
  ]);
}

/** Installations that come at once, as when a school class sets itself up. */
const BURST = 20;

interface Asked {
  readonly contactHex: string;
  readonly timestampMs: number;
  readonly signature: string;
}

async function register(
  parts: RegistrationParts,
  buckets: Buckets,
  { body }: Call,
): Promise<Answer> {
  const { applications, clock } = parts;
  const nowMs = clock.now();
  const { contactHex, timestampMs, signature } = authentic(parts, body);
  if (Math.abs(nowMs - timestampMs) > TIMESTAMP_MS_MAX) {
    throw new HttpError(408, 'Request expired: is the clock right?');
  }
  if (applications.count() >= parts.applicationsMax) {
    throw new HttpError(503, 'No room for further applications');
  }
  await once(applications, signature, timestampMs + TIMESTAMP_MS_MAX);
  const waitSeconds = buckets.take('', nowMs);
  if (waitSeconds > 0) {
    throw new HttpError(429, 'Too many registrations', { 'Retry-After': `${waitSeconds}` });
  }
  return credentials(parts, await applications.issue(contactHex));
}

/** The fields of a request, once its signature is found to be of the installer's key. */
function authentic({ installerKey }: RegistrationParts, body: Uint8Array): Asked {
  const object = parseJsonObject(body);
  if (object === undefined) throw new HttpError(403, 'The body is not a JSON object');
  const field = (name: string, form: RegExp): string => {
    const value = textField(object, name);
    if (value === undefined || value === '') throw new HttpError(403, `Missing argument ${name}`);
    if (!form.test(value)) throw new HttpError(403, `Invalid argument ${name}`);
    return value;
  };
  const signed = [
    field('method', /^POST$/),
    field('path', /^getCommunityCredentials$/),
    field('installation_type', /^[\w.-]{1,64}$/),
    field('timestamp', /^[\d:T.-]{1,32}$/),
    field('user_contact_hex', /^(?:[0-9a-fA-F]{2})+$/),
  ];
  const [, , , timestamp, contactHex] = signed as [string, string, string, string, string];
  const timestampMs = parseIsoMicros(timestamp);
  if (timestampMs === undefined) throw new HttpError(403, 'Invalid argument timestamp');
  if (contactHex.length > CONTACT_HEX_MAX) {
    throw new HttpError(403, 'Invalid argument user_contact_hex');
  }
  const signature = field('signature', /^[0-9a-fA-F]{1,64}$/).toLowerCase();
  if (installerKey === '' || !verifySignature(installerKey, signature, ...signed)) {
    throw new HttpError(401, 'Invalid signature');
  }
  return { contactHex, timestampMs, signature };
}

/** A new key for who can sign with the present one, or with the one before it. */
async function rotate(parts: RegistrationParts, call: Call): Promise<Answer> {
  const { applications, clock, keyOverlapMs } = parts;
  const query = queryOf(call);
  const { appId, keys } = serviceQuery('rotateCredentials', query, parts);
  if (applications.get(appId) === undefined) {
    throw new HttpError(403, 'The key of this application is kept in a file, and changed there');
  }
  const signature = `${query.get('signature')}`.toLowerCase();
  await once(applications, signature, clock.now() + EXPIRES_AHEAD_MS_MAX);
  const fields = { appId, expires: `${query.get('expires')}` };
  const keep = keys.find((key) => signService(key, 'rotateCredentials', fields) === signature);
  if (keep === undefined) throw new HttpError(401, 'Invalid signature');
  const rotated = await applications.rotateKey(appId, { overlapMs: keyOverlapMs, keep });
  if (rotated === undefined) throw new HttpError(401, 'Invalid signature');
  return credentials(parts, rotated);
}

async function once(store: ApplicationStore, signature: string, untilMs: number): Promise<void> {
  if (await store.takeOnce(signature, untilMs)) return;
  throw new HttpError(401, 'Invalid signature: it was used before');
}

/** The content of a credentials.json. */
function credentials({ apiUrl }: RegistrationParts, { appId, appKey }: StoredApplication): Answer {
  return answer(200, { app_id: appId, app_key: appKey, api_url: apiUrl() });
}
