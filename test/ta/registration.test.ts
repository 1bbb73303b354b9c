/** Registration of applications, their keys, and what the proxy refuses and writes down. */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type ApplicationStore, openApplications } from '../../src/ta/application-store.js';
import { startHosted } from '../../src/ta/hosted.js';
import { UsedOnce } from '../../src/ta/used-once.js';
import { ensureBuilt, freePorts, mpin, startMpin, until } from '../e2e/program.js';
import {
  API_SETTINGS,
  CLIENT_SECRET,
  type Fields,
  HASH,
  permits,
  SERVER_SECRET,
} from './endpoints.js';
import {
  APP,
  type Application,
  clientSecretFields,
  credentialsFile,
  folderOf,
  get,
  hmac,
  hostedOptionsIn,
  NOW,
  permitFields,
  query,
  quietContext,
  runDta,
  runHosted,
  serviceFields,
} from './services.js';
import { clientOf } from './system.js';

/** Programs are started, which takes long where cores are few. */
t.setTimeout(180_000);

const INSTALLER_KEY = 'the key of the installer';
const SIGNED = ['method', 'path', 'installation_type', 'timestamp', 'user_contact_hex'] as const;

/** A time as Python prints it: microseconds, no zone. */
const micros = (ms: number) => new Date(ms).toISOString().replace('Z', '000');

/** The request of contract §7; `change` takes effect before the signature is made. */
function request(change: Fields = {}, key = INSTALLER_KEY): Fields {
  const fields: Fields = {
    method: 'POST',
    path: 'getCommunityCredentials',
    installation_type: 'mpincore',
    timestamp: micros(NOW),
    user_contact_hex: Buffer.from('me@example.com').toString('hex'),
    ...change,
  };
  const text = SIGNED.map((name) => fields[name]).join('');
  return { ...fields, signature: hmac(key, text) };
}

const post = (url: string, body: unknown) =>
  get(url, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) });

/** A hosted side where customers can register. */
async function runRegistration(t: Test, more: Parameters<typeof hostedOptionsIn>[1] = {}) {
  const applicationsFolder = join(folderOf(t), 'applications');
  const options = { applicationsFolder, installerKey: INSTALLER_KEY, credentialsFile: [] };
  const hosted = await runHosted(t, { ...options, ...more });
  const register = (body: unknown = request(), prefix = '') =>
    post(`${hosted.address}${prefix}/getCommunityCredentials`, body);
  return { ...hosted, applicationsFolder, register };
}

/** A request that no other test has signed: each is taken once. */
let requests = 0;
const fresh = (change: Fields = {}) => {
  requests += 1;
  return request({ timestamp: micros(NOW + requests), ...change });
};

t.test('a signed request gets the credentials of a new application, once', async (t) => {
  const hosted = await runRegistration(t);
  const { address, register } = hosted;
  for (const prefix of ['', '/v3', '/v0.3']) {
    const { status, body } = await register(fresh(), prefix);
    t.equal(status, 200);
    t.same(Object.keys(body).sort(), ['api_url', 'app_id', 'app_key']);
    t.match(body, { app_id: /^[0-9a-f]{32}$/, app_key: /^[0-9a-f]{64}$/ });
    t.equal(body['api_url'], `${address}/`, 'with its final slash');
    const app = body as unknown as Application;
    const asked = query('/clientSecret', clientSecretFields(HASH, app));
    t.equal((await get(address + asked)).status, 200, 'it can ask at once');
    t.notMatch(hosted.logged(), app.app_key);
  }
  const one = fresh();
  t.equal((await register(one)).status, 200);
  const again = await register(one);
  t.equal(again.status, 401);
  t.match(again.body, { message: /used before/ });
  const python = fresh({ timestamp: new Date(NOW).toISOString().slice(0, 19) });
  t.equal((await register(python)).status, 200, 'Python leaves out a fraction of zero');
  t.match(hosted.logged(), /"event":"register".*"status":200/);
});

