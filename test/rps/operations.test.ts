/** What operators and balancers see: metrics, health, limits, and a stop that loses nothing. */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { fetch } from 'undici';
import { WebSocket } from 'ws';
import { LoginAdmission } from '../../src/rps/admission.js';
import { raw, request, sleep } from '../http/harness.js';
import { startWorld, World } from './harness.js';
import { APP_ID, APP_KEY, Authorities } from './neighbours.js';

/** The value of a metric, by its name and labels as they stand in the text. */
async function metric(world: World, name: string): Promise<number | undefined> {
  const { text } = await world.ask('/metrics');
  const line = text.split('\n').find((one) => one.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}

t.test('metrics tell of logins by outcome, of batches, store and process', async (t) => {
  const world = await startWorld(t);
  const jo = await world.person('jo@example.com');
  t.equal(await jo.login(), 200);
  for (const status of [401, 401, 410]) t.equal(await jo.login(4321), status);
  await world.ask(`/nowhere/${jo.mpinId}`);
  const { text, headers } = await world.ask('/metrics');
  t.match(headers.get('content-type'), /^text\/plain; version=0.0.4/);
  const route = 'mpin_http_request_duration_seconds_count{route=';
  const expected: [string, number][] = [
    ['mpin_logins_total{outcome="success"}', 1],
    ['mpin_logins_total{outcome="wrong_pin"}', 2],
    ['mpin_logins_total{outcome="locked"}', 1],
    [`${route}"/rps/pass1",status="200"}`, 4],
    [`${route}"/authenticate",status="401"}`, 2],
    [`${route}"none",status="404"}`, 1],
    // A wrong V is tried on every challenge that lives in its name.
    ['mpin_batch_records_sum', 7],
    ['mpin_verify_records_total', 7],
    ['mpin_verify_failures_total', 6],
    ['mpin_store_entries{kind="failingIdentities"}', 1],
    // One was answered, and the first of the others ended with the third failure.
    ['mpin_store_entries{kind="challenges"}', 2],
    ['mpin_refused_total{reason="logins"}', 0],
    ['mpin_http_in_flight', 1],
  ];
  for (const [name, value] of expected) t.equal(await metric(world, name), value, name);
  for (const name of [
    'mpin_build_info',
    'mpin_kernel_info',
    'mpin_store_duration_seconds',
    'process_cpu_seconds_total',
    'process_resident_memory_bytes',
    'nodejs_eventloop_lag_p99_seconds',
  ]) {
    t.match(text, new RegExp(`^${name}`, 'm'));
  }
  const body = text.replaceAll(/^#.*$/gm, '');
  t.notMatch(body, jo.mpinId.slice(0, 24), 'whoever knows an identity can lock it');
  t.notMatch(body, /jo@|nowhere/);
  for (const line of body.split('\n').filter((one) => one !== '')) {
    t.match(line, /^[a-z_]\w*(\{(\w+="[^"\\]*",?)+\})? (NaN|-?[\d.e+-]+)$/i);
  }
});

t.test('metrics and health are private', async (t) => {
  const world = await startWorld(t, { privateAllow: ['192.0.2.0/24'] });
  for (const path of ['/metrics', '/health/live', '/health/ready']) {
    t.equal((await world.ask(path)).status, 403, path);
  }
});

t.test('a service without server secret lives and is not ready; then it is', async (t) => {
  const world = new World();
  const fault = { status: 503, body: '{}' };
  world.authorities.faults.set('/serverSecret', fault);
  await world.start({}, false);
  t.teardown(() => world.stop());
  t.equal((await world.ask('/health/live')).status, 200);
  const early = await world.ask('/health/ready');
  t.equal(early.status, 503);
  t.strictSame(early.json['missing'], ['serverSecret', 'pool']);
  t.equal((await world.post('/rps/pass1', {})).status, 403);
  world.authorities.faults.clear();
  await world.rps.ready;
  let late = await world.ask('/health/ready');
  while (late.status !== 200) late = await world.ask('/health/ready');
  t.same(late.json, { status: 'ready' });
});

t.test('with many logins waiting none is begun, and those begun go on longer', (t) => {
  const pool = { inFlight: 0, expectedWaitMs: 1_000 };
  const limits = { loginsInFlightMax: 100, loginWaitMsMax: 10, verifyQueueMax: 200 };
  const admission = new LoginAdmission(limits, () => pool);
  const busy = { status: 503, headers: { 'Retry-After': '1' } };
  pool.inFlight = 63;
  t.equal(admission.begin(), undefined, 'so many may be in flight, however slow it is');
  pool.inFlight = 64;
  t.match(admission.begin(), busy);
  pool.expectedWaitMs = 10;
  t.equal(admission.begin(), undefined);
  pool.inFlight = 100;
  t.match(admission.begin(), busy);
  t.equal(admission.check(), undefined);
  pool.inFlight = 200;
  t.match(admission.check(), busy);
  t.match(admission, { begun: 2, checked: 1 });
  t.equal(new LoginAdmission(limits, () => undefined).begin(), undefined, 'nothing waits yet');
  t.end();
});

t.test('wrong PINs count against their address, on a WebSocket too', async (t) => {
  const world = await startWorld(t, {
    addressFailuresPerMinute: 1,
    addressFailuresBurst: 2,
    maxInvalidLoginAttempts: 10,
  });
  const jo = await world.person('jo@example.com');
  const from = '192.0.2.1';
  const { v } = await jo.begin(4321, undefined, from);
  t.equal((await jo.finish(v, {}, from)).status, 200);
  const { u, ut, prove } = jo.commit(4321);
  const url = `${world.rps.address.replace('http', 'ws')}/rps/authenticationToken`;
  const ws = new WebSocket(url, { headers: { 'x-forwarded-for': from } });
  const next = () =>
    new Promise<Record<string, string>>((resolve) =>
      ws.once('message', (data) => resolve(JSON.parse(String(data)))),
    );
  await new Promise((resolve) => ws.once('open', resolve));
  const first = next();
  ws.send(JSON.stringify({ pass: 1, mpin_id: jo.mpinId, U: u, UT: ut }));
  const second = first.then(({ y }) => {
    const reply = next();
    ws.send(JSON.stringify({ pass: 2, V: prove(`${y}`), WID: '0', OTP: 0 }));
    return reply;
  });
  t.ok((await second)['authOTT']);
  ws.terminate();
  const body = { mpin_id: jo.mpinId, U: u, UT: ut, pass: 1 };
  const refused = await world.post('/rps/pass1', body, { 'x-forwarded-for': from });
  t.equal(refused.status, 429);
  t.equal(refused.headers.get('retry-after'), '60');
  const other = await world.post('/rps/pass1', body, { 'x-forwarded-for': '192.0.2.2' });
  t.equal(other.status, 200);
  t.equal(await metric(world, 'mpin_refused_total{reason="rate"}'), 1);
});

const PROGRAM = fileURLToPath(new URL('../../src/cli/mpin.ts', import.meta.url));

/** The RPS as a process of its own; what it said, and where it listens. */
async function startProcess(t: Test, more: readonly string[]) {
  const authorities = new Authorities({ now: () => Date.now() });
  await authorities.start();
  const folder = await mkdtemp(join(tmpdir(), 'mpin-stop-'));
  t.teardown(async () => {
    await authorities.stop();
    await rm(folder, { recursive: true });
  });
  const credentials = join(folder, 'credentials.json');
  const apiUrl = `${authorities.address}/api/`;
  const keys = { app_id: APP_ID, app_key: APP_KEY, api_url: apiUrl };
  await writeFile(credentials, JSON.stringify(keys));
  const args = ['rps', '--port=0', `--credentials-file=${credentials}`, ...more];
  const child: ChildProcess = fork(
    PROGRAM,
    [...args, `--dta-local-url=${authorities.address}`, '--crypto-threads=1'],
    { silent: true },
  );
  t.teardown(() => child.kill('SIGKILL'));
  let said = '';
  child.stderr?.on('data', (chunk) => {
    said += chunk;
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const message = await new Promise((resolve) => {
    child.once('message', resolve);
    child.once('exit', () => resolve({ address: `gone: ${said}` }));
  });
  const { address } = message as { address: string };
  const { hostname: host, port } = new URL(address);
  // Its worker threads may still be loading.
  while ((await fetch(`${address}/health/ready`)).status !== 200) await sleep(20);
  return { child, exited, address, server: { host, port: Number(port) }, said: () => said };
}

t.test('a stop says not ready, then listens no more, then ends what it has with 0', async (t) => {
  const rps = await startProcess(t, ['--stop-pause-ms=600', '--stop-drain-ms=5000']);
  const ready = () => fetch(`${rps.address}/health/ready`);
  // In flight: its body is not there yet.
  const body = JSON.stringify({ mpin_id: '00' });
  const head = request('POST /rps/pass1', [`Content-Length: ${body.length}`]);
  const slow = raw(rps.server, head);
  const idle = raw(rps.server, request('GET /rps/status'));
  await idle.until(/active/);
  rps.child.kill('SIGTERM');
  let noticed = await ready();
  while (noticed.status === 200) noticed = await ready();
  t.match(await noticed.json(), { missing: ['stopping'] });
  t.equal((await fetch(`${rps.address}/rps/status`)).status, 200, 'it still serves');
  const listens = () =>
    ready().then(
      () => true,
      () => false,
    );
  while (await listens()) await sleep(20);
  t.equal(rps.child.exitCode, null, 'and waits for what is in flight');
  slow.socket.write(body);
  t.match(await slow.closed, /^HTTP\/1.1 403 [\s\S]*Connection: close\r\n/);
  t.equal(await rps.exited, 0);
  t.notMatch(rps.said(), /error|fatal/i);
});

t.test('a stop waits no longer than its limit for those who never end', async (t) => {
  const rps = await startProcess(t, ['--stop-drain-ms=300']);
  const stuck = raw(rps.server, request('POST /rps/pass1', ['Content-Length: 10']));
  const answered = raw(rps.server, request('GET /rps/status'));
  await answered.until(/active/);
  rps.child.kill('SIGTERM');
  t.equal(await rps.exited, 0);
  t.equal(await stuck.closed, '');
});
