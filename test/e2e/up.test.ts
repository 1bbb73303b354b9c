import { execFileSync } from 'node:child_process';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import * as independent from './independent-client.js';
import { ensureBuilt, freePorts, mpin, type Run, startMpin, until } from './program.js';

/** Some ten starts of four processes each: seconds here, more where cores are few. */
t.setTimeout(300_000);

const USER = ['--user', 'you@example.com'];
const folders: string[] = [];
const runs: Run[] = [];

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mpin-up-'));
  folders.push(folder);
  return folder;
}

interface System {
  readonly run: Run;
  readonly cwd: string;
  readonly flags: readonly string[];
  readonly url: string;
}

/** Starts `mpin up` on free ports; in a folder of its own, or again in that of an earlier one. */
async function startUp(earlier?: Pick<System, 'cwd' | 'flags' | 'url'>): Promise<System> {
  const system = earlier ?? (await newSystem());
  const run = startMpin(['up', ...system.flags], { cwd: system.cwd });
  runs.push(run);
  return { ...system, run };
}

async function newSystem(): Promise<Pick<System, 'cwd' | 'flags' | 'url'>> {
  const names = ['rpa', 'rps', 'dta', 'hosted', 'hosted-dta'];
  const ports = await freePorts(names.length);
  const flags = names.map((name, index) => `--${name}-port=${ports[index]}`);
  return { cwd: newFolder(), flags, url: `http://127.0.0.1:${ports[0]}` };
}

async function ready(system: System): Promise<System> {
  let over = false;
  void system.run.ended.then(() => {
    over = true;
  });
  await until('ready', () => {
    if (over) throw new Error(`mpin up ended: ${system.run.stderr()}`);
    return system.run.stdout().includes('ready:');
  });
  return system;
}

function client({ cwd, url }: Pick<System, 'cwd' | 'url'>, command: string, ...args: string[]) {
  return mpin(['client', command, ...USER, '--url', url, ...args], { cwd });
}

/** The processes whose parent is `pid`. */
function childrenOf(pid: number | undefined): number[] {
  const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat=']).toString();
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent, state]) => Number(parent) === pid && !state?.startsWith('Z'))
    .map(([child]) => Number(child))
    .filter((child) => commandOf(child).includes('mpin.js'));
}

function commandOf(pid: number): string {
  try {
    return execFileSync('ps', ['-p', String(pid), '-o', 'args=']).toString();
  } catch {
    return '';
  }
}

const alive = (pids: readonly number[]): number[] =>
  pids.filter((pid) => commandOf(pid).includes('mpin.js'));

let system: System;