t.test('each kind of bad request is refused with its status', async (t) => {
  const { register, address } = await runRegistration(t);
  const far = 301_000;
  const cases: [string, unknown, number, RegExp][] = [
    ['no JSON', 'x', 403, /not a JSON object/],
    ['a list', '[]', 403, /not a JSON object/],
    ['another key', request({}, 'another'), 401, /^Invalid signature/],
    ['a changed field', { ...request(), user_contact_hex: 'ab' }, 401, /^Invalid signature/],
    ['a short signature', { ...request(), signature: 'ab' }, 401, /^Invalid signature/],
    ['too late', request({ timestamp: micros(NOW - far) }), 408, /expired/],
    ['too early', request({ timestamp: micros(NOW + far) }), 408, /expired/],
    ['another method', request({ method: 'GET' }), 403, /argument method/],
    ['another path', request({ path: 'x' }), 403, /argument path/],
    ['a zone', request({ timestamp: `${micros(NOW)}Z` }), 403, /argument timestamp/],
    ['no time', request({ timestamp: '2024-02-30T12:00:00' }), 403, /argument timestamp/],
    ['no hex', request({ user_contact_hex: 'xy' }), 403, /argument user_contact_hex/],
    ['half a byte', request({ user_contact_hex: 'abc' }), 403, /argument user_contact_hex/],
    ['a long contact', request({ user_contact_hex: 'ab'.repeat(600) }), 403, /user_contact_hex/],
    ['a type', request({ installation_type: 'a b' }), 403, /argument installation_type/],
    ['a number', { ...request(), timestamp: 5 }, 403, /Missing argument timestamp/],
    ...SIGNED.map((name): [string, unknown, number, RegExp] => [
      `no ${name}`,
      { ...request(), [name]: undefined },
      403,
      new RegExp(`Missing argument ${name}`),
    ]),
    ['no signature', { ...request(), signature: undefined }, 403, /Missing argument signature/],
  ];
  for (const [why, body, status, message] of cases) {
    const got = await register(body);
    t.equal(got.status, status, why);
    t.match(got.body, { code: status, message });
  }
  const large = request({ user_contact_hex: 'ab'.repeat(4000) });
  t.equal((await register(large)).status, 413, 'too large');
  t.equal((await get(`${address}/getCommunityCredentials`)).status, 405, 'GET');
  const closed = await runRegistration(t, { installerKey: '' });
  t.equal((await closed.register(request({}, ''))).status, 401, 'without a key nobody registers');
  const { address: none } = await runHosted(t);
  t.equal((await post(`${none}/getCommunityCredentials`, request())).status, 404, 'no service');
});

t.test('registrations are bounded by the hour and in all', async (t) => {
  const few = await runRegistration(t, { applicationsMax: 1 });
  t.equal((await few.register(fresh())).status, 200);
  t.equal((await few.register(fresh())).status, 503);
  const slow = await runRegistration(t, { registrationsPerHour: 1 });
  const ends: number[] = [];
  for (let count = 0; count < 22; count += 1) ends.push((await slow.register(fresh())).status);
  t.same(ends, [...Array(20).fill(200), 429, 429]);
});

t.test('a new key takes over from the old one, which ends after the overlap', async (t) => {
  const { address, register, time, logged } = await runRegistration(t, { keyOverlapHours: 1 });
  const first = (await register(fresh())).body as unknown as Application;
  const rotateBy = (app: Application, change: Fields = {}) =>
    post(
      address + query('/v3/rotateCredentials', serviceFields('rotateCredentials', app, change)),
      '',
    );
  const works = async (app: Application) =>
    (await get(address + query('/timePermit', permitFields(HASH, app, { app_id: app.app_id }))))
      .status;
  const rotated = await rotateBy(first);
  t.equal(rotated.status, 200);
  const second = rotated.body as unknown as Application;
  t.equal(second.app_id, first.app_id);
  t.not(second.app_key, first.app_key);
  t.same([await works(first), await works(second)], [200, 200]);
  t.equal((await rotateBy(first)).status, 401, 'the same question again');
  const expires = new Date(NOW + 50_000).toISOString().replace('.000', '');
  const third = (await rotateBy(first, { expires })).body as unknown as Application;
  t.same(
    [await works(first), await works(second), await works(third)],
    [200, 401, 200],
    'who lost the answer asks again with the old key, which stays good',
  );
  time.now += 3_600_001;
  t.same([await works(first), await works(third)], [401, 200]);
  for (const { app_key } of [first, second, third]) t.notMatch(logged(), app_key);
});

