/** What the tests of the D-TA and of the hosted side need: running services and signed queries. */
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Test } from 'tap';
import type { DtaOptions } from '../../src/config/dta.js';
import { dtaOptions } from '../../src/config/dta.js';
import type { HostedOptions } from '../../src/config/hosted.js';
import { hostedOptions } from '../../src/config/hosted.js';
import type { OptionTable } from '../../src/config/option.js';
import { startDta } from '../../src/ta/dta.js';
import { startHosted } from '../../src/ta/hosted.js';

/** The tests' present: noon, so that no expiry crosses midnight. */
export const NOW = Date.parse('2024-02-29T12:00:00Z');
export const TODAY = NOW / 1000 / 86_400 - 0.5;
/** Options of a role whose backup is encrypted. */
export const ENCRYPTED = { encrypt_master_secret: true, passphrase: 'the passphrase' } as const;

export interface Application {
  readonly app_id: string;
  readonly app_key: string;
}

export const APP: Application = { app_id: 'a1'.repeat(16), app_key: 'the key of the application' };
export const OTHER: Application = { app_id: 'b2'.repeat(16), app_key: 'another key' };

/** A context with a clock that a test can set, and what was logged. */
export function quietContext() {
  const lines: string[] = [];
  const time = { now: NOW };
  return {
    log: pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) }),
    clock: { now: () => time.now },
    time,
    logged: () => lines.join(''),
  };
}

export function credentialsFile(folder: string, { app_id, app_key }: Application): string {
  const file = join(folder, `credentials-${app_id}.json`);
  writeFileSync(file, JSON.stringify({ app_id, app_key, api_url: 'http://127.0.0.1:1/' }));
  return file;
}

const initial = (table: OptionTable) =>
  Object.fromEntries(Object.entries(table).map(([name, spec]) => [name, spec.initial]));

export function dtaOptionsIn(folder: string, more: Partial<DtaOptions> = {}): DtaOptions {
  return {
    ...(initial(dtaOptions) as DtaOptions),
    port: 0,
    credentialsFile: credentialsFile(folder, APP),
    backup_file: join(folder, 'backup.json'),
    // Most tests are not about the backup, and its encryption is slow on purpose.
    encrypt_master_secret: false,
    ...more,
  };
}

export function hostedOptionsIn(folder: string, more: Partial<HostedOptions> = {}): HostedOptions {
  return {
    ...(initial(hostedOptions) as HostedOptions),
    port: 0,
    dtaPort: 0,
    credentialsFile: [credentialsFile(folder, APP), credentialsFile(folder, OTHER)],
    backup_file: join(folder, 'hosted-backup.json'),
    permitsFolder: join(folder, 'permits'),
    permitsIdentitiesFolder: join(folder, 'permit-identities'),
    // Most tests are not about the backup, and its encryption is slow on purpose.
    encrypt_master_secret: false,
    ...more,
  };
}

/** A folder of its own for every call, gone with the test. */
export function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'mpin-ta-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A D-TA that stops with the test. */
export async function runDta(t: Test, more: Partial<DtaOptions> = {}) {
  const context = quietContext();
  const options = dtaOptionsIn(folderOf(t), more);
  const role = await startDta(options, context);
  t.teardown(() => role.stop());
  return { ...context, options, address: role.address, stop: () => role.stop() };
}

/** A hosted side that stops with the test. */
export async function runHosted(t: Test, more: Partial<HostedOptions> = {}) {
  const context = quietContext();
  const options = hostedOptionsIn(folderOf(t), more);
  const role = await startHosted(options, context);
  t.teardown(() => role.stop());
  return { ...context, ...role, options, stop: () => role.stop() };
}

export interface Got {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

/** GET of a JSON object, whatever its status. */
export async function get(url: string, init: RequestInit = {}): Promise<Got> {
  const reply = await fetch(url, init);
  return {
    status: reply.status,
    headers: reply.headers,
    body: (await reply.json()) as Got['body'],
  };
}

type Fields = Record<string, string>;

export const query = (path: string, fields: Fields) => `${path}?${new URLSearchParams(fields)}`;

/** HMAC of contract §7, made here independently: over `text`, with the key as text. */
export const hmac = (key: string, text: string) =>
  createHmac('sha256', key).update(text).digest('hex');

export const iso = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

/** The signed fields of each query; `change` takes effect before the signature is made. */
export function clientSecretFields(hash: string, app = APP, change: Fields = {}): Fields {
  const fields = {
    app_id: app.app_id,
    expires: iso(NOW + 60_000),
    hash_mpin_id: hash,
    hash_user_id: '',
    mobile: '0',
    ...change,
  };
  const { app_id, hash_mpin_id, hash_user_id, expires } = fields;
  const text = `clientSecret${app_id}${hash_mpin_id}${hash_user_id}${expires}`;
  return { ...fields, signature: hmac(app.app_key, text) };
}

export function serviceFields(service: string, app = APP, change: Fields = {}): Fields {
  const fields = { app_id: app.app_id, expires: iso(NOW + 60_000), ...change };
  const signature = hmac(app.app_key, `${service}${fields.app_id}${fields.expires}`);
  return { ...fields, signature };
}

export function permitFields(hash: string, app = APP, more: Fields = {}): Fields {
  return { hash_mpin_id: hash, signature: hmac(app.app_key, hash), ...more };
}

/** A copy without one field. */
export function without(fields: Fields, name: string): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([key]) => key !== name));
}
