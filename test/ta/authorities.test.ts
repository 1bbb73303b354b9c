import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { PoolError } from '../../src/crypto/pool.js';
import { type Call, HttpError } from '../../src/http/call.js';
import { openBackup } from '../../src/ta/backup.js';
import { startDta } from '../../src/ta/dta.js';
import { dtaRoutes } from '../../src/ta/dta-routes.js';
import { startHosted } from '../../src/ta/hosted.js';
import * as oracle from '../crypto/oracle.js';
import {
  API_SETTINGS,
  CLIENT_SECRET,
  type Fields,
  HASH,
  permits,
  refusals,
  SERVER_SECRET,
} from './endpoints.js';
import {
  APP,
  clientSecretFields,
  dtaOptionsIn,
  ENCRYPTED,
  folderOf,
  get,
  hmac,
  hostedOptionsIn,
  iso,
  NOW,
  OTHER,
  permitFields,
  query,
  quietContext,
  runDta,
  runHosted,
  serviceFields,
  TODAY,
  without,
} from './services.js';

const hashBytes = new Uint8Array(Buffer.from(HASH, 'hex'));
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** The master secret that a role has written to its backup. */
async function secretIn(file: string): Promise<Uint8Array> {
  const key = { passphrase: '', salt: '' };
  return (await openBackup(readFileSync(file, 'utf8'), key)).secret;
}

/** One of each for all tests that change nothing but the clock: a start is what takes time. */
const shared = { dta: await runDta(t), hosted: await runHosted(t) };

t.test('the D-TA gives the shares of its own secret', async (t) => {
  const { dta } = shared;
  const master = await secretIn(dta.options.backup_file);
  const server = await get(dta.address + query('/serverSecret', serviceFields('serverSecret')));
  const share = hex(oracle.serverSecretShare(master));
  const startTime = iso(NOW);
  t.same(server.body, { serverSecret: share, startTime, message: 'OK' }, 'the server secret');
  const client = await get(dta.address + query('/clientSecret', clientSecretFields(HASH)));
  const clientSecret = hex(oracle.clientSecretShare(master, hashBytes));
  t.same(client.body, { clientSecret, message: 'OK' }, 'the client secret');
  const today = hex(oracle.timePermitShare(master, hashBytes, TODAY));
  const permit = await get(dta.address + query('/timePermit', permitFields(HASH)));
  t.same(permit.body, { timePermit: today, message: 'OK' }, 'the permit of today');
  const status = await get(`${dta.address}/status`);
  const body = { startTime: [startTime], service_name: 'D-TA server', message: 'OK' };
  t.same([status.status, status.body], [200, body], 'the status, its time a list of one');
  t.notMatch(dta.logged(), new RegExp(`${hex(master)}|${share}|${clientSecret}|${today}`));
});

t.test('permits are given by date, for 1 to 31 days from today', async (t) => {
  const { dta } = shared;
  const master = await secretIn(dta.options.backup_file);
  const ask = (count?: string) => {
    const more: Fields = count === undefined ? {} : { count };
    return get(dta.address + query('/timePermits', permitFields(HASH, APP, more)));
  };
  const three = await ask('3');
  const days = [0, 1, 2].map((ahead) => TODAY + ahead);
  const expected = days.map((day) => [day, hex(oracle.timePermitShare(master, hashBytes, day))]);
  t.same(three.body, { timePermits: Object.fromEntries(expected), message: 'OK' });
  t.equal(Object.keys((await ask('1')).body['timePermits'] as object).length, 1);
  t.equal(Object.keys((await ask('31')).body['timePermits'] as object).length, 31);
  for (const count of ['0', '32', '-1', '1.5', '1e1', '99999999999', 'x', ' 3', '']) {
    const { status, body } = await ask(count);
    t.equal(status, 403, `count "${count}"`);
    t.match(body, { code: 403, message: /argument count/ });
  }
  t.equal((await ask()).status, 403, 'no count');
  t.teardown(() => {
    dta.time.now = NOW;
  });
  dta.time.now = NOW + 12 * 3_600_000;
  const tomorrow = await ask('1');
  t.same(Object.keys(tomorrow.body['timePermits'] as object), [`${TODAY + 1}`], 'after midnight');
});