t.test('applications outlive the process, and disabled ones are answered no more', async (t) => {
  const folder = join(folderOf(t), 'applications');
  const use = async (what: (store: ApplicationStore) => Promise<unknown>) => {
    const store = openApplications(folder, () => NOW);
    try {
      await what(store);
    } finally {
      await store.close();
    }
  };
  let appId = '';
  await use(async (store) => {
    appId = (await store.issue('ab')).appId;
    t.ok(await store.takeOnce('token', NOW + 1000));
  });
  t.equal(fs.statSync(folder).mode & 0o777, 0o700);
  for (const name of fs.readdirSync(folder)) {
    t.equal(fs.statSync(join(folder, name)).mode & 0o777, 0o600, name);
  }
  await use(async (store) => {
    t.match(store.find(appId), { appId, keys: [/^[0-9a-f]{64}$/] });
    t.notOk(await store.takeOnce('token', NOW + 1000), 'a used token stays used');
    t.ok(await store.setDisabled(appId, true));
    t.equal(store.find(appId), undefined);
    t.notOk(await store.setDisabled('unknown', true));
    t.equal(await store.rotateKey('unknown', { overlapMs: 1 }), undefined);
    t.same([store.count(), [...store.list()].length], [1, 1]);
  });
  await use(async (store) => {
    t.equal(store.find(appId), undefined, 'disabled for good');
    t.ok(await store.setDisabled(appId, false));
    t.match(store.find(appId), { appId });
  });
});

t.test('the applications of files and the registered ones are served together', async (t) => {
  const folder = folderOf(t);
  const files = [credentialsFile(folder, APP), join(folder, 'none.json')];
  const { address, register, logged } = await runRegistration(t, { credentialsFile: files });
  const app = (await register(fresh())).body as unknown as Application;
  for (const one of [app, APP]) {
    const asked = query('/serverSecret', serviceFields('serverSecret', one));
    t.equal((await get(address + asked)).status, 200);
  }
  t.match(logged(), /none\.json.*registered ones are served/);
  const anonymous = await get(address + query('/timePermit', permitFields(HASH, APP)));
  t.equal(anonymous.status, 401, 'without app_id there is no telling whose it is');
  const fixed = query('/rotateCredentials', serviceFields('rotateCredentials', APP));
  t.equal((await post(address + fixed, '')).status, 403, 'a key in a file is changed there');
});

t.test('an application that asks too much gets 429, others do not', async (t) => {
  const limits = { applicationRequestsPerSecond: 1, applicationRequestsBurst: 2 };
  const { address, register } = await runRegistration(t, limits);
  const [one, other] = [(await register(fresh())).body, (await register(fresh())).body];
  const ask = (app: unknown) =>
    get(address + query('/clientSecret', clientSecretFields(HASH, app as Application)));
  const forged = { ...(one as unknown as Application), app_key: 'x' };
  for (let count = 0; count < 5; count += 1) t.equal((await ask(forged)).status, 401);
  t.same([(await ask(one)).status, (await ask(one)).status], [200, 200], 'forgeries cost nothing');
  const refused = await ask(one);
  t.equal(refused.status, 429);
  t.equal(refused.headers.get('retry-after'), '1');
  t.equal((await ask(other)).status, 200);
});

t.test('revoked identities get nothing, and a broken list ends no revocation', async (t) => {
  const revocationFile = join(folderOf(t), 'revoked');
  const other = createHash('sha256').update('other').digest('hex');
  fs.writeFileSync(revocationFile, `# left us\n\n${HASH.toUpperCase()} # jo\n`);
  const { address, logged } = await runHosted(t, { revocationFile });
  const statuses = async (hash: string) => [
    (await get(address + query('/clientSecret', clientSecretFields(hash)))).status,
    (
      await get(
        `${address}/v3${query('/timePermit', permitFields(hash, APP, { app_id: APP.app_id }))}`,
      )
    ).status,
  ];
  t.same(await statuses(HASH), [410, 410]);
  t.same(await statuses(other), [200, 200]);
  const forged = { ...clientSecretFields(HASH), signature: '0'.repeat(64) };
  t.equal((await get(address + query('/clientSecret', forged))).status, 401, 'nobody else learns');
  fs.writeFileSync(revocationFile, 'not a hash\n');
  await until('the refusal', () => /line 1 is not a hash_mpin_id/.test(logged()));
  t.same(await statuses(HASH), [410, 410], 'the list before it holds');
  fs.writeFileSync(revocationFile, `${other}\n`);
  await until('the new list', () => /read the revocations anew/.test(logged()));
  t.same(await statuses(HASH), [200, 200]);
  t.same(await statuses(other), [410, 410]);
  for (const file of [join(revocationFile, 'none'), folderOf(t)]) {
    const options = hostedOptionsIn(folderOf(t), { revocationFile: file });
    await t.rejects(startHosted(options, quietContext()), { message: /ENOTDIR|EISDIR/ });
  }
});

