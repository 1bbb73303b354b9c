/** Where the server secret comes from, how it is put together, and how it changes. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import t from 'tap';
import { loadOptions } from '../../src/config/load.js';
import { rpsOptions } from '../../src/config/rps.js';
import { addG2, randomSecret, serverSecretShare } from '../../src/crypto/index.js';
import { AuthorityError, type DatedShare } from '../../src/rps/authority.js';
import { LiveCredentials } from '../../src/rps/live-credentials.js';
import { startRps } from '../../src/rps/rps.js';
import { sumsOf } from '../../src/rps/server-secret.js';
import { Verifiers } from '../../src/rps/verifiers.js';
import { until } from '../e2e/program.js';
import { startWorld, toHex, World } from './harness.js';
import { APP_ID, APP_KEY } from './neighbours.js';

const OLDEST = Number.NEGATIVE_INFINITY;
const newShare = () => serverSecretShare(randomSecret());
const copies = (shares: readonly DatedShare[]) =>
  shares.map(({ share, fromMs }) => ({ share: Uint8Array.from(share), fromMs }));

t.test('the server secrets are the sums of the shares in use, newest first', async (t) => {
  const [a1, a2, b1, b2, c] = [newShare(), newShare(), newShare(), newShare(), newShare()];
  const a = [
    { share: a1, fromMs: OLDEST },
    { share: a2, fromMs: 200 },
  ];
  const b = [
    { share: b1, fromMs: OLDEST },
    { share: b2, fromMs: 100 },
  ];
  const third = [{ share: c, fromMs: OLDEST }];
  const sums = (...all: DatedShare[][]) =>
    sumsOf(all.map(copies)).map(({ share, fromMs }) => [toHex(share), fromMs]);
  const sum = (...[first, ...others]: [Uint8Array, ...Uint8Array[]]) =>
    toHex(others.reduce(addG2, first));
  t.same(sums(third, [{ share: b1, fromMs: OLDEST }]), [[sum(c, b1), OLDEST]]);
  t.same(sums(a, b, third), [
    [sum(a2, b2, c), 200],
    [sum(a1, b2, c), 100],
    [sum(a1, b1, c), OLDEST],
  ]);
  const given = [copies(a), copies(b)];
  sumsOf(given);
  t.ok(
    given.flat().every(({ share }) => share.every((byte) => byte === 0)),
    'the shares are wiped',
  );
  const negative = Uint8Array.from(a1);
  const bad = [[{ share: negative.fill(7), fromMs: OLDEST }], third];
  t.throws(() => sumsOf(bad), AuthorityError);
});

t.test('a hosted share that is configured is not asked for', async (t) => {
  const world = new World();
  const { authorities } = world;
  await world.start({ certivoxServerSecret: authorities.hostedServerSecret() }, true);
  t.teardown(() => world.stop());
  const jo = await world.person('jo@example.com');
  t.same([await jo.login(), await jo.login(4321)], [200, 401]);
  t.same(authorities.askedFor('/api/serverSecret'), []);
  t.equal(authorities.askedFor('/serverSecret').length, 1);
});

t.test('a hosted share in the credentials is used, and what is none ends the start', async (t) => {
  const world = await startWorld(t);
  const { authorities, rpa, clock } = world;
  const credentialsFile = join(t.testdir({}), 'credentials.json');
  const options = {
    ...loadOptions(rpsOptions, { env: {}, flags: { port: 0, credentialsFile } }),
    cryptoThreads: 1,
    DTALocalURL: authorities.address,
    RPAVerifyUserURL: `${rpa.address}/verify`,
  };
  const start = (certivoxServerSecret: string, share?: string) => {
    const fields = { app_id: APP_ID, app_key: APP_KEY, certivox_server_secret: share };
    const api_url = `${authorities.address}/api/`;
    writeFileSync(credentialsFile, JSON.stringify({ ...fields, api_url }));
    const context = { log: pino({ level: 'silent' }), clock };
    return startRps({ ...options, certivoxServerSecret }, context);
  };
  const asked = authorities.askedFor('/api/serverSecret').length;
  await world.rps.stop();
  world.rps = await start('credentials.json', authorities.hostedServerSecret());
  await world.rps.ready;
  t.equal(await (await world.person('jo@example.com')).login(), 200);
  t.equal(authorities.askedFor('/api/serverSecret').length, asked, 'nobody was asked');
  const none = /^certivoxServerSecret: the credentials hold no certivox_server_secret of 256 hex/;
  await t.rejects(start('credentials.json'), { message: none });
  const wrong = authorities.hostedServerSecret().slice(1);
  const message = /^certivoxServerSecret: not a share of 256 hex digits$/;
  await t.rejects(start(wrong), { message }, 'and is not shown');
});

t.test('an authority that is gone takes nothing from a running service', async (t) => {
  const world = await startWorld(t, { serverSecretRefreshSeconds: 1 });
  const jo = await world.person('jo@example.com');
  const before = world.authorities.askedFor('/serverSecret').length;
  const asked = (more: number) =>
    until('a refresh', () => world.authorities.askedFor('/serverSecret').length >= before + more);
  for (const body of ['{}', `{"serverSecret":"${'7'.repeat(256)}"}`]) {
    world.authorities.faults.set('/serverSecret', { status: 200, body });
    await asked(1);
    t.equal(await jo.login(), 200);
  }
  world.authorities.faults.set('/serverSecret', { status: 503, body: '{}' });
  await asked(3);
  t.equal(await jo.login(), 200);
});

t.test('addresses of authorities that cannot be meant end the start', async (t) => {
  const cases: [object, RegExp][] = [
    [{ DTALocalURL: '' }, /DTALocalURL: the address of the D-TA is needed/],
    [{ DTALocalURL: 'x' }, /DTALocalURL: "x" is not an http or https URL/],
    [{ DTALocalURL: 'http://a, http://a' }, /DTALocalURL: the same address twice/],
    [{ furtherAuthorityURLs: ['ftp://a'] }, /furtherAuthorityURLs: "ftp:\/\/a" is not/],
  ];
  for (const [options, message] of cases) {
    const world = new World();
    await t.rejects(world.start(options, false), { message });
    await Promise.all([world.authorities.stop(), world.rpa.stop()]);
  }
});

t.test('logins are tried under the secret that their identity was made with first', async (t) => {
  const tried: string[] = [];
  const closed: string[] = [];
  const verifiers = new Verifiers((secret) => {
    const name = `${secret[0]}`;
    const stats = { batches: 1, batchMax: 8, failureRate: 0.5, kernel: 'ifma' };
    const pool = {
      inFlight: 2,
      expectedWaitMs: Number(name),
      stats: () => stats as never,
      findAccepted: async () => {
        tried.push(name);
        return name === '1' ? 0 : -1;
      },
      close: async () => void closed.push(name),
    };
    return { pool, pinErrors: undefined };
  });
  const dated = (name: number, fromMs: number) => ({ share: Uint8Array.of(name), fromMs });
  const issued = (time: string) => toHex(Buffer.from(`{"userID": "x", "issued": "${time}"}`));
  const find = async (mpinId: string) => {
    tried.length = 0;
    return [await verifiers.findAccepted([], mpinId), ...tried];
  };
  t.equal(verifiers.ready, false);
  t.same(await find(''), [-1], 'without a secret nobody logs in');
  t.ok(await verifiers.replace([dated(1, OLDEST)]));
  t.same(await find(''), [0, '1']);
  const since = Date.parse('2024-02-29T12:00:00Z');
  t.ok(await verifiers.replace([dated(2, since), dated(1, OLDEST)]));
  t.notOk(await verifiers.replace([dated(2, since), dated(1, OLDEST)]), 'nothing new');
  t.same(await find(issued('2024-02-29 11:59:59.000000')), [0, '1']);
  t.same(await find(issued('2024-02-29 12:00:00.000000')), [0, '2', '1']);
  t.same(await find(issued('not a time')), [0, '2', '1'], 'the newest where it does not say');
  t.same([verifiers.inFlight, verifiers.expectedWaitMs], [4, 2]);
  t.match(verifiers.stats(), { batches: 2, batchMax: 8, failureRate: 0.5, kernel: 'ifma' });
  t.ok(await verifiers.replace([dated(2, OLDEST)]));
  t.same(closed, ['1'], 'the workers of the one that is gone end, those that stay go on');
  await verifiers.close();
  t.same(closed, ['1', '2']);
});

t.test('credentials that change are taken over, and broken or foreign ones are not', async (t) => {
  const file = join(t.testdir({}), 'credentials.json');
  const fields = { app_id: 'a', app_key: 'first', api_url: 'http://127.0.0.1:1/' };
  const write = (more: object) => writeFileSync(file, JSON.stringify({ ...fields, ...more }));
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  write({});
  const credentials = new LiveCredentials({ file, log, signAfterMs: 50 });
  t.teardown(() => credentials.stop());
  const state = () => [credentials.appKey, ...credentials.appKeys];
  const signing = (key: string) => until(key, () => credentials.appKey === key);
  t.same(state(), ['first', 'first']);

  write({ app_key: 'second', previous_app_key: 'first' });
  credentials.readAgain();
  t.same(state(), ['first', 'second', 'first'], 'known before it signs');
  await signing('second');
  for (const broken of [
    '',
    '{"app_id":',
    '{"app_id":"a"}',
    JSON.stringify({ ...fields, app_id: 'b' }),
  ]) {
    writeFileSync(file, broken);
    credentials.readAgain();
    t.same(state(), ['second', 'second', 'first'], broken);
    t.match(lines.at(-1), /the changed credentials are not taken over: .*credentials\.json: /);
  }
  rmSync(file);
  credentials.readAgain();
  t.match(lines.at(-1), /ENOENT/);
  write({ app_key: 'fourth', previous_app_key: 'third', api_url: 'http://127.0.0.1:2' });
  await signing('fourth');
  t.same([...state(), credentials.apiUrl], ['fourth', 'fourth', 'third', 'http://127.0.0.1:2/']);
  t.notMatch(lines.join(), /first|second|third|fourth/, 'keys are in no log');
});

t.test('a registration begun under the key before is confirmed by it, at SIGHUP too', async (t) => {
  const world = await startWorld(t);
  const { rpa, options } = world;
  rpa.onVerify = () => ({ status: 200, body: '{}' });
  const { mpinId } = (await world.register({ userId: 'jo@example.com' })).json;
  const activateKey = rpa.verifyCalls.at(-1)?.body['activateKey'];
  const confirm = async () => (await world.post(`/user/${mpinId}`, { activateKey })).status;
  const become = (keys: object) => {
    const api_url = `${world.authorities.address}/api/`;
    writeFileSync(options.credentialsFile, JSON.stringify({ app_id: APP_ID, api_url, ...keys }));
    world.rps.reload?.();
  };
  become({ app_key: 'next', previous_app_key: APP_KEY });
  t.equal(await confirm(), 200);
  become({ app_key: 'next' });
  t.equal(await confirm(), 403, 'until the key is taken out');
});
