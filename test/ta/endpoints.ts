/** The endpoints that take a signature, and every way in which one of them may be asked wrongly. */
import { randomBytes } from 'node:crypto';
import type { Test } from 'tap';
import {
  APP,
  type Application,
  clientSecretFields,
  get,
  iso,
  NOW,
  permitFields,
  query,
  serviceFields,
  without,
} from './services.js';

/** The identity that is asked for. */
export const HASH = randomBytes(32).toString('hex');

export type Fields = Record<string, string>;

/** An endpoint that takes a signature: how to sign for it, and what it checks. */
export interface Endpoint {
  readonly path: string;
  readonly sign: (app: Application, change?: Fields) => Fields;
  readonly expires: boolean;
}

export const CLIENT_SECRET: Endpoint = {
  path: '/clientSecret',
  sign: (app, change = {}) => clientSecretFields(change['hash_mpin_id'] ?? HASH, app, change),
  expires: true,
};
export const SERVER_SECRET: Endpoint = {
  path: '/serverSecret',
  sign: (app, change) => serviceFields('serverSecret', app, change),
  expires: true,
};
export const API_SETTINGS: Endpoint = {
  path: '/apiSettings',
  sign: (app, change) => serviceFields('apiSettings', app, change),
  expires: true,
};
export const permits = (path: string, more: Fields): Endpoint => ({
  path,
  sign: (app, change = {}) =>
    permitFields(change['hash_mpin_id'] ?? HASH, app, { app_id: app.app_id, ...more, ...change }),
  expires: false,
});

/** Every kind of bad query, with its status (contract §7, §13, 21). */
export async function refusals(t: Test, base: string, endpoint: Endpoint): Promise<void> {
  const { path, sign } = endpoint;
  const good = sign(APP);
  const refused = async (why: string, status: number, fields: Fields, message: RegExp) => {
    const { status: got, body, headers } = await get(base + query(path, fields));
    t.equal(got, status, `${path}: ${why}`);
    t.equal(body['code'], status);
    t.match(body['message'], message);
    t.equal(headers.get('www-authenticate'), status === 401 ? 'Authenticate' : null);
    t.equal(headers.get('access-control-allow-origin'), '*');
    t.equal(headers.get('cache-control'), 'no-store');
  };
  t.equal((await get(base + query(path, good))).status, 200, `${path}: the good one`);
  const invalid = /^Invalid signature/;
  const last = (good['signature'] as string).endsWith('0') ? '1' : '0';
  const forged = `${good['signature']?.slice(0, -1)}${last}`;
  await refused('another signature', 401, { ...good, signature: forged }, invalid);
  await refused('a short one', 401, { ...good, signature: 'abc' }, invalid);
  await refused('not hex', 401, { ...good, signature: 'x'.repeat(64) }, invalid);
  const otherKey = { ...APP, app_key: 'wrong key' };
  await refused('of another key', 401, sign(otherKey), invalid);
  const keyAsHex = { ...APP, app_key: Buffer.from(APP.app_key).toString('hex') };
  await refused('of the key in hex', 401, sign(keyAsHex), invalid);
  await refused('no signature', 403, without(good, 'signature'), /Missing argument signature/);
  await refused('an empty one', 403, { ...good, signature: '' }, /Missing argument signature/);
  await refused('another app_id', 401, { ...good, app_id: 'c3'.repeat(16) }, invalid);
  const unknown = { app_id: 'unknown', app_key: APP.app_key };
  await refused('an unknown application', 401, sign(unknown), invalid);
  await refused('a strange app_id', 403, sign(APP, { app_id: 'a b' }), /app_id/);
  if (good['hash_mpin_id'] !== undefined) await hashRefusals(refused, endpoint, good);
  if (endpoint.expires) await expiryRefusals(refused, endpoint, good);
}

type Refused = (why: string, status: number, fields: Fields, message: RegExp) => Promise<void>;

async function hashRefusals(refused: Refused, { sign }: Endpoint, good: Fields): Promise<void> {
  const words = /argument hash_mpin_id/;
  await refused('no hash', 403, without(good, 'hash_mpin_id'), words);
  for (const hash of ['', 'zz'.repeat(32), HASH.slice(2), `${HASH}00`, `${HASH} `]) {
    await refused(`the hash "${hash}"`, 403, sign(APP, { hash_mpin_id: hash }), words);
  }
  const other = randomBytes(32).toString('hex');
  await refused('another hash', 401, { ...good, hash_mpin_id: other }, /Invalid signature/);
}

async function expiryRefusals(refused: Refused, { sign }: Endpoint, good: Fields): Promise<void> {
  await refused('no app_id', 403, without(good, 'app_id'), /Missing argument app_id/);
  await refused('no expires', 403, without(good, 'expires'), /Missing argument expires/);
  const malformed = ['soon', '2024-02-29 12:01:00Z', '2024-02-29T12:01:00', '2024-02-30T12:01:00Z'];
  for (const expires of [...malformed, '2024-02-29T12:01:00.5Z', `${NOW}`]) {
    await refused(`expires ${expires}`, 403, sign(APP, { expires }), /Invalid argument expires/);
  }
  await refused('expired', 408, sign(APP, { expires: iso(NOW - 1000) }), /^Request expired$/);
  await refused('just expired', 408, sign(APP, { expires: iso(NOW) }), /^Request expired$/);
  await refused('far ahead', 401, sign(APP, { expires: iso(NOW + 301_000) }), /too far ahead/);
  await refused('a moved expiry', 401, { ...good, expires: iso(NOW + 59_000) }, /Invalid sig/);
}
