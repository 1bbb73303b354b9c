/** The harness measures a real server, and would notice wrong answers, refusals and stalls. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { merged, newHistogram, recordMs } from '../../bench/load/latency.js';
import { issueLogin, type PreparedLogin } from '../../bench/load/login.js';
import { Runner } from '../../bench/load/pace.js';
import { latencySvg } from '../../bench/load/plot.js';
import type { Work } from '../../bench/load/work.js';
import { usageOf } from '../../bench/process-tree.js';
import { readBatches } from '../../bench/prometheus.js';
import { randomSecret } from '../../src/crypto/index.js';
import { issueMpinId } from '../../src/protocol/mpin-id.js';
import { ensureBuilt, mpin } from '../e2e/program.js';

const ROOT = join(import.meta.dirname, '../..');

type Json = Record<string, unknown>;

async function bench(...args: string[]) {
  await ensureBuilt();
  const child = spawn(process.execPath, [join(ROOT, 'out/bench/run.js'), ...args], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  const [code] = await once(child, 'close');
  return { code, stdout, stderr };
}

t.test('a run prints the yardstick and one line a scenario, without an error', async (t) => {
  const small = ['--seconds', '1', '--identities', '16', '--connections', '8'];
  const { code, stdout, stderr } = await bench('login-rest', '--json', ...small);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Json);
  t.equal(lines.length, 2);
  const [yardstick, login] = lines as [Json, Json];
  t.same(Object.keys(yardstick), ['scenario', 'p256VerifyUs']);
  t.equal(yardstick['scenario'], 'yardstick');
  t.same(Object.keys(login), [
    'scenario',
    'loginsPerSecond',
    'serverCpuUsPerLogin',
    'p50Ms',
    'p99Ms',
    'p999Ms',
    'errors',
    'rssMb',
    'batchMean',
    'p256VerifyUs',
  ]);
  t.equal(login['scenario'], 'login-rest');
  // Beside other tests the server may be stalled, and then refuses; nothing else may go wrong.
  const refused = Number(/(\d+) × refused with 503/.exec(stderr)?.[1] ?? 0);
  t.equal(login['errors'], refused, stderr);
  t.equal(code, refused === 0 ? 0 : 1);
  const numbers = ['loginsPerSecond', 'p50Ms', 'p99Ms', 'p999Ms'];
  if (process.platform === 'linux') numbers.push('serverCpuUsPerLogin', 'rssMb');
  for (const name of numbers) t.ok(Number(login[name]) > 0, name);
});

t.test('an unknown scenario is answered with those that there are', async (t) => {
  const { code, stderr } = await bench('login-rset');
  t.equal(code, 1);
  t.match(stderr, /no scenario "login-rset"; there are login-rest, login-ws/);
});

t.test('mpin bench loads no other machine unless told so', async (t) => {
  await ensureBuilt();
  for (const args of [
    ['--url', 'http://192.0.2.1:8005'],
    ['--rps-url', 'https://127.0.0.1.example.com'],
  ]) {
    const { code, stderr } = await mpin(['bench', ...args], { cwd: t.testdir() });
    t.equal(code, 2);
    t.match(stderr, /is not this machine: --yes-load-this-host/);
  }
  const { code, stderr } = await mpin(['bench', '--scenario', 'wrong-pin'], { cwd: t.testdir() });
  t.equal(code, 2);
  t.match(stderr, /"wrong-pin" is none of login-rest/);
});

/** A server that answers what it is told to. */
async function fakeServer(answerOf: (path: string, body: Json) => Promise<[number, Json]>) {
  const server: Server = createServer(async (request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString() || '{}') as Json;
    const [status, answer] = await answerOf(request.url ?? '', body);
    const text = JSON.stringify(answer);
    response.writeHead(status, { 'Content-Length': text.length }).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const LOGIN: PreparedLogin = issueLogin(
  randomSecret(),
  issueMpinId('bench@example.com', 0, 0),
  20_000,
);
const Y = '1'.padStart(64, '0');

function workAt(url: string, more: Partial<Work> = {}): Work {
  return {
    kind: 'login-rest',
    apiUrl: `${url}/rps`,
    authenticateUrl: `${url}/authenticate`,
    authenticateAs: 'rps',
    logins: [LOGIN],
    wrongEvery: 0,
    ...more,
  };
}

/** The tally of half a second against a server whose /authenticate gives this. */
async function tallyOf(end: [number, Json], more: Partial<Work> = {}) {
  const server = await fakeServer(async (path) => {
    if (path === '/rps/pass1') return [200, { y: Y }];
    return path === '/rps/pass2' ? [200, { authOTT: 'a' }] : end;
  });
  const runner = new Runner(workAt(server.url, more), 0);
  runner.begin({ kind: 'closed', connections: 2 });
  await sleep(500);
  const tally = await runner.end();
  server.stop();
  return tally;
}

t.test('only the right status with the right identity is a login', async (t) => {
  const { mpinId } = LOGIN;
  t.match(await tallyOf([200, { mpinId }]), { failed: 0, refused: 0 });
  t.match(await tallyOf([401, { mpinId }], { wrongEvery: 1 }), { failed: 0, refused: 0 });
  const wrong: [[number, Json], Partial<Work>, string][] = [
    [[200, { mpinId: 'ab' }], {}, 'authenticate: another identity'],
    [[401, { mpinId }], {}, 'authenticate: status 401 instead of 200'],
    [[200, { mpinId }], { wrongEvery: 1 }, 'authenticate: status 200 instead of 401'],
  ];
  for (const [end, more, why] of wrong) {
    const tally = await tallyOf(end, more);
    t.equal(tally.done, 0);
    t.ok(tally.failed > 0);
    t.same(Object.keys(tally.reasons), [why]);
  }
});

t.test('a 503 is a refusal, with the time that it took', async (t) => {
  const tally = await tallyOf([503, { message: 'busy' }]);
  t.match(tally, { done: 0, failed: 0 });
  t.ok(tally.refused > 0);
  t.equal(merged([tally.refusals]).totalCount, tally.refused);
});

t.test('a server that is not there is a failure and ends in time', async (t) => {
  const runner = new Runner(workAt('http://127.0.0.1:1'), 0);
  runner.begin({ kind: 'closed', connections: 2 });
  await sleep(200);
  t.same(Object.keys((await runner.end()).reasons), ['ECONNREFUSED']);
});

t.test('an open loop charges a stall to all who came during it', async (t) => {
  let stall: Promise<unknown> = Promise.resolve();
  const server = await fakeServer(async () => {
    await stall;
    return [200, { y: Y }];
  });
  const runner = new Runner(workAt(server.url, { kind: 'pass1-only' }), 0);
  // One connection: while it waits, nobody else can even ask.
  runner.begin({ kind: 'open', perSecond: 200, connections: 1 });
  await sleep(300);
  stall = sleep(600);
  await sleep(900);
  const tally = await runner.end();
  server.stop();
  t.equal(tally.failed, 0);
  const latency = merged([tally.latency]);
  const late = [...Array(100).keys()].filter((p) => latency.getValueAtPercentile(p) > 100_000);
  t.ok(late.length >= 25, `${late.length} % of the logins were late`);
  t.ok(tally.waitingMax > 50, `${tally.waitingMax} waited`);
});

t.test('CPU is counted for a process, its threads and its children', async (t) => {
  if (process.platform !== 'linux') {
    t.equal(usageOf(process.pid), undefined);
    return;
  }
  const burn = 'const end = performance.now() + 400; while (performance.now() < end);';
  const script = `
    const { Worker } = require('node:worker_threads');
    const { spawnSync } = require('node:child_process');
    new Worker(${JSON.stringify(burn)}, { eval: true }).on('exit', () => {
      spawnSync(process.execPath, ['-e', ${JSON.stringify(burn)}]);
      process.send('done');
    });
    setInterval(() => {}, 1000);`;
  const folder = t.testdir({ 'burn.cjs': script });
  const child: ChildProcess = fork(join(folder, 'burn.cjs'), { execArgv: [] });
  await once(child, 'message');
  const { cpuUs = 0, rssMb = 0 } = usageOf(child.pid ?? 0) ?? {};
  child.kill();
  // Wall-clock time was burnt; beside other work it is less of the processor's.
  t.ok(cpuUs > 150_000, `${cpuUs} µs`);
  t.ok(rssMb > 10 && rssMb < 500, `${rssMb} MB`);
});

t.test('batch sizes are read from metrics, whatever labels they have', async (t) => {
  const text = [
    '# TYPE mpin_verify_batch_size histogram',
    'mpin_verify_batch_size_bucket{le="1"} 3',
    'mpin_verify_batch_size_sum{kernel="adx"} 40',
    'mpin_verify_batch_size_count{kernel="adx"} 10',
  ].join('\n');
  t.same(readBatches(text), { count: 10, logins: 40 });
  t.equal(readBatches('process_cpu_seconds_total 1'), null);
});

t.test('latency curves are drawn, names cannot break the image', async (t) => {
  const latency = newHistogram();
  for (let ms = 1; ms <= 100; ms += 1) recordMs(latency, ms);
  const svg = latencySvg('A & B', [{ name: '<login>', latency }]);
  t.match(svg, /^<svg [^>]*>[\s\S]*<polyline points="70\.0,[\s\S]*<\/svg>\n$/);
  t.notMatch(svg, /<login>|NaN|Infinity| & /);
  t.notMatch(latencySvg('none', [{ name: 'empty', latency: newHistogram() }]), /NaN|Infinity/);
});
