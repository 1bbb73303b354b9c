/** What changes while an RPS runs: its clock, its randomness, and the options that may. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { entropyOptions, serviceBytes } from '../../src/config/entropy.js';
import { differencesOf, LiveOptions } from '../../src/config/live.js';
import { loadOptions } from '../../src/config/load.js';
import { bool, int, list } from '../../src/config/option.js';
import { rpsOptions } from '../../src/config/rps.js';
import { createOutgoing } from '../../src/http/outgoing.js';
import { mixInService } from '../../src/ops/entropy.js';
import { Repeat, retryMs } from '../../src/ops/repeat.js';
import { TimeSync } from '../../src/ops/time-sync.js';
import { isoSeconds, OffsetClock, parseServerTime } from '../../src/protocol/clock.js';
import { isMixed, mixIn, randomToken } from '../../src/protocol/tokens.js';
import { DynamicOptions } from '../../src/rps/dynamic-options.js';
import { withGivenShare } from '../../src/rps/given-share.js';
import { drawMasterSecret, isMasterSecret } from '../../src/ta/master-secret.js';
import { ensureBuilt, startMpin, until } from '../e2e/program.js';
import { startWorld } from './harness.js';

/** A server that answers every GET as it is told to at the moment. */
class Answering {
  status = 200;
  body: unknown = {};
  readonly asked: string[] = [];
  readonly #server = createServer((request, response) => {
    this.asked.push(request.url ?? '');
    const { body } = this;
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    response.writeHead(this.status).end(text);
  });

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async start(t: Test): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    t.teardown(() => {
      this.#server.closeAllConnections();
      this.#server.close();
    });
    return this;
  }
}

function outgoingOf(t: Test) {
  const outgoing = createOutgoing({ connectionsMax: 2, timeoutMs: 2_000, bodyBytesMax: 4_096 });
  t.teardown(() => outgoing.close());
  return outgoing;
}

/** A log, and what was written to it. */
function listening() {
  const lines: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
  return { log, said: () => lines.join(''), lines };
}

/** A host's clock that stands still. */
const HOST_MS = Date.UTC(2024, 1, 29, 12);

async function syncing(t: Test, settings: { syncTime?: boolean; timePeriod?: number } = {}) {
  const server = await new Answering().start(t);
  const outgoing = outgoingOf(t);
  const host = { ms: HOST_MS };
  const clock = new OffsetClock({ now: () => host.ms });
  const { log, said } = listening();
  const sync = new TimeSync({
    clock,
    ask: () => outgoing.getJson(`${server.url}/api/time`),
    settings: { syncTime: true, timePeriod: 0, timeOffsetMax: 86_400_000, ...settings },
    log,
  });
  t.teardown(() => sync.stop());
  const tells = async (ms: number) => {
    server.body = { Time: isoSeconds(ms) };
    await sync.now();
    return clock.offsetMs;
  };
  return { server, host, clock, sync, said, tells };
}

t.test('a clock that is off follows the hosted side, and a warning says so', async (t) => {
  const { server, host, clock, said, tells } = await syncing(t);
  t.equal(await tells(HOST_MS + 3_600_000), 3_600_500);
  t.equal(clock.now(), HOST_MS + 3_600_500);
  t.same(server.asked, ['/api/time']);
  t.match(said(), /"level":40.*"offsetMs":3600500.*differs from the hosted side/);
  t.equal(await tells(HOST_MS + 3_600_000 + 999), 3_600_500, 'less than the answer can tell');
  t.equal(await tells(HOST_MS - 60_000), -59_500);
  host.ms += 60_000;
  t.equal(await tells(host.ms), 0, 'a host that was set right is believed to the millisecond');
  t.match(said(), /"level":30.*agrees with the hosted side again/);
});

t.test('a difference of a second or less is not one: the answer has whole seconds', async (t) => {
  const { said, tells } = await syncing(t);
  for (const ms of [0, -1, -999]) t.equal(await tells(HOST_MS + ms), 0, String(ms));
  t.equal(said(), '');
});

