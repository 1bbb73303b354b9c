/** The addon in several threads, and the pools on top of it. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { addon } from '../../src/crypto/addon.js';
import {
  clientSecretShare,
  createVerifier,
  hashId,
  serverSecretShare,
  timePermitShare,
} from '../../src/crypto/index.js';
import {
  createAuthorityPool,
  createVerifierPool,
  defaultThreads,
  PoolError,
} from '../../src/crypto/pool.js';
import { buildRecord, type RecordFields } from '../../src/crypto/record.js';
import { WorkerPool } from '../../src/crypto/worker-pool.js';
import { login, register, TODAY } from './logins.js';
import { Seeded, seed } from './seeded.js';

t.comment(`seed ${seed}`);

const MOODY = new URL('./fixtures/moody-worker.mjs', import.meta.url);
const THREAD = new URL('./fixtures/addon-thread.mjs', import.meta.url);

interface MoodyTask {
  readonly say?: string;
  readonly sleepMs?: number;
  readonly die?: 'exit' | 'throw';
  readonly show?: 'secret' | 'options';
}

/** Tasks that one worker holds at once (worker-pool.ts). */
const TASKS_PER_WORKER = 8;

const moody = (threads: number, queueMax: number, first = 7) =>
  new WorkerPool<MoodyTask, string>(MOODY, Uint8Array.of(first, 8, 9), { threads, queueMax });

const unavailable = { name: 'PoolError', reason: 'unavailable' };

/** A thread without preloads: those of the test runner take it seconds to start. */
const thread = (serverSecret: Uint8Array, records: Uint8Array, rounds: number) =>
  new Worker(THREAD, { workerData: { serverSecret, records, rounds }, execArgv: [] });

/** Records of a right PIN, a wrong one and a broken point, and what to say of them. */
function threeRecords(random: Seeded) {
  const client = register(random);
  const hashMpinId = hashId(client.mpinId);
  const fieldsOf = (pin: number): RecordFields => {
    const { date, u, ut, v, y } = login(random, client, { pin });
    return { hashMpinId, date, u, ut, v, y };
  };
  const right = fieldsOf(client.pin);
  const u = Uint8Array.from(right.u);
  u[3] = (u[3] ?? 0) ^ 1;
  const fields = [right, fieldsOf((client.pin + 1) % 10_000), { ...right, u }] as const;
  const batch = Uint8Array.from(Buffer.concat(fields.map(buildRecord)));
  return { serverSecret: client.serverSecret, fields, batch, expected: [0, -19, -14] as const };
}

t.test('the addon works in several threads at once, and after they ended', async (t) => {
  const { serverSecret, batch, expected } = threeRecords(new Seeded('threads'));
  const verifier = createVerifier(serverSecret);
  for (const generation of ['first', 'second']) {
    const workers = Array.from({ length: 4 }, () => thread(serverSecret, batch, 20));
    const exits = workers.map((worker) => once(worker, 'exit'));
    const results = await Promise.all(workers.map(lastMessage));
    t.same(
      [...verifier.verifyRecords(batch)],
      expected,
      `the main thread during the ${generation}`,
    );
    for (const result of results)
      t.same(result, { fine: true, statuses: Int8Array.of(...expected) });
    t.same(await Promise.all(exits), [[0], [0], [0], [0]], 'they ended well');
  }
  t.same([...verifier.verifyRecords(batch)], expected, 'the main thread afterwards');
  verifier.close();
});

t.test('a thread may be terminated while it uses the addon', async (t) => {
  const { serverSecret, batch, expected } = threeRecords(new Seeded('terminated'));
  for (let times = 0; times < 3; times++) {
    const worker = thread(serverSecret, batch, 1_000_000);
    await once(worker, 'message');
    await sleep(20);
    t.equal(await worker.terminate(), 1);
  }
  const verifier = createVerifier(serverSecret);
  t.same([...verifier.verifyRecords(batch)], expected);
  verifier.close();
});

async function lastMessage(worker: Worker): Promise<unknown> {
  await once(worker, 'message');
  const [message] = await once(worker, 'message');
  return message;
}