t.test('the audit has a line for each question, and no secret', async (t) => {
  const auditFile = join(folderOf(t), 'audit', 'lines');
  const { address } = await runHosted(t, { auditFile });
  const good = clientSecretFields(HASH);
  const { body } = await get(address + query('/clientSecret', good));
  const bad = { ...serviceFields('serverSecret'), app_id: 'a b' };
  await get(address + query('/serverSecret', bad));
  await get(address + query('/timePermit', permitFields(HASH, APP, { app_id: 'unknown' })));
  const lines = fs.readFileSync(auditFile, 'utf8').trim().split('\n');
  t.match(
    lines.map((line) => JSON.parse(line)),
    [
      { event: 'clientSecret', application: APP.app_id, identity: HASH, status: 200 },
      { event: 'serverSecret', application: undefined, status: 403, peer: '127.0.0.1' },
      { event: 'timePermit', application: 'unknown', status: 401, why: 'Invalid signature' },
    ],
  );
  t.equal(fs.statSync(auditFile).mode & 0o777, 0o600);
  for (const text of [body['clientSecret'], good['signature'], APP.app_key]) {
    t.notOk(lines.join().includes(`${text}`));
  }
});

t.test('with replay protection a signature is good once', async (t) => {
  const roles = [
    await runHosted(t, { replayProtection: true }),
    await runDta(t, { replayProtection: true }),
  ];
  for (const { address, time } of roles) {
    for (const { path, sign } of [CLIENT_SECRET, SERVER_SECRET]) {
      const asked = address + query(path, sign(APP));
      t.equal((await get(asked)).status, 200);
      const again = await get(asked);
      t.equal(again.status, 401);
      t.match(again.body, { message: 'Invalid signature: it was used before' });
      const upper = { ...sign(APP), signature: `${sign(APP)['signature']}`.toUpperCase() };
      t.equal((await get(address + query(path, upper))).status, 401, 'in any case');
    }
    time.now += 61_000;
    t.equal((await get(address + query('/serverSecret', SERVER_SECRET.sign(APP)))).status, 408);
    const { path, sign } = permits('/timePermit', {});
    const permit = address + query(path, sign(APP));
    t.same([(await get(permit)).status, (await get(permit)).status], [200, 200], 'permits may');
  }
  const [hosted] = roles;
  if (hosted !== undefined) hosted.time.now = NOW;
  const settings = `${hosted?.address}${query('/apiSettings', API_SETTINGS.sign(APP))}`;
  t.same([(await get(settings)).status, (await get(settings)).status], [200, 401]);
});

t.test(
  'signatures are remembered for their life, and no more than there is room for',
  async (t) => {
    const once = new UsedOnce({ lifeMs: 100, max: 3 });
    const take = (text: string, nowMs: number) => once.take(text.padEnd(64, '0'), nowMs);
    t.same([take('a', 1000), take('a', 1000), take('b', 1099)], ['taken', 'used', 'taken']);
    t.equal(take('b', 1150), 'used', 'across a turn');
    t.equal(take('c', 1150), 'taken');
    t.equal(take('d', 1160), 'full');
    t.equal(take('d', 1260), 'taken', 'what has expired makes room');
    t.equal(take('c', 1249), 'used');
    t.equal(take('a', 9000), 'taken');
  },
);

/** The program in a folder: commands that end well, and roles that stop with the test. */
function programIn(t: Test, cwd: string) {
  const env = { MPIN_LOG_LEVEL: 'INFO' };
  const run = async (...args: string[]) => {
    const ended = await mpin(args, { cwd });
    t.equal(ended.code, 0, `${args.slice(0, 2).join(' ')}: ${ended.stderr}`);
    return ended.stdout;
  };
  const serve = async (role: string, ...flags: string[]) => {
    const { child, stderr, ended } = startMpin([role, ...flags], { cwd, env });
    t.teardown(async () => {
      child.kill('SIGTERM');
      await ended;
    });
    await until(`${role} listening`, () => /"msg":"listening"/.test(stderr()), stderr);
    return stderr;
  };
  return { run, serve };
}