t.test('without a usable answer the clock stays as it is, with a warning', async (t) => {
  const { server, clock, sync, said, tells } = await syncing(t);
  t.equal(await tells(HOST_MS + 90_000_000), 0);
  t.match(said(), /"level":40.*more than timeOffsetMax allows/);
  await tells(HOST_MS + 10_000);
  for (const body of [{}, { Time: 5 }, { Time: 'yesterday' }, 'x']) {
    server.body = body;
    await sync.now();
    t.equal(clock.offsetMs, 10_500);
  }
  server.status = 500;
  await sync.now();
  t.equal(clock.offsetMs, 10_500);
  const warnings = said()
    .split('\n')
    .filter((line) => line.includes('cannot synchronise'));
  t.equal(warnings.length, 2, 'one for each row of failures');
  t.same([1, 2, 3, 7, 99].map(retryMs), [1_000, 2_000, 4_000, 60_000, 60_000]);
});

t.test(
  'the time is asked for again every timePeriod, and not at all without syncTime',
  async (t) => {
    const { server, tells } = await syncing(t, { timePeriod: 20 });
    await tells(HOST_MS);
    await until('three questions', () => server.asked.length >= 3);
    const off = await syncing(t, { syncTime: false });
    off.clock.offsetMs = 5;
    t.equal(await off.tells(HOST_MS + 60_000), 0, 'the clock of the host alone');
    t.same(off.server.asked, []);
  },
);

t.test('the time is read as the hosted side and its forerunners wrote it', async (t) => {
  const ms = Date.UTC(2016, 9, 11, 13, 58, 15);
  for (const text of ['2016-10-11T13:58:15Z', '2016-10-11 13:58:15Z', '2016-10-11T13:58:15']) {
    t.equal(parseServerTime(text), ms, text);
  }
  for (const text of ['', '2016-10-11', '2016-10-11T13:58:15.5Z', '2016-02-31T13:58:15Z']) {
    t.equal(parseServerTime(text), undefined, text);
  }
});

t.test('work that repeats never overlaps, and calls during a run share the next', async (t) => {
  let running = 0;
  let runs = 0;
  const repeat = new Repeat(async () => {
    running += 1;
    runs += 1;
    t.equal(running, 1);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    return undefined;
  });
  const first = repeat.now();
  await Promise.resolve();
  await Promise.all([first, repeat.now(), repeat.now()]);
  t.equal(runs, 2);
  repeat.stop();
  await repeat.now();
  t.equal(runs, 2);
});

t.test('sources of entropy are read in their old syntax', async (t) => {
  const load = (EntropySources: string) =>
    loadOptions(entropyOptions, { env: {}, flags: { EntropySources } });
  const bytes: [string, number][] = [
    ['dev_urandom:100', 0],
    ['dev_random:40, dev_urandom:60', 0],
    ['certivox', 100],
    ['dev_urandom:60,certivox:40', 40],
    ['certivox:1,dev_random:59,certivox:40', 41],
  ];
  for (const [text, expected] of bytes) t.equal(serviceBytes(load(text)), expected, text);
  t.throws(() => load('dev_urandom:60,lava_lamp:40'), { message: /"lava_lamp" is none of the/ });
  for (const wrong of ['', 'certivox:99', 'certivox:0', 'certivox:1e2', 'dev_random:100:1', ':']) {
    t.throws(() => load(wrong), { name: 'ConfigError' }, wrong);
  }
});