t.before(async () => {
  await ensureBuilt();
  system = await ready(await startUp());
});
t.teardown(async () => {
  for (const { child } of runs) child.kill('SIGTERM');
  await Promise.all(runs.map(({ ended }) => ended));
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

t.test('it says what runs where, what it will not do, and last that it is ready', async (t) => {
  const lines = system.run.stdout().trim().split('\n');
  for (const name of ['dta', 'hosted', 'rps', 'rpa']) {
    t.ok(
      lines.some((line) => new RegExp(`^${name} +http://127\\.0\\.0\\.1:\\d+$`).test(line)),
      name,
    );
  }
  t.match(system.run.stdout(), 'not for production');
  t.equal(lines.at(-1), `ready: ${system.url}/`);
});

t.test('its data is for its owner alone, and the key is in no output', async (t) => {
  const data = join(system.cwd, '.mpin');
  t.equal(statSync(data).mode & 0o777, 0o700);
  const files = ['credentials.json', 'dta-backup.json', 'hosted-backup.json', 'passphrase'];
  // Identities that have asked for permits, and the permits, which anyone may have.
  const folders = ['permit-identities', 'permits'];
  t.same(readdirSync(data).sort(), [...files, ...folders]);
  t.equal(statSync(join(data, 'permit-identities')).mode & 0o777, 0o700);
  for (const file of files) t.equal(statSync(join(data, file)).mode & 0o777, 0o600, file);
  const { app_key: key } = JSON.parse(readFileSync(join(data, 'credentials.json'), 'utf8'));
  t.match(key, /^[0-9a-f]{64}$/);
  t.notMatch(system.run.stdout() + system.run.stderr(), key);
});

t.test('a PIN is registered and logs in over REST and over WebSocket', async (t) => {
  const registered = await client(system, 'register', '--pin', '1234');
  t.same(registered, { code: 0, stdout: 'you@example.com is registered\n', stderr: '' });
  const tokens = join(system.cwd, '.mpin-client');
  t.equal(statSync(tokens).mode & 0o777, 0o700);
  for (const file of readdirSync(tokens)) {
    t.equal(statSync(join(tokens, file)).mode & 0o777, 0o600);
  }
  t.equal((await client(system, 'login', '--pin', '1234')).code, 0);
  t.equal((await client(system, 'login', '--pin', '1234', '--ws')).code, 0);
});

t.test('wrong PINs are refused, over either way, and the third in a row locks', async (t) => {
  const first = await client(system, 'login', '--pin', '4321');
  t.equal(first.code, 1);
  t.match(first.stderr, 'wrong PIN');
  t.equal((await client(system, 'login', '--pin', '1234')).code, 0, 'a right one forgives');
  t.match((await client(system, 'login', '--pin', '4321', '--ws')).stderr, 'wrong PIN');
  t.match((await client(system, 'login', '--pin', '0000')).stderr, 'wrong PIN');
  const third = await client(system, 'login', '--pin', '4321');
  t.equal(third.code, 1);
  t.match(third.stderr, 'locked');
  const after = await client(system, 'login', '--pin', '1234');
  t.equal(after.code, 1);
  t.match(after.stderr, 'register first', 'the token is gone');
});

t.test('a client of milagro-crypto-js, fetch and WebSocket alone logs in', async (t) => {
  const user = await independent.register(system.url, 'other@example.com', 42);
  t.equal(await independent.login(user, 42, false), 200);
  t.equal(await independent.login(user, 42, true), 200);
  t.equal(await independent.login(user, 43, false), 401);
  t.equal(await independent.login(user, 9999, true), 401);
  t.equal(await independent.login(user, 42, true), 200);
  const statuses = [];
  for (let i = 0; i < 4; i++) statuses.push(await independent.login(user, 1, i % 2 === 0));
  t.same(statuses, [401, 401, 410, 410]);
  t.equal(await independent.login(user, 42, false), 410, 'locked even with the right PIN');
});

t.test('a second one on the same ports names them and leaves the first alone', async (t) => {
  const second = await startUp({ ...system, cwd: newFolder() });
  t.equal(await second.run.ended, 1);
  t.match(
    second.run.stderr(),
    /mpin (dta|hosted): cannot listen on 127\.0\.0\.1:\d+: the port is in use/,
  );
  t.match(second.run.stderr(), /mpin up: (dta|hosted) ended with exit code 1/);
  t.equal((await fetch(`${system.url}/rps/clientSettings`)).status, 200);
});

t.test('SIGTERM stops all with exit code 0, and tokens outlive a restart', async (t) => {
  t.equal((await client(system, 'register', '--pin', '2468')).code, 0);
  const children = childrenOf(system.run.child.pid);
  t.equal(children.length, 4);
  system.run.child.kill('SIGTERM');
  t.equal(await system.run.ended, 0);
  t.same(alive(children), []);
  t.equal(system.run.stderr(), '');
  const offline = await client(system, 'login', '--pin', '2468');
  t.match(offline.stderr, /cannot reach .*connection refused; is the server running\?/);

  system = await ready(await startUp(system));
  t.equal((await client(system, 'login', '--pin', '2468')).code, 0);
});

t.test('Ctrl-C, which every process of the group gets, is a clean end too', async (t) => {
  const children = childrenOf(system.run.child.pid);
  for (const pid of children) process.kill(pid, 'SIGINT');
  system.run.child.kill('SIGINT');
  t.equal(await system.run.ended, 0);
  t.same(alive(children), []);
  t.equal(system.run.stderr(), '');
});

t.test('no child outlives its parent, however that ends', async (t) => {
  const doomed = await ready(await startUp(system));
  const children = childrenOf(doomed.run.child.pid);
  t.equal(children.length, 4);
  doomed.run.child.kill('SIGKILL');
  await until('the end of all children', () => alive(children).length === 0);
  t.same(alive(children), []);

  const early = await startUp(system);
  let starting: number[] = [];
  await until('the first children', () => {
    starting = childrenOf(early.run.child.pid);
    return starting.length > 0;
  });
  early.run.child.kill('SIGKILL');
  await until('the end of children that were still starting', () => alive(starting).length === 0);
});

t.test('a part that dies brings all down, and is named', async (t) => {
  const doomed = await ready(await startUp(system));
  const children = childrenOf(doomed.run.child.pid);
  const rps = children.find((pid) => / rps /.test(commandOf(pid))) ?? 0;
  process.kill(rps, 'SIGKILL');
  t.equal(await doomed.run.ended, 1);
  t.match(doomed.run.stderr(), 'mpin up: rps ended by SIGKILL');
  t.same(alive(children), []);
});

t.test(
  'a damaged backup, a wrong or lost passphrase stop the start with a clear line',
  async (t) => {
    const data = join(system.cwd, '.mpin');
    const backup = join(data, 'dta-backup.json');
    const passphrase = join(data, 'passphrase');
    const [goodBackup, goodPassphrase] = [readFileSync(backup), readFileSync(passphrase)];
    const failure = async () => {
      const { run } = await startUp(system);
      t.equal(await run.ended, 1);
      return run.stderr();
    };
    truncateSync(backup, goodBackup.length >> 1);
    t.match(await failure(), /^mpin dta: .*dta-backup\.json: .*damaged/m);
    writeFileSync(backup, goodBackup);
    writeFileSync(passphrase, 'another\n');
    t.match(await failure(), /^mpin (dta|hosted): .*-backup\.json: .*passphrase is wrong/m);
    rmSync(passphrase);
    t.match(await failure(), /^mpin up: .*passphrase is missing, and .*dta-backup\.json cannot/);
    writeFileSync(passphrase, goodPassphrase, { mode: 0o600 });

    system = await ready(await startUp(system));
    t.equal((await client(system, 'login', '--pin', '2468')).code, 0, 'nothing was lost');
  },
);

t.test(
  'roles run alone; without a D-TA the RPS says so, refuses, and goes on by itself',
  async (t) => {
    system.run.child.kill('SIGTERM');
    t.equal(await system.run.ended, 0);
    const { cwd, flags } = system;
    const port = (name: string) =>
      /\d+$/.exec(flags.find((flag) => flag.includes(name)) ?? '')?.[0];
    const url = (name: string) => `http://127.0.0.1:${port(name)}`;
    const start = (role: string, own: string[], env: Record<string, string> = {}) => {
      const run = startMpin([role, '--credentialsFile=.mpin/credentials.json', ...own], {
        cwd,
        env,
      });
      runs.push(run);
      return run;
    };
    const secrets = { MPIN_PASSPHRASE_FILE: '.mpin/passphrase', MPIN_LOG_LEVEL: 'WARNING' };
    const authority = (role: string) => `--backup-file=.mpin/${role}-backup.json`;
    const ends = [`--port=${port('hosted-port')}`, `--dta-port=${port('hosted-dta')}`];
    start('hosted', [authority('hosted'), ...ends], secrets);
    const rpsFlags = [
      `--port=${port('rps')}`,
      `--DTALocalURL=${url('--dta')}`,
      `--rpsBaseURL=${url('rpa')}`,
      `--RPAAuthenticateUserURL=${url('rpa')}/mpinAuthenticate`,
    ];
    const rps = start('rps', rpsFlags, { MPIN_LOG_LEVEL: 'WARNING' });
    const rpa = startMpin(['rpa', `--port=${port('rpa')}`, `--rps-url=${url('rps')}`], { cwd });
    runs.push(rpa);

    const body = JSON.stringify(independent.anyPass1());
    const pass1 = () => fetch(`${url('rpa')}/rps/pass1`, { method: 'POST', body });
    const isUp = async () => (await pass1().catch(() => undefined))?.status === 503;
    await until(
      'the refusal',
      async () => (await isUp()) && rps.stderr().includes('no local share'),
      () => `${rps.stderr()} ${rpa.stderr()}`,
    );
    const refused = await pass1();
    t.equal(refused.status, 503);
    t.match(refused.headers.get('retry-after'), /^\d+$/);
    t.type(((await refused.json()) as { message: string }).message, 'string');
    const busy = await client(system, 'login', '--pin', '2468');
    t.equal(busy.code, 1);
    t.match(busy.stderr, 'busy or not ready yet');

    start('dta', [authority('dta'), `--port=${port('--dta')}`], secrets);
    await until('the RPS to go on', async () => (await pass1()).status === 200);
    t.equal((await client(system, 'login', '--pin', '2468')).code, 0);
  },
);
