/** The backend in Redis under faults that whole logins cannot be aimed at. */
import { setImmediate as turn } from 'node:timers/promises';
import { pino } from 'pino';
import t from 'tap';
import type { Awaitable, Settlement } from '../../src/store/store.js';
import { until } from '../e2e/program.js';
import {
  authOTTFor,
  newChallenge,
  newMpinId,
  newRegistration,
  right,
  wrong,
} from '../store/contract.js';
import { RedisServer, startCluster } from '../store/redis-server.js';
import { connectedStore, redisStore, untilThere } from '../store/redis-stores.js';

const LIFE_MS = 600_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Short, for replies that never come. */
const IMPATIENT = { commandMsMax: 300, connectMsMax: 300 };

const unavailable = { name: 'StoreError', reason: 'unavailable' };

/** What became of a call that may fail as it should. */
async function outcomeOf(call: Awaitable<Settlement>): Promise<Settlement | 'failed'> {
  try {
    return await call;
  } catch (error) {
    if ((error as { reason?: unknown }).reason !== 'unavailable') throw error;
    return 'failed';
  }
}

t.test('a settle whose answer was lost is never accepted twice', async (t) => {
  const redis = await RedisServer.start(t);
  const store = await connectedStore({ redisPort: redis.port }, { times: IMPATIENT });
  t.teardown(() => store.close());
  t.equal(await store.settle(right(newMpinId())), 200, 'its script is there');
  const mpinId = newMpinId();
  const challenge = newChallenge('a');
  await store.putChallenge(mpinId, challenge, LIFE_MS);
  const tokens = Array.from({ length: 4 }, () => authOTTFor(store, mpinId));
  const settle = (authOTT: string) =>
    outcomeOf(store.settle(right(mpinId, challenge.id, { authOTT })));
  redis.pause();
  t.equal(await settle(tokens[0] ?? ''), 'failed');
  redis.resume();
  await untilThere(store);
  const retries = await Promise.all(tokens.slice(1).map(settle));
  t.strictSame(retries, ['gone', 'gone', 'gone'], 'it was carried out, and nobody was told');
  const results = await Promise.all(tokens.map((token) => store.takeResult(token)));
  t.equal(results.filter((one) => one !== undefined).length, 1, 'one result in all');
});

t.test('connections that die under load have no failure counted twice', async (t) => {
  const redis = await RedisServer.start(t);
  const store = await connectedStore({ redisPort: redis.port }, { prefix: 'counted' });
  t.teardown(() => store.close());
  const mpinId = newMpinId();
  const calls: Promise<Settlement | 'failed'>[] = [];
  for (let round = 0; round < 5; round += 1) {
    await untilThere(store);
    let killed: Promise<unknown> | undefined;
    for (let count = 0; count < 200; count += 1) {
      // On another connection: it meets the burst at any point of it.
      if (count === 100) killed = redis.command('client', 'kill', 'type', 'normal');
      calls.push(outcomeOf(store.settle(wrong(mpinId, { failuresMax: 1_000_000 }))));
      if (count % 20 === 0) await turn();
    }
    await killed;
  }
  const seen = await Promise.all(calls);
  const answered = seen.filter((one) => one === 401).length;
  await untilThere(store);
  const [key] = (await redis.command('keys', 'counted:f1:*')) as string[];
  const counted = Number(await redis.command('get', key ?? ''));
  t.comment(`${answered} of ${calls.length} answered, ${counted} counted`);
  t.ok(answered > 0 && answered < calls.length, 'some of each');
  t.ok(counted >= answered && counted <= calls.length);
});

t.test('a dead node of a cluster takes only its own identities with it', async (t) => {
  const nodes = await startCluster(t, 3, { 'cluster-require-full-coverage': 'no' });
  const store = await connectedStore({ redisCluster: nodes.map(({ address }) => address) });
  t.teardown(() => store.close());
  const everyone = Array.from({ length: 60 }, newMpinId);
  const all = () => Promise.all(everyone.map((mpinId) => outcomeOf(store.settle(wrong(mpinId)))));
  t.ok((await all()).every((one) => one === 401));
  await nodes[1]?.kill();
  await until('the loss to be noticed', async () => (await all()).includes('failed'));
  const startedMs = performance.now();
  const without = (await all()).map((one) => one === 'failed');
  const ms = performance.now() - startedMs;
  t.ok(ms < 500, `answered after ${ms.toFixed(0)} ms`);
  const lost = without.filter((one) => one).length;
  t.ok(lost > 0 && lost < everyone.length, `${lost} of ${everyone.length}`);
  await t.resolves(Promise.resolve(store.ping()));
  await nodes[1]?.start();
  const backMs = performance.now();
  await until('it to be back', async () => !(await all()).includes('failed'));
  const resumedMs = performance.now() - backMs;
  t.ok(resumedMs < 3_000, `the cluster took it in after ${resumedMs.toFixed(0)} ms`);
});

