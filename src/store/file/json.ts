/**
 * What of a store is worth keeping, as JSON: failures and revocations, which never end, and
 * registrations under way. Challenges, results and meetings live for seconds, permits can be had
 * again. Identities are named by the SHA-256 of the mpin_id in hex.
 *
 *   { "format": "mpin-store", "version": 1,
 *     "failures": { "<identity>": { "failures": 2, "others": 0 }, … },
 *     "revoked": [ "<identity>", … ],
 *     "registrations": [ { "mpinId": …, "userId": …, "mobile": 0, "regOTT": …, "deviceName": …,
 *       "active": true, "activations": 1, "issued": false, "expiresAtMs": … }, … ] }
 */
import type { FailureCounts } from '../once.js';
import type { Registration } from '../store.js';

export const JSON_FORMAT = 'mpin-store';
export const JSON_VERSION = 1;

const HASH = /^[0-9a-f]{64}$/;
const FAILURES_MAX = 2 ** 32 - 1;

export interface Kept {
  /** By the hash of the identity. */
  readonly failures: Iterable<readonly [string, FailureCounts]>;
  /** Hashes of identities. */
  readonly revoked: Iterable<string>;
  readonly registrations: Iterable<Registration>;
}

/** The text in pieces: the whole may be larger than a string can be. */
export function* writeKept({ failures, revoked, registrations }: Kept): Generator<string> {
  yield `{\n"format": "${JSON_FORMAT}",\n"version": ${JSON_VERSION},\n"failures": {`;
  let comma = '';
  for (const [identity, counts] of failures) {
    yield `${comma}\n"${identity}": ${JSON.stringify(counts)}`;
    comma = ',';
  }
  yield '\n},\n"revoked": [';
  comma = '';
  for (const identity of revoked) {
    yield `${comma}\n"${identity}"`;
    comma = ',';
  }
  yield '\n],\n"registrations": [';
  comma = '';
  for (const registration of registrations) {
    yield `${comma}\n${JSON.stringify(registration)}`;
    comma = ',';
  }
  yield '\n]\n}\n';
}

/** @throws Error in one line for any other text; nothing of the text is in it */
export function readKept(text: string): Kept {
  const { format, version, failures, revoked, registrations } = objectOf(text);
  if (format !== JSON_FORMAT || version !== JSON_VERSION) {
    throw new Error(
      `it is not of the format "${JSON_FORMAT}", version ${JSON_VERSION}. The JSON storage of ` +
        'other servers is not documented, so it cannot be read: start without it, people who ' +
        'were registering begin anew',
    );
  }
  const counts = Object.entries(isObject(failures) ? failures : {});
  const good =
    isObject(failures) &&
    counts.every(([identity, count]) => HASH.test(identity) && areCounts(count)) &&
    Array.isArray(revoked) &&
    revoked.every((identity) => typeof identity === 'string' && HASH.test(identity)) &&
    Array.isArray(registrations) &&
    registrations.every(isRegistration);
  if (!good) throw new Error('an entry of it is not what it should be');
  return { failures: counts as [string, FailureCounts][], revoked, registrations };
}

function objectOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // Said below, in words that quote nothing.
  }
  throw new Error('it is not a JSON object');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function areCounts(value: unknown): value is FailureCounts {
  return isObject(value) && isCount(value['failures']) && isCount(value['others']);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= FAILURES_MAX;
}

function isRegistration(value: unknown): value is Registration {
  if (!isObject(value)) return false;
  const { mpinId, userId, mobile, regOTT, deviceName, active, activations, issued } = value;
  return (
    [mpinId, userId, regOTT, deviceName].every((text) => typeof text === 'string') &&
    /^([0-9a-f]{2})+$/.test(`${mpinId}`) &&
    (mobile === 0 || mobile === 1) &&
    typeof active === 'boolean' &&
    typeof issued === 'boolean' &&
    Number.isSafeInteger(activations) &&
    Number.isSafeInteger(value['expiresAtMs'])
  );
}
