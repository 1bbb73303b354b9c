/** The store in a file, when processes are killed, the disk is full, or the file is damaged. */
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { hash, randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { PreparedLogin } from '../../bench/load/login.js';
import { type FileStore, openFileStore } from '../../src/store/file/file-store.js';
import { ensureBuilt, mpin, until } from '../e2e/program.js';
import { newChallenge, newMpinId, wrong } from '../store/subject.js';
import { clientOf, World } from './service.js';

const PROCESSES = 3;
const KILLS = 8;
const IDENTITIES = 1_500;
/** Answers of a process before it may be killed. */
const ANSWERS_MIN = 200;
const LONG_MS = 600_000;

const seed = Number(process.env['TEST_SEED'] ?? randomInt(2 ** 30));
t.comment(`TEST_SEED=${seed}`);

let world: World;
t.before(async () => {
  await ensureBuilt();
  world = await World.start(t.testdir());
});
t.teardown(() => world.stop());

function openStore(file: string): FileStore {
  return openFileStore({
    file,
    sync: false,
    bytesMax: 100_000_000,
    registrationsMax: 100_000,
    challengesMax: 100_000,
    resultsMax: 100_000,
    failingIdentitiesMax: 100_000,
    permitIdentitiesMax: 1,
    meetingsMax: 1,
    otpUsersMax: 1,
    noncesMax: 1,
    revocationsMax: 1,
    now: () => Date.now(),
  });
}

/** How often each line was written, by all processes. */
function linesOf(folder: string): Map<string, number> {
  const lines = new Map<string, number>();
  for (const log of readdirSync(folder).filter((name) => name.endsWith('.log'))) {
    // A line that its process was killed in has no end, and was not answered.
    for (const line of readFileSync(join(folder, log), 'utf8').split('\n').slice(0, -1)) {
      lines.set(line, (lines.get(line) ?? 0) + 1);
    }
  }
  return lines;
}

t.test(
  'kill −9 amid settlements: nothing is accepted twice, nothing counted is lost',
  async (t) => {
    const folder = t.testdir();
    const file = join(folder, 'state');
    const store = openStore(file);
    t.teardown(() => store.close());
    const accept: [string, string][] = [];
    for (let count = 0; count < IDENTITIES; count += 1) {
      const [mpinId, challenge] = [newMpinId(), newChallenge('a')];
      accept.push([mpinId, challenge.id]);
      await store.putChallenge(mpinId, challenge, LONG_MS);
    }
    const orders = { accept, fail: Array.from({ length: 100 }, newMpinId) };
    writeFileSync(join(folder, 'orders.json'), JSON.stringify(orders));

    const running: { child: ChildProcess; log: string }[] = [];
    t.teardown(() => {
      for (const { child } of running) child.kill('SIGKILL');
    });
    let started = 0;
    const start = (): void => {
      started += 1;
      const log = join(folder, `${started}.log`);
      const args = [file, join(folder, 'orders.json'), log, String(seed + started)];
      const child = fork(join(import.meta.dirname, 'settler.mjs'), args, { execArgv: [] });
      running.push({ child, log });
    };
    for (let count = 0; count < PROCESSES; count += 1) start();
    for (let kills = 0; kills < KILLS; kills += 1) {
      const [victim] = running.splice((seed + kills) % running.length, 1);
      if (victim === undefined) throw new Error('unreachable');
      const { child, log } = victim;
      const answered = () => statSync(log, { throwIfNoEntry: false })?.size ?? 0;
      await until('its answers', () => answered() > ANSWERS_MIN * 'counted 1\n'.length);
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
      start();
    }
    for (const { child } of running.splice(0)) {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }

    const lines = linesOf(folder);
    const failures = new Map(store.kept().failures);
    let accepted = 0;
    for (const [at, [mpinId]] of accept.entries()) {
      const times = lines.get(`accepted ${at}`) ?? 0;
      accepted += times;
      if (times > 1) t.fail(`challenge ${at} was accepted ${times} times`);
      const live = (await store.challenges(mpinId)).length;
      // One whose process was killed before it could say so may be gone as well.
      if (times === 1 && live > 0) t.fail(`challenge ${at} was accepted and lives`);
    }
    t.ok(accepted > IDENTITIES / 2, `${accepted} of ${IDENTITIES} challenges were accepted once`);
    let counted = 0;
    for (const [at, mpinId] of orders.fail.entries()) {
      const stored = failures.get(hash('sha256', Buffer.from(mpinId, 'hex'), 'hex'))?.failures ?? 0;
      const answered = lines.get(`counted ${at}`) ?? 0;
      const asked = lines.get(`asked ${at}`) ?? 0;
      counted += answered;
      if (stored < answered || stored > asked) {
        t.fail(`${asked} failures asked, ${answered} answered, ${stored} counted`);
      }
    }
    t.ok(counted > KILLS * 10, `${counted} failures were answered as counted`);
    store.check();
  },
);

t.test(
  'a full disk gives 503, forgets nothing, and service resumes when there is room',
  async (t) => {
    if (process.platform !== 'linux') {
      t.comment('limits of running processes cannot be changed here');
      return;
    }
    const flags = ['--storage=file', '--fileStorageLocation=full.mdb', '--logLevel=ERROR'];
    const service = await world.readyRps(...flags);
    const limit = (bytes: string) =>
      execFileSync('prlimit', [`--pid=${service.run.child.pid}`, `--fsize=${bytes}:unlimited`]);
    /** Tries a wrong PIN on a connection of its own, as a refusal may end one. */
    const isRefused = async (login: PreparedLogin): Promise<boolean> => {
      const client = clientOf(service.address);
      const end = await client.run(login, true).finally(() => client.close());
      return end !== undefined;
    };
    const [victim, ...others] = world.logins(300) as [PreparedLogin, ...PreparedLogin[]];
    t.equal(await isRefused(victim), false, 'a first failure is counted');
    t.equal(await isRefused(victim), false, 'and a second');

    limit(String(statSync(join(world.folder, 'full.mdb')).size));
    let refused = 0;
    for (const login of others) {
      if (await isRefused(login)) refused += 1;
      if (refused > 3) break;
    }
    t.ok(refused > 3, 'what cannot be kept is refused');
    t.equal(await isRefused(victim), true, 'nor is a third failure answered');
    t.equal((await fetch(`${service.address}/health/ready`)).status, 503);
    t.match(
      service.run.stderr(),
      /"reason":"no space left on the disk.*the store cannot be written/,
    );

    limit('unlimited');
    await until(
      'ready',
      async () => (await fetch(`${service.address}/health/ready`)).status === 200,
    );
    t.equal(await isRefused(others.at(-1) as PreparedLogin), false);
    await t.rejects(isRefused(victim), /status 410/, 'the third failure is the third');
  },
);

t.test('a damaged file, or none of ours, stops the start in a line that names it', async (t) => {
  const file = join(world.folder, 'damaged.mdb');
  const store = openStore(file);
  for (let count = 0; count < 500; count += 1) await store.settle(wrong(newMpinId()));
  await store.close();
  const start = () =>
    mpin(
      [
        ...['rps', '--port=0', '--credentialsFile=credentials.json', '--storage=json'],
        ...[`--fileStorageLocation=${file}`, `--DTALocalURL=${world.neighbours.url}`],
      ],
      { cwd: world.folder },
    );
  t.equal((await mpin(['store', 'check', file], { cwd: world.folder })).code, 0);

  const sound = readFileSync(file);
  const damaged = Buffer.from(sound);
  for (let at = 2 * 4_096; at < damaged.length; at += 3 * 4_096) {
    randomBytes(1_024).copy(damaged, at);
  }
  writeFileSync(file, damaged);
  const { code, stderr } = await start();
  t.equal(code, 1);
  t.match(stderr, /^mpin rps: .*damaged\.mdb/m);

  truncateSync(file, sound.length >> 1);
  t.match((await start()).stderr, /^mpin rps: .*damaged\.mdb/m);
  writeFileSync(file, randomBytes(50_000));
  t.match((await start()).stderr, /^mpin rps: .*damaged\.mdb is not a database of this program/m);
  writeFileSync(file, '{"old": "storage"}');
  t.match((await start()).stderr, /^mpin rps: .*damaged\.mdb is JSON/m);
});
