/** Stores of the backend in Redis, for tests. */
import { randomBytes } from 'node:crypto';
import { pino } from 'pino';
import type { RedisTimes } from '../../src/store/redis/client.js';
import { createRedisStore, type RedisStoreOptions } from '../../src/store/redis/redis-store.js';
import { type RedisSettings, redisAccess } from '../../src/store/redis/target.js';
import type { Store } from '../../src/store/store.js';
import { until } from '../e2e/program.js';
import { newMpinId } from './contract.js';

/** What the configuration says when nothing is set. */
export const NO_SETTINGS: RedisSettings = {
  redisURL: '',
  redisHost: '127.0.0.1',
  redisPort: 6379,
  redisSocket: '',
  redisDB: 0,
  redisUsername: '',
  redisPassword: '',
  redisSentinels: [],
  redisSentinelName: 'mymaster',
  redisSentinelUsername: '',
  redisSentinelPassword: '',
  redisCluster: [],
};

/** For what should not fail on a busy machine. */
const PATIENT: RedisTimes = { commandMsMax: 5_000, connectMsMax: 5_000 };

/** A store with keys of its own, connected or not. */
export function redisStore(
  settings: Partial<RedisSettings>,
  more: Partial<RedisStoreOptions> = {},
): Store {
  return createRedisStore({
    access: redisAccess({ ...NO_SETTINGS, ...settings }),
    times: PATIENT,
    prefix: `test-${randomBytes(4).toString('hex')}`,
    log: pino({ level: 'silent' }),
    now: () => Date.now(),
    ...more,
  });
}

/** Waits until a store answers for all identities: they lie on all nodes of a cluster. */
export async function untilThere(store: Store): Promise<void> {
  const someone = Array.from({ length: 30 }, newMpinId);
  await until('Redis', async () => {
    try {
      await store.ping();
      await Promise.all(someone.map((mpinId) => store.challenges(mpinId)));
      return true;
    } catch {
      return false;
    }
  });
}

/** A store with keys of its own, once Redis is there. */
export async function connectedStore(
  settings: Partial<RedisSettings>,
  more: Partial<RedisStoreOptions> = {},
): Promise<Store> {
  const store = redisStore(settings, more);
  await untilThere(store);
  return store;
}
