/** Whole logins while Redis is slow, gone, full or not to be written to. */
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { RpsOptions } from '../../src/config/rps.js';
import { until } from '../e2e/program.js';
import { type Reply, startWorld, type World } from '../rps/harness.js';
import { RedisServer, startWatched } from '../store/redis-server.js';

/** Longest time to a 503 once it is known that Redis is away, on a busy machine. */
const AT_ONCE_MS = 250;
/** Time that a command may take here, and slack for a busy machine. */
const COMMAND_MS = 400;
const NOTICED_MS = COMMAND_MS + 600;
/** Longest time from Redis being there to the first login. */
const RESUMED_MS = 2_000;

async function startOn(t: Test, options: Partial<RpsOptions>): Promise<World> {
  const world = await startWorld(t, {
    storage: 'redis',
    redisCommandMsMax: COMMAND_MS,
    ...options,
  });
  await untilReady(world);
  return world;
}

const readiness = (world: World): Promise<Reply> => world.ask('/health/ready');

async function untilReady(world: World): Promise<void> {
  await until('readiness', async () => (await readiness(world)).status === 200);
}

/** A pass 1 of someone, and how long its answer took. */
async function timedPass1(world: World, person: { mpinId: string; commit(): object }) {
  const { u, ut } = person.commit() as { u: string; ut: string };
  const startedMs = performance.now();
  const body = { mpin_id: person.mpinId, U: u, UT: ut, pass: 1 };
  const reply = await world.post('/rps/pass1', body);
  return { reply, ms: performance.now() - startedMs };
}

/** 503 with Retry-After, at once. */
async function refusedAtOnce(t: Test, world: World, person: Parameters<typeof timedPass1>[1]) {
  const { reply, ms } = await timedPass1(world, person);
  t.equal(reply.status, 503);
  t.equal(reply.headers.get('retry-after'), '1');
  t.ok(ms < AT_ONCE_MS, `after ${ms.toFixed(0)} ms`);
}

t.test('while Redis hangs requests get 503, and readiness follows', async (t) => {
  const redis = await RedisServer.start(t);
  const world = await startOn(t, { redisPort: redis.port });
  const jo = await world.person('jo@example.com');
  t.equal(await jo.login(), 200);
  redis.pause();
  const first = await timedPass1(world, jo);
  t.equal(first.reply.status, 503);
  t.ok(first.ms < NOTICED_MS, `the first after ${first.ms.toFixed(0)} ms`);
  await until('the connection to be given up', async () => {
    return (await timedPass1(world, jo)).ms < AT_ONCE_MS;
  });
  for (let count = 0; count < 5; count += 1) await refusedAtOnce(t, world, jo);
  t.strictSame((await readiness(world)).json['missing'], ['store']);
  t.equal((await world.ask('/health/live')).status, 200);
  redis.resume();
  const resumedMs = performance.now();
  await untilReady(world);
  t.equal(await jo.login(), 200);
  const ms = performance.now() - resumedMs;
  t.ok(ms < RESUMED_MS, `resumed after ${ms.toFixed(0)} ms`);
});

t.test('a Redis that is slow, but not too slow, delays logins and fails none', async (t) => {
  const redis = await RedisServer.start(t);
  const world = await startOn(t, { redisPort: redis.port, redisCommandMsMax: 5_000 });
  const jo = await world.person('jo@example.com');
  const slept = redis.command('debug', 'sleep', '0.5');
  const logins = await Promise.all(Array.from({ length: 5 }, () => jo.login()));
  await slept;
  t.strictSame(logins, [200, 200, 200, 200, 200]);
  await redis.command('client', 'pause', 500, 'write');
  t.equal(await jo.login(), 200);
});

t.test('after a restart without persistence service resumes, and accepts no V again', async (t) => {
  const redis = await RedisServer.start(t);
  const world = await startOn(t, { redisPort: redis.port });
  const jo = await world.person('jo@example.com');
  const used = await jo.begin();
  const accepted = await jo.finish(used.v);
  t.equal((await world.authenticate(accepted.json['authOTT'])).status, 200);
  const begun = await jo.begin();
  await redis.stop();
  await until('the loss to be noticed', async () => (await readiness(world)).status === 503);
  await refusedAtOnce(t, world, jo);
  // Long enough that tries to connect are as far apart as they get.
  await sleep(1_500);
  await redis.start();
  const backMs = performance.now();
  await untilReady(world);
  t.equal(await jo.login(), 200);
  const ms = performance.now() - backMs;
  t.ok(ms < RESUMED_MS, `resumed after ${ms.toFixed(0)} ms`);
  for (const { v } of [used, begun]) {
    const again = await jo.finish(v);
    t.notOk(again.status === 200 && (await statusOf(world, again)) === 200, 'not accepted');
  }
  t.equal((await world.authenticate(accepted.json['authOTT'])).status, 408);
});

async function statusOf(world: World, pass2: Reply): Promise<number> {
  return (await world.authenticate(pass2.json['authOTT'])).status;
}