t.test('a verifier pool finds the first of a group that is accepted', async (t) => {
  const random = new Seeded('verifier pool');
  const { serverSecret, fields } = threeRecords(random);
  const pool = createVerifierPool({ serverSecret, threads: 1, queueMax: 200 });
  t.teardown(() => pool.close());
  const groups = Array.from({ length: 40 }, () =>
    Array.from({ length: 1 + random.int(3) }, () => random.int(3)),
  );
  const found = await Promise.all(
    groups.map((kinds) => pool.findAccepted(kinds.map((kind) => fields[kind] as RecordFields))),
  );
  t.same(
    found,
    groups.map((kinds) => kinds.indexOf(0)),
    'each group for itself',
  );
  const short = { ...(fields[0] as RecordFields), v: new Uint8Array(64) };
  t.equal(await pool.findAccepted([short, fields[0] as RecordFields]), 1, 'a short point is none');
  const { records, failures, ...stats } = pool.stats();
  t.equal(records, groups.flat().length + 2);
  t.equal(failures, groups.flat().filter((kind) => kind !== 0).length + 1);
  t.match(stats, { queued: 0, running: 0, refused: 0, lost: 0, workersLost: 0, threads: 1 });
  t.ok(stats.runUs > 0 && stats.kernel !== '');
  await t.rejects(pool.findAccepted([{ ...short, hashMpinId: new Uint8Array(31) }]), {
    name: 'TypeError',
  });
});

t.test('an authority pool makes the shares that the functions make', async (t) => {
  const random = new Seeded('authority pool');
  const masterSecret = random.scalar();
  const master = Uint8Array.from(masterSecret);
  const pool = createAuthorityPool({ masterSecret, threads: 1, queueMax: 10 });
  t.teardown(() => pool.close());
  masterSecret.fill(0);
  const hash = random.bytes(32);
  const days = [TODAY, TODAY + 1, TODAY - 1];
  t.same(await pool.serverSecretShare(), serverSecretShare(master));
  t.same(await pool.clientSecretShare(hash), clientSecretShare(master, hash));
  const permits = await pool.timePermitShares(hash, days);
  t.same(
    permits,
    days.map((day) => timePermitShare(master, hash, day)),
    'in the order of days',
  );
  t.same(
    permits.map((permit) => permit.buffer.byteLength),
    [65, 65, 65],
    'each its own memory',
  );
  t.same(await pool.timePermitShares(hash, []), []);
  await t.rejects(pool.clientSecretShare(new Uint8Array(31)), { name: 'TypeError' });
  await t.rejects(pool.timePermitShares(hash, [0]), { name: 'RangeError' });
  await t.rejects(pool.timePermitShares(hash, [1.5]), { name: 'RangeError' });
});

t.test('the memory of a secret is locked where the system allows it', async (t) => {
  const secret = new Seeded('locked memory').scalar();
  const pool = createAuthorityPool({ masterSecret: secret, threads: 1, queueMax: 1 });
  t.teardown(() => pool.close());
  t.equal(addon.lockMemory(secret), pool.isLocked, 'any page, or none');
  t.throws(() => addon.lockMemory('secret' as never), { name: 'TypeError' });
  if (process.platform !== 'linux') return;
  const lockedKb = /^VmLck:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1];
  t.equal(Number(lockedKb) > 0, pool.isLocked);
});

t.test('a pool with a bad secret or number is refused at once', async (t) => {
  const serverSecret = new Uint8Array(128);
  t.throws(() => createVerifierPool({ serverSecret }), { name: 'MpinCryptoError', code: -14 });
  const masterSecret = new Uint8Array(32);
  t.throws(() => createAuthorityPool({ masterSecret }), { name: 'MpinCryptoError', code: -11 });
  t.throws(() => createVerifierPool({ serverSecret: new Uint8Array(5) }), { name: 'TypeError' });
  for (const [threads, queueMax] of [
    [0, 1],
    [1.5, 1],
    [1, -1],
    [1, Number.POSITIVE_INFINITY],
  ]) {
    t.throws(() => moody(threads as number, queueMax as number), { name: 'RangeError' });
  }
  t.ok(defaultThreads() >= 1);
});

t.test('answers come in the order of the tasks when one worker does them', async (t) => {
  const pool = moody(1, 100);
  const order: string[] = [];
  const texts = Array.from({ length: 50 }, (_, index) => `task ${index}`);
  await Promise.all(texts.map(async (say) => order.push(await pool.run({ say }))));
  t.same(order, texts);
  await pool.close();
});

t.test('a full queue refuses at once, and has room again later', async (t) => {
  const pool = moody(1, 3);
  let done = 0;
  const work = async () => {
    await pool.run({ sleepMs: 50 });
    done += 1;
  };
  const accepted = Array.from({ length: TASKS_PER_WORKER + 3 }, work);
  const refusal = await pool.run({ say: 'too much' }).catch((error: unknown) => error);
  t.ok(refusal instanceof PoolError && refusal.reason === 'full', String(refusal));
  t.equal(done, 0, 'without waiting for anything');
  await Promise.all(accepted);
  t.equal(await pool.run({ say: 'again' }), 'again');
  await pool.close();
});