t.test('the D-TA refuses every bad query with its documented status', async (t) => {
  const { address } = shared.dta;
  await refusals(t, address, CLIENT_SECRET);
  await refusals(t, address, SERVER_SECRET);
  await refusals(t, address, permits('/timePermit', {}));
  await refusals(t, address, permits('/timePermits', { count: '2' }));
});

t.test('what clients vary in a query does not matter', async (t) => {
  const { address } = shared.dta;
  const ask = async (fields: Fields) =>
    (await get(address + query('/clientSecret', fields))).body['clientSecret'];
  const expected = await ask(clientSecretFields(HASH));
  t.match(expected, /^04[0-9a-f]{128}$/);
  t.equal(await ask(without(clientSecretFields(HASH), 'hash_user_id')), expected, 'no user hash');
  t.equal(await ask(without(clientSecretFields(HASH), 'mobile')), expected, 'no mobile');
  t.equal(await ask({ ...clientSecretFields(HASH), more: 'x' }), expected, 'unknown fields');
  t.equal(await ask(clientSecretFields(HASH.toUpperCase())), expected, 'upper-case hex');
  const signed = clientSecretFields(HASH);
  const upper = (signed['signature'] as string).toUpperCase();
  t.equal(await ask({ ...signed, signature: upper }), expected, 'an upper-case signature');
  const withUser = clientSecretFields(HASH, APP, { hash_user_id: 'ab'.repeat(32) });
  t.equal(await ask(withUser), expected, 'a user hash that is signed');
  const path = query('/clientSecret', clientSecretFields(HASH, APP, { hash_user_id: 'ab' }));
  t.equal((await get(address + path)).status, 403, 'a user hash of another form');
  const doubled = `${address}/${query('/clientSecret', clientSecretFields(HASH))}`;
  t.equal((await get(doubled)).status, 200, 'a doubled slash');
});

t.test('fields cannot be moved across their borders, nor services swapped', async (t) => {
  const { address } = shared.dta;
  const good = clientSecretFields(HASH);
  const moved = { ...good, app_id: APP.app_id + HASH.slice(0, 2), hash_mpin_id: HASH.slice(2) };
  t.equal((await get(address + query('/clientSecret', moved))).status, 403);
  const settings = serviceFields('apiSettings');
  t.equal((await get(address + query('/serverSecret', settings))).status, 401);
  const repeated = `${query('/clientSecret', good)}&hash_mpin_id=${'00'.repeat(32)}`;
  const { body } = await get(address + repeated);
  const once = await get(address + query('/clientSecret', good));
  t.equal(body['clientSecret'], once.body['clientSecret'], 'the first of two counts: as verified');
});

t.test('a restart keeps the secret, another passphrase is refused', async (t) => {
  const options = dtaOptionsIn(folderOf(t), ENCRYPTED);
  const shares: unknown[] = [];
  for (const _ of [1, 2]) {
    const role = await startDta(options, quietContext());
    const reply = await get(role.address + query('/serverSecret', serviceFields('serverSecret')));
    shares.push(reply.body['serverSecret']);
    await role.stop();
    await t.rejects(fetch(role.address), 'stopped');
  }
  t.equal(shares[0], shares[1]);
  const wrong = { ...options, passphrase: 'wrong' };
  await t.rejects(startDta(wrong, quietContext()), { message: /backup\.json: .*passphrase/ });
  const none = { ...options, passphrase: '' };
  await t.rejects(startDta(none, quietContext()), { message: /backup\.json: .*passphrase/ });
});

t.test('a start that cannot work says why', async (t) => {
  const running = shared.dta;
  const port = Number(new URL(running.address).port);
  const folder = folderOf(t);
  const busy = dtaOptionsIn(folder, { port });
  await t.rejects(startDta(busy, quietContext()), { message: `127.0.0.1:${port}` });
  const missing = { ...busy, credentialsFile: join(folder, 'none.json') };
  await t.rejects(startDta(missing, quietContext()), { message: /none\.json.*ENOENT/ });
});

t.test('only listed networks may ask the D-TA, beyond loopback only on demand', async (t) => {
  const address = '0.0.0.0';
  for (const reachable of [address, '192.0.2.1', '::', 'localhost', '']) {
    const options = dtaOptionsIn(folderOf(t), { address: reachable });
    await t.rejects(startDta(options, quietContext()), { message: /never be reachable in public/ });
  }
  const allowed = { address, allowPublicAddress: true, allowFrom: ['10.0.0.0/8'] };
  const dta = await runDta(t, allowed);
  const { status, body } = await get(`http://127.0.0.1:${new URL(dta.address).port}/status`);
  t.equal(status, 403);
  t.match(body, { code: 403, message: String });
  t.match(dta.logged(), /never be reachable in public/);
});