t.test('a slot that has moved is followed at once', async (t) => {
  const nodes = await startCluster(t, 3);
  const store = await connectedStore({ redisCluster: [nodes[0]?.address ?? ''] }, { prefix: 'm' });
  t.teardown(() => store.close());
  const mpinId = newMpinId();
  await store.settle(wrong(mpinId));
  const holders = await Promise.all(nodes.map((node) => node.command('keys', 'm:f1:*')));
  const from = holders.findIndex((keys) => (keys as string[]).length > 0);
  const [key] = holders[from] as string[];
  const slot = Number(await nodes[0]?.command('cluster', 'keyslot', key ?? ''));
  t.equal(await store.settle(right(mpinId)), 200, 'nothing is left in the slot');
  const to = nodes[(from + 1) % 3];
  const id = `${await to?.command('cluster', 'myid')}`;
  for (const node of [to, ...nodes]) await node?.command('cluster', 'setslot', slot, 'node', id);
  t.equal(await store.settle(wrong(mpinId)), 401);
  t.strictSame(await to?.command('keys', 'm:f1:*'), [key]);
});

t.test('steps of the clock of an instance end nothing early and keep nothing longer', async (t) => {
  const redis = await RedisServer.start(t);
  let offsetMs = 0;
  const now = () => Date.now() + offsetMs;
  const store = await connectedStore({ redisPort: redis.port }, { now, prefix: 'stepped' });
  t.teardown(() => store.close());
  for (const stepMs of [HOUR_MS, -HOUR_MS, 400 * DAY_MS]) {
    const mpinId = newMpinId();
    const [challenge, authOTT] = [newChallenge('a'), authOTTFor(store, mpinId)];
    const registration = newRegistration(mpinId, now() + LIFE_MS);
    await store.putRegistration(registration);
    await store.putChallenge(mpinId, challenge, LIFE_MS);
    await store.settle(wrong(mpinId));
    offsetMs += stepMs;
    t.strictSame(await store.registration(mpinId), registration);
    t.equal((await store.challenges(mpinId)).length, 1);
    t.equal(await store.settle(right(mpinId, challenge.id, { authOTT })), 200);
    t.equal((await store.takeResult(authOTT))?.status, 200);
    await store.putChallenge(mpinId, challenge, LIFE_MS);
  }
  const keys = (await redis.command('keys', 'stepped:[cg]1:*')) as string[];
  t.equal(keys.length, 6);
  for (const key of keys) {
    const leftMs = Number(await redis.command('pttl', key));
    t.ok(leftMs > LIFE_MS - 60_000 && leftMs <= LIFE_MS, `${key} lives ${leftMs} ms more`);
  }
});

t.test('a Redis that is loading its data is waited for', async (t) => {
  const redis = await RedisServer.start(t, { appendonly: 'yes' });
  const store = await connectedStore({ redisPort: redis.port }, { times: IMPATIENT });
  t.teardown(() => store.close());
  const mpinIds = Array.from({ length: 300 }, newMpinId);
  await Promise.all(mpinIds.map((mpinId) => store.settle(wrong(mpinId, { failuresMax: 1 }))));
  // Only what was rewritten can be loaded slowly.
  await redis.command('bgrewriteaof');
  await until('the rewrite', async () => {
    return (await redis.info('aof_rewrite_in_progress')) === '0';
  });
  await redis.stop();
  const slowly = { 'key-load-delay': 5_000, 'loading-process-events-interval-bytes': 1_024 };
  const started = redis.start(slowly);
  await until('the loading', async () => {
    return `${await redis.command('ping').catch(String)}`.includes('LOADING');
  });
  await t.rejects(Promise.resolve(store.ping()), unavailable);
  await t.rejects(Promise.resolve(store.challenges(newMpinId())), unavailable);
  await started;
  const backMs = performance.now();
  await untilThere(store);
  t.ok(performance.now() - backMs < 2_000);
  t.equal(
    await store.settle(right(mpinIds[0] ?? '', undefined, { failuresMax: 1 })),
    410,
    'locks are there',
  );
});

t.test('the log tells what is wrong and when it is over, and no secret', async (t) => {
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
  const said = () => lines.join('');
  const redis = await RedisServer.start(t, {
    requirepass: 'right-password',
    maxmemory: '100mb',
    'maxmemory-policy': 'allkeys-lru',
  });
  const redisURL = `redis://default:wrong-password@127.0.0.1:${redis.port}/3`;
  const store = redisStore({ redisURL }, { log });
  t.teardown(() => store.close());
  await until('the refusal', () => said().includes('WRONGPASS'));
  const error = await Promise.resolve(store.ping()).catch((reason: unknown) => reason);
  t.match(error, unavailable);
  await redis.command('config', 'set', 'requirepass', 'wrong-password');
  await untilThere(store);
  await until('the findings', () => said().includes('append-only'));
  for (const expected of [/refuses our user name/, /Redis is there/, /allkeys-lru/, /noeviction/]) {
    t.match(said(), expected);
  }
  t.notMatch(`${said()}${String(error)}${JSON.stringify(error)}`, /password@|wrong-password/);
});