t.test('a crash of a Redis with an append-only file forgets nothing', async (t) => {
  const redis = await RedisServer.start(t, { appendonly: 'yes', appendfsync: 'always' });
  const world = await startOn(t, { redisPort: redis.port, redisCommandMsMax: 5_000 });
  const [locked, failing, jo] = [
    await world.person('locked@example.com'),
    await world.person('failing@example.com'),
    await world.person('jo@example.com'),
  ];
  for (const status of [401, 401, 410]) t.equal(await locked.login(4321), status);
  for (const status of [401, 401]) t.equal(await failing.login(4321), status);
  const used = await jo.begin();
  const pending = await jo.finish(used.v);
  const begun = await jo.begin();
  await redis.kill();
  await redis.start();
  await untilReady(world);
  t.equal(await locked.login(), 410, 'the lock');
  t.equal(await failing.login(4321), 410, 'the count');
  t.equal((await jo.finish(used.v)).status, 200, 'tried on what lives');
  t.equal(await statusOf(world, pending), 200, 'the result');
  t.equal(await statusOf(world, pending), 408);
  t.equal(await statusOf(world, await jo.finish(begun.v)), 200, 'the challenge');
});

t.test('when the master dies, service goes on with its replica', async (t) => {
  const { master, replica, sentinels, name } = await startWatched(t);
  const world = await startOn(t, { redisSentinels: sentinels, redisSentinelName: name });
  const [locked, jo] = [
    await world.person('locked@example.com'),
    await world.person('jo@example.com'),
  ];
  for (const status of [401, 401, 410]) t.equal(await locked.login(4321), status);
  const used = await jo.begin();
  t.equal(await statusOf(world, await jo.finish(used.v)), 200);
  const begun = await jo.begin();
  await until('the replica to have it all', async () => {
    const offset = await master.info('master_repl_offset');
    return (await replica.info('slave_repl_offset')) === offset;
  });
  await master.kill();
  await until('the loss to be noticed', async () => (await readiness(world)).status === 503);
  await refusedAtOnce(t, world, jo);
  await until('the replica to be master', async () => (await replica.info('role')) === 'master');
  const backMs = performance.now();
  await untilReady(world);
  const ms = performance.now() - backMs;
  t.ok(ms < RESUMED_MS, `resumed after ${ms.toFixed(0)} ms`);
  t.equal(await statusOf(world, await jo.finish(begun.v)), 200, 'a login begun before');
  const again = await jo.finish(used.v);
  t.equal(again.status, 500, 'no login twice');
  t.equal(await locked.login(), 410, 'the lock');
});

t.test('a full Redis takes in nothing new, and lets logins under way end', async (t) => {
  const redis = await RedisServer.start(t);
  const world = await startOn(t, { redisPort: redis.port });
  const [jo, al] = [await world.person('jo@example.com'), await world.person('al@example.com')];
  const begun = await jo.begin();
  const guess = await al.begin(4321);
  await redis.command('config', 'set', 'maxmemory', 1);
  await refusedAtOnce(t, world, jo);
  const refused = await al.finish(guess.v);
  t.equal(refused.status, 503, 'a guess that cannot be counted is not answered');
  t.equal(refused.headers.get('retry-after'), '1');
  const ended = await jo.finish(begun.v);
  t.equal(ended.status, 200);
  t.equal(await statusOf(world, ended), 200);
  t.equal((await readiness(world)).status, 200, 'others have no more room either');
  await redis.command('config', 'set', 'maxmemory', 0);
  t.strictSame([await al.login(4321), await al.login(4321)], [401, 401], 'and was not counted');
  t.equal(await al.login(), 200);
});

t.test('a replica is not ready, and is once it is a master', async (t) => {
  const redis = await RedisServer.start(t);
  const world = await startOn(t, { redisPort: redis.port });
  const jo = await world.person('jo@example.com');
  const { port } = await RedisServer.start(t);
  await redis.command('replicaof', '127.0.0.1', port);
  await until('the replica to be noticed', async () => (await readiness(world)).status === 503);
  await refusedAtOnce(t, world, jo);
  await redis.command('replicaof', 'no', 'one');
  await untilReady(world);
  t.equal(await jo.login(), 200, 'what was registered at the D-TAs needs no Redis');
});

t.test('with a wrong password, or without Redis, it starts, waits and says so', async (t) => {
  const redis = await RedisServer.start(t, { requirepass: 'another' });
  const options = { storage: 'redis', redisPort: redis.port, redisPassword: 'a password' };
  const world = await startWorld(t, options);
  t.equal((await world.ask('/health/live')).status, 200);
  await untilOnlyStoreIsMissing(world);
  t.equal((await world.register({ userId: 'jo@example.com' })).status, 503);
  await redis.command('config', 'set', 'requirepass', 'a password');
  await untilReady(world);
  const jo = await world.person('jo@example.com');
  t.equal(await jo.login(), 200);
  await redis.stop();
  const late = await startWorld(t, { storage: 'redis', redisPort: redis.port });
  await untilOnlyStoreIsMissing(late);
});

async function untilOnlyStoreIsMissing(world: World): Promise<void> {
  await until('the rest', async () => {
    return `${(await readiness(world)).json['missing']}` === 'store';
  });
}

t.test('scripts that Redis has forgotten are sent again', async (t) => {
  const redis = await RedisServer.start(t);
  const world = await startOn(t, { redisPort: redis.port });
  const jo = await world.person('jo@example.com');
  const begun = await jo.begin();
  await redis.command('script', 'flush', 'sync');
  t.equal(await statusOf(world, await jo.finish(begun.v)), 200);
  await redis.command('script', 'flush', 'sync');
  const logins = await Promise.all(Array.from({ length: 10 }, () => jo.login()));
  t.ok(logins.every((status) => status === 200));
});