t.test('preflights and unknown paths are answered in JSON', async (t) => {
  const { dta } = shared;
  const { hosted } = shared;
  for (const base of [dta.address, hosted.address]) {
    for (const path of ['/clientSecret', '/timePermits', '/status', '/nowhere/at/all']) {
      const headers = {
        Origin: 'https://app.example',
        'Access-Control-Request-Method': 'GET',
        'Access-Control-Request-Headers': 'content-type',
      };
      const reply = await get(base + path, { method: 'OPTIONS', headers });
      t.equal(reply.status, 200, `OPTIONS ${path}`);
      t.equal(reply.body['message'], 'options request');
      t.equal(reply.headers.get('access-control-allow-origin'), '*');
      t.equal(reply.headers.get('access-control-allow-credentials'), null);
      t.equal(reply.headers.get('access-control-allow-methods'), 'GET, OPTIONS');
      for (const name of [/content-type/i, /pragma/i, /expires/i]) {
        t.match(reply.headers.get('access-control-allow-headers'), name);
      }
    }
    const missing = await get(`${base}/nowhere`, { headers: { Origin: 'https://app.example' } });
    t.equal(missing.status, 404);
    t.match(missing.body, { code: 404, message: 'URI NOT FOUND' });
    t.equal(missing.headers.get('access-control-allow-origin'), '*');
    const posted = await fetch(`${base}/clientSecret`, { method: 'POST', body: '{}' });
    t.equal(posted.status, 405);
    t.type((await posted.json()) as object, Object);
  }
});

/** A GET as a route sees it. */
const callOf = (text: string): Call => ({
  method: 'GET',
  path: '/',
  params: [],
  query: text,
  peer: '127.0.0.1',
  headers: {},
  body: new Uint8Array(),
  aborted: new AbortController().signal,
});

t.test('a failing or full pool is told apart', async (t) => {
  const errors: [Error, number][] = [
    [new PoolError('full', 'full'), 503],
    [new PoolError('unavailable', 'dead'), 500],
    [new Error('anything'), 500],
  ];
  for (const [error, status] of errors) {
    const fail = () => Promise.reject(error);
    const { log, clock } = quietContext();
    const routes = dtaRoutes({
      shares: {
        startTime: iso(NOW),
        serverSecrets: fail,
        clientSecret: fail,
        timePermits: fail,
      },
      find: () => ({ appId: APP.app_id, keys: [APP.app_key] }),
      clock,
      log,
    });
    const asked: [string, Fields][] = [
      ['/serverSecret', serviceFields('serverSecret')],
      ['/clientSecret', clientSecretFields(HASH)],
      ['/timePermit', permitFields(HASH)],
      ['/timePermits', permitFields(HASH, APP, { count: '2' })],
    ];
    for (const [path, fields] of asked) {
      const route = routes.find((one) => one.path === path);
      const call = callOf(query('', fields).slice(1));
      const thrown = await Promise.resolve(route?.handle(call)).catch((reason: unknown) => reason);
      t.ok(thrown instanceof HttpError);
      t.equal((thrown as HttpError).status, status, `${path}: ${error.message}`);
      if (status === 503) t.equal((thrown as HttpError).headers['Retry-After'], '1');
      else t.match((thrown as HttpError).message, /generation failed/);
    }
  }
});

t.test(
  'the proxy gives the shares of a second secret, at the root and below prefixes',
  async (t) => {
    const { dta } = shared;
    const { hosted } = shared;
    const master = await secretIn(hosted.options.backup_file);
    t.notSame(master, await secretIn(dta.options.backup_file), 'two secrets');
    const version = '3';
    for (const prefix of ['', '/v3', '/v0.3', '//v3']) {
      const base = hosted.address + prefix;
      for (const app of [APP, OTHER]) {
        const client = await get(base + query('/clientSecret', clientSecretFields(HASH, app)));
        const clientSecret = hex(oracle.clientSecretShare(master, hashBytes));
        t.same(client.body, { clientSecret, message: 'OK', version }, `${prefix}/clientSecret`);
        const server = await get(base + query('/serverSecret', serviceFields('serverSecret', app)));
        const serverSecret = hex(oracle.serverSecretShare(master));
        t.same(server.body, { serverSecret, startTime: iso(NOW), message: 'OK', version });
        const fields = permitFields(HASH, app, { app_id: app.app_id, mobile: '1' });
        const permit = await get(base + query('/timePermit', fields));
        const timePermit = hex(oracle.timePermitShare(master, hashBytes, TODAY));
        t.same(permit.body, { timePermit, message: 'OK', version });
      }
      t.same((await get(`${base}/time`)).body, { Time: '2024-02-29T12:00:00Z' });
      const status = await get(`${base}/status`);
      t.match(status.body, { message: 'OK', version, startTime: [iso(NOW)] });
    }
  },
);

