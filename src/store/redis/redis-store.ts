import type { Logger } from 'pino';
import { type Store, StoreError } from '../store.js';
import type { RedisTimes } from './client.js';
import { Connection } from './connection.js';
import { Keys } from './keys.js';
import type { RedisAccess } from './target.js';
import { loginVerbs } from './verbs/logins.js';
import { meetingVerbs } from './verbs/meetings.js';
import { adminVerbs, onceVerbs } from './verbs/once.js';
import { permitVerbs } from './verbs/permits.js';
import { registrationVerbs } from './verbs/registrations.js';

/** Life of what a probe writes: gone before anyone looks for it. */
const PROBE_LIFE_MS = 1_000;
/** Places a probe tries in a cluster: enough that they lie on several of its nodes. */
const PROBE_PLACES = 8;

export interface RedisStoreOptions {
  readonly access: RedisAccess;
  readonly times: RedisTimes;
  /** Before all keys, so that several applications can share a Redis. */
  readonly prefix: string;
  readonly log: Logger;
  /** The caller's time in milliseconds since the epoch: only for the lives that it sets. */
  readonly now: () => number;
}

/**
 * State in Redis, shared by all instances that use the same one and the same prefix. It connects in
 * the background: until it has, and whenever Redis is away, verbs reject with StoreError
 * 'unavailable' at once.
 * @throws Error for a prefix that cannot be one
 */
export function createRedisStore({ access, times, prefix, log, now }: RedisStoreOptions): Store {
  const keys = new Keys(prefix);
  const redis = new Connection(access, times, log);
  return {
    ...registrationVerbs(redis, keys, now),
    ...loginVerbs(redis, keys),
    ...permitVerbs(redis, keys, now),
    ...meetingVerbs(redis, keys),
    ...onceVerbs(redis, keys),
    ...adminVerbs(redis, keys),
    // Counting would be a search, and an INFO of Redis tells more.
    sizes: () => ({}),
    ping: () => ping(redis, keys),
    close: () => redis.close(),
  };
}

/**
 * Writes, as a Redis that only answers is of no use. One that is full is there, and its logins
 * under way can end. A cluster counts as long as a part of it can be written to.
 */
async function ping(redis: Connection, keys: Keys): Promise<void> {
  const places = Array.from({ length: redis.isCluster ? PROBE_PLACES : 1 }, (_, place) => place);
  const probes = places.map((place) => probe(redis, keys.of('probe', `{${place}}`)));
  const outcomes = await Promise.allSettled(probes);
  if (outcomes.some(({ status }) => status === 'fulfilled')) return;
  throw (outcomes[0] as PromiseRejectedResult).reason;
}

async function probe(redis: Connection, key: string): Promise<void> {
  try {
    await redis.call('set', key, '', 'px', PROBE_LIFE_MS);
  } catch (error) {
    if (!(error instanceof StoreError && error.reason === 'full')) throw error;
  }
}