t.test('entropy of a service is mixed in, and nothing depends on it', async (t) => {
  const server = await new Answering().start(t);
  const outgoing = outgoingOf(t);
  const { log, said } = listening();
  const ask = (url: string) => outgoing.getText(url);
  const mix = (url: string) => mixInService(40, { url, ask, log });
  await mixInService(0, { url: server.url, ask, log });
  t.same(server.asked, []);
  for (const body of ['', 'ab', 'zz'.repeat(40), 'ab'.repeat(41), { hex: 'ab' }]) {
    server.body = body;
    await mix(server.url);
  }
  await mix('');
  await mix('http://127.0.0.1:1');
  t.equal(isMixed(), false);
  t.equal(said().match(/"level":40.*operating system's alone/g)?.length, 7);
  server.body = `${'ab'.repeat(40)}\n`;
  await mix(`${server.url}/Generate.svc/`);
  t.equal(isMixed(), true);
  t.equal(server.asked.at(-1), '/Generate.svc/40/hex');
  t.notMatch(said(), 'abab');
});

t.test('what is drawn stays random whatever was mixed in', async (t) => {
  const draws = new Set<string>();
  for (let mixes = 0; mixes < 3; mixes++) {
    // The same again and again, known to everybody: as bad as entropy can be.
    mixIn(new Uint8Array(32));
    for (let drawn = 0; drawn < 2_000; drawn++) draws.add(randomToken(16));
    t.equal(isMasterSecret(drawMasterSecret()), true);
  }
  t.equal(draws.size, 6_000);
  const bits = [...draws].map((token) => BigInt(`0x${token}`).toString(2));
  const ones = bits.reduce((sum, token) => sum + token.replaceAll('0', '').length, 0);
  const expected = 6_000 * 64;
  // Twelve standard deviations: 6000 × 128 bits, each with variance 1/4.
  t.ok(Math.abs(ones - expected) < 12 * Math.sqrt(6_000 * 32), `${ones} ones`);
});

t.test('options are swapped as a whole behind one object', async (t) => {
  const table = {
    port: int(1, 'TCP port', 'x'),
    setDeviceName: bool(false, 'x', { dynamic: true }),
    names: list(['a'], 'x', { dynamic: true }),
  } as const;
  const live = new LiveOptions(table, loadOptions(table, { env: {}, flags: {} }));
  const { options } = live;
  const told: string[][] = [];
  live.onChange((changed) => told.push([...changed, String(options.setDeviceName)]));
  live.apply({ setDeviceName: true, names: ['a'] });
  live.apply({ names: ['a'] });
  t.same(told, [['setDeviceName', 'true']], 'only what differs is told');
  t.same({ ...options }, { port: 1, setDeviceName: true, names: ['a'] });
  t.throws(() => live.apply({ setDeviceName: false, port: 2 }), { message: 'port is not dynamic' });
  t.equal(options.setDeviceName, true, 'all or nothing');
  t.throws(() => Object.assign(options, { setDeviceName: false }), TypeError);
  const after = { port: 2, setDeviceName: false, names: ['a'] };
  t.same(differencesOf(table, options, after), {
    dynamic: { setDeviceName: false },
    restart: ['port'],
  });
});

t.test('dynamic options come at the start and with each POST, under their old names', async (t) => {
  const server = await new Answering().start(t);
  server.body = { time_synchronization: false, something_else: 1 };
  const world = await startWorld(t, { dynamicOptionsURL: `${server.url}/options` });
  const now = async () => (await world.ask('/dynamicOptions')).json;
  t.match(await now(), { time_synchronization: false, time_synchronization_period: 86_400_000 });
  server.body = { time_synchronization: true, time_synchronization_period: '60000' };
  t.match(await now(), { time_synchronization: false }, 'only when asked to');
  t.equal((await world.post('/dynamicOptions', {})).status, 200);
  t.match(await now(), { time_synchronization: true, time_synchronization_period: 60_000 });
  server.body = { time_synchronization: false, time_synchronization_period: -1 };
  const refused = await world.post('/dynamicOptions', {});
  t.equal(refused.status, 500);
  t.match(refused.json['message'], /time_synchronization_period: expected a whole number/);
  t.match(await now(), { time_synchronization: true, time_synchronization_period: 60_000 });
  server.body = { time_synchronization_period: null };
  t.equal((await world.post('/dynamicOptions', {})).status, 200);
  t.match(await now(), { time_synchronization_period: 86_400_000 }, 'null is the default');
  server.status = 404;
  t.match((await world.post('/dynamicOptions', {})).json['message'], /bad-reply \(status 404\)/);
  t.equal(server.asked.length, 5);
  for (const name of Object.keys(await now())) t.match(name, /^(time|mobile)_\w+$/);
});

t.test(
  'all five names of dynamic options are mapped, those that are null to defaults',
  async (t) => {
    const server = await new Answering().start(t);
    const dynamic = { dynamic: true } as const;
    const table = {
      syncTime: bool(true, 'x', dynamic),
      timePeriod: int(1, 'ms', 'x', dynamic),
      mobileUseNative: bool(false, 'x', dynamic),
      mobileConfig: list(['a'], 'x', dynamic),
      mobileService: list([], 'x', dynamic),
    } as const;
    const live = new LiveOptions(table, loadOptions(table, { env: {}, flags: {} }));
    const { log } = listening();
    const parts = { url: server.url, table, live, outgoing: outgoingOf(t), log };
    const options = new DynamicOptions(parts);
    server.body = {
      time_synchronization: false,
      time_synchronization_period: 5,
      mobile_use_native: true,
      mobile_client_config: ['b'],
      mobile_service: null,
    };
    await options.start();
    const expected = { syncTime: false, timePeriod: 5, mobileUseNative: true };
    t.same({ ...live.options }, { ...expected, mobileConfig: ['b'], mobileService: [] });
    for (const local of Object.keys(table)) {
      const spec = Object.entries(rpsOptions).find(([name]) => name === local)?.[1];
      t.ok(spec === undefined || spec.dynamic, `${local} can change while the RPS runs`);
    }
  },
);

t.test('an RPA that starts later is waited for, and without a URL it is all off', async (t) => {
  const server = await new Answering().start(t);
  server.status = 503;
  const world = await startWorld(t, { dynamicOptionsURL: server.url });
  server.status = 200;
  server.body = { time_synchronization: false };
  await until('a second fetch', () => server.asked.length >= 2);
  await until('its options', async () => {
    return (await world.ask('/dynamicOptions')).json['time_synchronization'] === false;
  });
  const off = await startWorld(t);
  t.equal((await off.ask('/dynamicOptions')).status, 403);
  t.equal((await off.post('/dynamicOptions', {})).status, 403);
});

t.test('every dynamic option that clients are told takes effect at once', async (t) => {
  const world = await startWorld(t);
  const settings = async () => (await world.ask('/rps/clientSettings')).json;
  const cases: [string, unknown, unknown][] = [
    ['setDeviceName', true, { setDeviceName: true }],
    ['useNFC', true, { useNFC: true }],
    ['useWebSocket', true, { useWebSocket: true }],
    ['requestOTP', true, { requestOTP: true }],
    ['maxInvalidLoginAttempts', 7, { maxInvalidLoginAttempts: 7 }],
    ['seedValueLength', 16, { seedValue: /^[0-9a-f]{32}$/ }],
    ['RPAAuthenticateUserURL', 'https://x/y', { authenticateURL: 'https://x/y' }],
  ];
  t.match(await settings(), { setDeviceName: false, seedValue: /^[0-9a-f]{200}$/ });
  for (const [name, value, expected] of cases) {
    world.rps.reconfigure?.({ [name]: value });
    t.match(await settings(), expected, name);
  }
  const jo = await world.person('jo@example.com');
  world.rps.reconfigure?.({ maxInvalidLoginAttempts: 1 });
  t.equal(await jo.login(4321), 410);
  t.throws(() => world.rps.reconfigure?.({ port: 1 }), TypeError);
});

t.test(
  'the clock of an RPS is that of the hosted side, also when it is turned on later',
  async (t) => {
    const world = await startWorld(t, { syncTime: false });
    const asked = () => world.authorities.asked.filter((path) => path === '/api/time').length;
    t.equal(asked(), 0);
    const hour = 3_600_000;
    const faulty = { Time: isoSeconds(world.clock.now() + 2 * hour) };
    world.authorities.faults.set('/api/time', { status: 200, body: JSON.stringify(faulty) });
    world.rps.reconfigure?.({ syncTime: true });
    await until('the time', () => asked() === 1);
    await until('its use', async () => {
      const { json } = await world.register({ userId: 'jo@example.com' });
      const issued = Date.parse(`${json['nowTime']}Z`);
      return Math.abs(issued - world.clock.now() - 2 * hour) < 60_000;
    });
  },
);

t.test('the hosted share of the server secret can be configured', async (t) => {
  const world = await startWorld(t);
  const { authorities } = world;
  const asked = () => authorities.askedFor('/api/serverSecret').length;
  const before = asked();
  const restart = async (certivoxServerSecret: string) => {
    await world.rps.stop();
    await world.restart({ certivoxServerSecret });
    await world.rps.ready;
  };
  await restart(authorities.hostedServerSecret());
  const jo = await world.person('jo@example.com');
  t.equal(await jo.login(), 200);
  t.equal(asked(), before, 'nobody was asked for it');
  const refused = await restart('ab'.repeat(128)).catch((error: Error) => error.message);
  t.type(refused, 'string', 'no point of the curve');
  t.notMatch(refused, 'abab');
  for (const none of ['manual', 'credentials.json', 'abc']) {
    await t.rejects(world.restart({ certivoxServerSecret: none }), /certivoxServerSecret: /, none);
  }
});

t.test('the share in the credentials is used when they are named', async (t) => {
  const own = async () => [{ share: new Uint8Array(128), fromMs: 0 }];
  const asked = { sources: ['local', 'hosted', 'hosted 2'].map((name) => ({ name, shares: own })) };
  const credentials = { serverSecretShare: 'ab'.repeat(128) };
  const source = withGivenShare(asked, 'credentials.json', credentials);
  const first = async (index: number) => (await source.sources[index]?.shares())?.[0]?.share[0];
  t.same([await first(0), await first(1), await first(2)], [0, 0xab, 0]);
  credentials.serverSecretShare = 'cd'.repeat(128);
  t.equal(await first(1), 0xcd, 'read anew');
  credentials.serverSecretShare = '';
  await t.rejects(first(1), { name: 'AuthorityError' });
  t.equal(withGivenShare(asked, 'dta', {}), asked);
});

t.test('SIGHUP and autoReload read the file again; what needs a restart is logged', async (t) => {
  await ensureBuilt();
  const cwd = mkdtempSync(join(tmpdir(), 'mpin-reload-'));
  t.teardown(() => rmSync(cwd, { recursive: true }));
  const file = join(cwd, 'rps.yaml');
  const write = (more: string) => writeFileSync(file, `port: 0\nautoReload: true\n${more}`);
  const keys = { app_id: 'a', app_key: 'b', api_url: 'http://127.0.0.1:1/' };
  writeFileSync(join(cwd, 'credentials.json'), JSON.stringify(keys));
  write('');
  const run = startMpin(['rps', '--config', file], { cwd });
  t.teardown(() => run.child.kill('SIGKILL'));
  const said = (text: string) => until(text, () => run.stderr().includes(text));
  await said('"msg":"listening"');
  const address = /"address":"(http:[^"]+)","msg":"listening"/.exec(run.stderr())?.[1];
  const settings = async () => (await fetch(`${address}/rps/clientSettings`)).json();
  t.match(await settings(), { useNFC: false });
  write('useNFC: true\nrpsPrefix: other\nlogLevel: DEBUG\n');
  run.child.kill('SIGHUP');
  await said('"options":["rpsPrefix"],"msg":"changed, but need a restart"');
  t.match(await settings(), { useNFC: true }, 'the path is the old one');
  write('useNFC: maybe\npasphrase: hunter2\n');
  run.child.kill('SIGHUP');
  await said('wrong configuration: the one before goes on');
  t.match(run.stderr(), /"useNFC\\": expected true or false, got/);
  t.notMatch(run.stderr(), 'hunter2');
  t.match(await settings(), { useNFC: true });
  write('setDeviceName: true\n');
  await until('the file is noticed', () => run.stderr().includes('"setDeviceName"'));
  t.match(await settings(), { useNFC: false, setDeviceName: true });
  writeFileSync(join(cwd, 'secret'), 'hunter3');
  write('rpaSecretFile: secret\n');
  await said('"options":["rpaSecret"],"msg":"changed, but need a restart"');
  const before = run.stderr().length;
  writeFileSync(join(cwd, 'secret'), 'hunter4');
  await until('the secret is noticed', () => run.stderr().includes('["rpaSecret"]', before));
  t.notMatch(run.stderr(), /hunter\d/);
  run.child.kill('SIGTERM');
  t.equal(await run.ended, 0);
});