t.test('the proxy refuses every bad query with its documented status', async (t) => {
  const { address } = shared.hosted;
  for (const base of [address, `${address}/v3`]) {
    await refusals(t, base, CLIENT_SECRET);
    await refusals(t, base, SERVER_SECRET);
    await refusals(t, base, API_SETTINGS);
    await refusals(t, base, permits('/timePermit', {}));
  }
  const crossed = { ...clientSecretFields(HASH, OTHER), app_id: APP.app_id };
  t.equal((await get(address + query('/clientSecret', crossed))).status, 401, "another's key");
  const anonymous = await get(address + query('/timePermit', permitFields(HASH)));
  t.equal(anonymous.status, 401, 'a permit without app_id, where there are two applications');
});

t.test('with one application a permit may be asked for without app_id', async (t) => {
  const folder = folderOf(t);
  const { credentialsFile } = dtaOptionsIn(folder);
  const { address } = await runHosted(t, { credentialsFile: [credentialsFile] });
  t.equal((await get(address + query('/timePermit', permitFields(HASH)))).status, 200);
});

t.test('apiSettings tells where permits are stored, and a signed query more', async (t) => {
  const { hosted } = shared;
  const open = await get(`${hosted.address}/apiSettings`);
  const settings = {
    timePermitsStorageURL: `${hosted.address}/permits`,
    managementConsoleURL: '',
    message: 'OK',
    version: '3',
  };
  t.same([open.status, open.body], [200, settings]);
  const signed = await get(hosted.address + query('/apiSettings', serviceFields('apiSettings')));
  t.same([signed.status, signed.body], [200, { ...settings, license_info: {} }]);
  t.equal(hosted.apiUrl, `${hosted.address}/`);
  const managementConsoleURL = 'https://console.example';
  const named = await runHosted(t, { apiUrl: 'https://api.example/v3/', managementConsoleURL });
  t.equal(named.apiUrl, 'https://api.example/v3/');
  const timePermitsStorageURL = 'https://api.example/v3/permits';
  const { body } = await get(`${named.address}/apiSettings`);
  t.match(body, { timePermitsStorageURL, managementConsoleURL });
});

t.test('a permit that is not stored is a 404 in JSON that pages may read', async (t) => {
  const { address } = shared.hosted;
  for (const prefix of ['', '/v3']) {
    const unknown = randomBytes(32).toString('hex');
    const url = `${address}${prefix}/permits/${APP.app_id}/${TODAY}/${unknown}`;
    const reply = await get(url, { headers: { Origin: 'https://app.example' } });
    t.equal(reply.status, 404);
    t.match(reply.body, { code: 404, message: 'No such time permit', version: '3' });
    t.equal(reply.headers.get('access-control-allow-origin'), '*');
  }
});

t.test('the D-TA behind the proxy is on loopback and answers its proxy alone', async (t) => {
  const { hosted } = shared;
  t.match(hosted.dtaAddress, /^http:\/\/127\.0\.0\.1:\d+$/);
  t.not(hosted.dtaAddress, hosted.address);
  const direct = await get(hosted.dtaAddress + query('/clientSecret', clientSecretFields(HASH)));
  t.equal(direct.status, 401, 'the application itself has no way past the proxy');
  t.equal((await get(`${hosted.dtaAddress}/status`)).status, 200);
  for (const dtaAddress of ['0.0.0.0', '192.0.2.1', '::', 'localhost', '']) {
    const options = hostedOptionsIn(folderOf(t), { dtaAddress });
    await t.rejects(startHosted(options, quietContext()), { message: /no loopback address/ });
  }
});