t.test("a worker that dies takes its tasks along, and a new one does the next's", async (t) => {
  const pool = moody(1, 100);
  t.equal(await pool.run({ say: 'alive' }), 'alive');
  const lost = [pool.run({ sleepMs: 5000 }), pool.run({ die: 'exit' })];
  for (const task of lost) await t.rejects(task, unavailable);
  t.equal(await pool.run({ say: 'alive again' }), 'alive again');
  t.equal(await pool.run({ show: 'secret' }), '7 8 9', 'with the secret');
  t.equal(await pool.run({ show: 'options' }), '', 'and without preloads');
  await t.rejects(pool.run({ die: 'throw' }), {
    ...unavailable,
    cause: { message: 'the task failed' },
  });
  await pool.close();
});

t.test('tasks that waited when a worker died are done by its successor', async (t) => {
  const pool = moody(1, 100);
  const deadly = pool.run({ die: 'exit' });
  const others = Array.from({ length: 30 }, (_, index) => pool.run({ say: `${index}` }));
  await t.rejects(deadly, unavailable);
  const results = await Promise.allSettled(others);
  t.equal(results.length, 30, 'none is lost in silence');
  const waiting = results.slice(TASKS_PER_WORKER);
  t.ok(
    waiting.every((result) => result.status === 'fulfilled'),
    'those not yet handed out live',
  );
  await pool.close();
});

t.test('a worker that cannot start makes its tasks fail instead of waiting', async (t) => {
  const faults: Error[] = [];
  const options = { threads: 1, queueMax: 100, onFault: (error: Error) => faults.push(error) };
  const pool = new WorkerPool<MoodyTask, string>(MOODY, Uint8Array.of(13), options);
  for (const round of [1, 2]) {
    const tasks = Array.from({ length: 20 }, () => pool.run({ say: 'hello' }));
    for (const task of tasks) await t.rejects(task, unavailable, `round ${round}`);
  }
  t.match(faults[0], { message: 'the worker cannot start' }, 'and says why to whom it concerns');
  await pool.close();
});

t.test('closing finishes what was accepted and refuses the rest', async (t) => {
  const pool = moody(2, 100);
  const accepted = Array.from({ length: 40 }, (_, index) => pool.run({ sleepMs: 10 + index }));
  const closed = pool.close();
  t.equal(pool.close(), closed, 'closing twice is closing once');
  await t.rejects(pool.run({ say: 'late' }), unavailable);
  const results = await Promise.all(accepted);
  t.equal(results.length, 40);
  await closed;
  await t.rejects(pool.run({ say: 'later' }), unavailable);
  await moody(1, 1).close();
});

/** Runs a program against the package as it was compiled by `npm run build`. */
function runCompiled(program: string, env: Record<string, string> = {}) {
  return spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
}

t.test('the compiled package exports the same face, and its pools run', async (t) => {
  const pool = new URL('../../out/src/crypto/pool.js', import.meta.url).href;
  const { stdout, stderr } = runCompiled(`
    import assert from 'node:assert/strict';
    import * as mpin from 'mpin-server/crypto';
    import { createAuthorityPool } from ${JSON.stringify(pool)};
    const masterSecret = mpin.randomSecret();
    const pool = createAuthorityPool({ masterSecret, threads: 1, queueMax: 1 });
    assert.deepEqual(await pool.serverSecretShare(), mpin.serverSecretShare(masterSecret));
    await pool.close();
    process.stdout.write(Object.keys(mpin).sort().join(' '));
  `);
  const names =
    'MpinCryptoError addG1 addG2 clientPass1 clientPass2 clientSecretShare createVerifier ' +
    'extractPin hashId randomSecret serverSecretShare timePermitShare';
  t.equal(stdout, names, stderr);
});

t.test('a kernel that is not to be had keeps the package from loading', async (t) => {
  const program = `
    import('mpin-server/crypto').catch((error) => process.stdout.write(error.message));
  `;
  const { stdout, stderr } = runCompiled(program, { MPIN_KERNEL: 'abacus' });
  t.match(stdout, /^the native core: .*kernel/, stderr);
  t.equal(runCompiled(program, { MPIN_KERNEL: 'portable' }).stdout, '', 'portable is always there');
});