t.test('from registration to a login, by the program alone', async (t) => {
  await ensureBuilt();
  const cwd = folderOf(t);
  const [hostedPort, dtaBehind, dtaPort, rpsPort, rpaPort] = await freePorts(5);
  const url = (port: number | undefined) => `http://127.0.0.1:${port}`;
  const { run, serve } = programIn(t, cwd);
  fs.writeFileSync(join(cwd, 'passphrase'), 'of both\n');
  fs.writeFileSync(join(cwd, 'installer-key'), `${INSTALLER_KEY}\n`);
  const passphrase = '--passphrase-file=passphrase';
  const hostedLog = await serve(
    'hosted',
    ...[`--port=${hostedPort}`, `--dta-port=${dtaBehind}`, '--applications-folder=apps'],
    ...['--installer-key-file=installer-key', passphrase],
  );
  const said = await run(
    ...['credentials', 'get', `--registration-url=${url(hostedPort)}/v3/`, '--server-secret'],
    ...['--installer-key-file=installer-key', '--user-contact=me@example.com'],
  );
  const file = join(cwd, 'credentials.json');
  const issued = JSON.parse(fs.readFileSync(file, 'utf8'));
  t.match(said, issued.app_id);
  t.match(issued, { api_url: `${url(hostedPort)}/`, certivox_server_secret: /^[0-9a-f]{256}$/ });
  t.equal(fs.statSync(file).mode & 0o777, 0o600);
  t.match(await run('credentials', 'show'), /app_key +present\n.*certivox_server_secret +present/s);
  t.match(await run('applications', 'list', '--applications-folder=apps'), /active.*me@example/);

  const dta = await serve('dta', `--port=${dtaPort}`, passphrase);
  const rps = await serve(
    'rps',
    ...[`--port=${rpsPort}`, `--dta-local-url=${url(dtaPort)}`, `--rps-base-url=${url(rpaPort)}`],
    ...[`--rpa-verify-user-url=${url(rpaPort)}/mpinVerify`, '--crypto-threads=1'],
    ...[`--rpa-authenticate-user-url=${url(rpaPort)}/mpinAuthenticate`],
    '--certivox-server-secret=credentials.json',
  );
  await serve('rpa', `--port=${rpaPort}`, `--rps-url=${url(rpsPort)}`);
  const client = clientOf(url(rpaPort));
  await until('the secret', () => /have the local share/.test(rps()), rps);
  await client.register({ userId: 'me@example.com', pin: '1234' });
  await t.resolves(client.login({ userId: 'me@example.com', pin: '1234' }));

  fs.chmodSync(file, 0o644);
  await run('credentials', 'rotate');
  t.equal(fs.statSync(file).mode & 0o777, 0o640, 'a group that reads it goes on, others do not');
  const rotated = JSON.parse(fs.readFileSync(file, 'utf8'));
  t.equal(rotated.previous_app_key, issued.app_key);
  t.not(rotated.app_key, issued.app_key);
  await t.resolves(client.login({ userId: 'me@example.com', pin: '1234' }), 'by the old key still');
  await until('the new key', () => /signing with the new app_key/.test(rps()), rps);
  fs.writeFileSync(file, JSON.stringify({ ...rotated, previous_app_key: '' }));
  await until('both reads', () => dta().split('read the credentials anew').length === 3, dta);
  const later = clientOf(url(rpaPort));
  await later.register({ userId: 'you@example.com', pin: '4321' });
  await t.resolves(later.login({ userId: 'you@example.com', pin: '4321' }), 'by the new key alone');
  const more = ['--user-contact=x', '--installer-key-file=installer-key'];
  const get = ['credentials', 'get', `--registration-url=${url(hostedPort)}`, ...more];
  const again = await mpin(get, { cwd });
  t.equal(again.code, 1);
  t.match(again.stderr, /credentials\.json exists already, and is not replaced/);
  const appId = `--app-id=${issued.app_id}`;
  await run('applications', 'disable', '--applications-folder=apps', appId);
  const refused = await mpin(['credentials', 'server-secret'], { cwd });
  t.match(refused.stderr, /answered 401: Invalid signature/);
  await run('applications', 'enable', '--applications-folder=apps', appId);
  await run('credentials', 'server-secret');
  for (const key of [issued.app_key, rotated.app_key, INSTALLER_KEY]) {
    t.notMatch(hostedLog() + rps() + dta(), key);
  }
});