t.test('a D-TA that is gone is a 503, and time goes on', async (t) => {
  const folder = folderOf(t);
  const faulty = await t.mockImport<typeof import('../../src/ta/hosted.js')>(
    '../../src/ta/hosted.js',
    {
      '../../src/ta/authority.js': {
        startAuthority: async () => ({
          // The discard port of this machine: nobody listens there.
          address: 'http://127.0.0.1:9',
          ready: Promise.resolve(),
          stop: () => Promise.resolve(),
        }),
      },
    },
  );
  const hosted = await faulty.startHosted(hostedOptionsIn(folder), quietContext());
  t.teardown(() => hosted.stop());
  const reply = await get(hosted.address + query('/clientSecret', clientSecretFields(HASH)));
  t.equal(reply.status, 503);
  t.match(reply.body, { code: 503, message: /cannot be reached/, version: '3' });
  t.equal(reply.headers.get('retry-after'), '1');
  t.equal((await get(`${hosted.address}/status`)).status, 503);
  t.equal((await get(`${hosted.address}/time`)).status, 200);
});

t.test('options of the hosted side that cannot be meant end the start', async (t) => {
  const folder = folderOf(t);
  const file = dtaOptionsIn(folder).credentialsFile;
  const cases: [Parameters<typeof hostedOptionsIn>[1], RegExp][] = [
    [{ credentialsFile: [] }, /names no application/],
    [{ credentialsFile: [file, file] }, /two files have the app_id/],
    [{ credentialsFile: [join(folder, 'none.json')] }, /none\.json/],
    [{ apiUrl: 'ftp://x' }, /apiUrl "ftp:\/\/x" is no http or https URL/],
    [{ apiUrl: 'https://x/?y' }, /apiUrl/],
    [{ timePermitsStorageURL: 'x' }, /timePermitsStorageURL "x"/],
    [{ apiPrefixes: ['v3'] }, /"v3" is no path such as \/v3/],
    [{ apiPrefixes: ['/v3/'] }, /"\/v3\/" is no path/],
    [{ ...ENCRYPTED, passphrase: '' }, /hosted-backup\.json: .*passphrase/],
  ];
  for (const [more, words] of cases) {
    await t.rejects(startHosted(hostedOptionsIn(folder, more), quietContext()), { message: words });
  }
});

t.test('a port of the proxy that is in use stops its D-TA too', async (t) => {
  const { hosted } = shared;
  const folder = folderOf(t);
  const port = Number(new URL(hosted.address).port);
  const options = hostedOptionsIn(folder, { port });
  await t.rejects(startHosted(options, quietContext()), { message: `127.0.0.1:${port}` });
});

t.test('shares of both authorities add up to a login by milagro-crypto-js', async (t) => {
  const { dta } = shared;
  const { hosted } = shared;
  const mpinId = new TextEncoder().encode('{"userID": "somebody"}');
  const hash = hex(oracle.hashId(mpinId));
  const both = async (path: string, fields: Fields, name: string) =>
    Promise.all(
      [dta.address, hosted.address].map(async (base) => {
        const { body } = await get(base + query(path, fields));
        return new Uint8Array(Buffer.from(body[name] as string, 'hex'));
      }),
    ) as Promise<[Uint8Array, Uint8Array]>;
  const fields = clientSecretFields(hash);
  const clientSecret = oracle.addG1(...(await both('/clientSecret', fields, 'clientSecret')));
  const permit = permitFields(hash, APP, { app_id: APP.app_id });
  const timePermit = oracle.addG1(...(await both('/timePermit', permit, 'timePermit')));
  const service = serviceFields('serverSecret');
  const serverSecret = oracle.addG2(...(await both('/serverSecret', service, 'serverSecret')));
  const date = TODAY;
  const token = oracle.extractPin(mpinId, 1234, clientSecret);
  const y = new Uint8Array(32).fill(7);
  for (const [pin, status] of [
    [1234, 0],
    [4321, -19],
  ] as const) {
    const x = new Uint8Array(32).fill(5);
    const { u, ut, sec } = oracle.clientPass1({ mpinId, pin, token, timePermit, date, x });
    const v = oracle.clientPass2({ x, y, sec });
    t.equal(oracle.verify(serverSecret, { mpinId, date, u, ut, y, v }), status, `PIN ${pin}`);
  }
});

t.test('the signature is that of the contract', (t) => {
  t.match(hmac('super secret', 'Hello world!'), /^f577954e[0-9a-f]+cd4b53$/);
  t.end();
});
