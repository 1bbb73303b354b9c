/** The store that the options ask for. */
import { readFileSync } from 'node:fs';
import type { RpsOptions } from '../config/rps.js';
import type { RoleContext } from '../ops/role.js';
import { createMemoryStore } from '../store/memory/memory-store.js';
import type { RedisTls } from '../store/redis/target.js';
import type { Store } from '../store/store.js';

/** @throws Error that names the option for settings that contradict one another */
export async function openStore(options: RpsOptions, context: RoleContext): Promise<Store> {
  const { log, clock } = context;
  const now = (): number => clock.now();
  if (options.storage === 'redis') return openRedis(options, context, now);
  if (isFile(options)) return openFile(options, context, now);
  log.warn('memory store: this instance cannot share its state, and forgets it at its end');
  return createMemoryStore({ ...options, now });
}

/** Whether the state lies in a file: `json` is what the old servers called it. */
function isFile({ storage }: RpsOptions): boolean {
  return storage === 'file' || storage === 'json';
}

async function openFile(
  options: RpsOptions,
  { log }: RoleContext,
  now: () => number,
): Promise<Store> {
  const { openFileStore } = await import('../store/file/file-store.js');
  return openFileStore({
    ...options,
    file: options.fileStorageLocation,
    sync: options.fileStorageSync,
    bytesMax: options.fileStorageBytesMax,
    now,
    onFault: ({ message }) => log.error({ reason: message }, 'the store cannot be written'),
  });
}

/** Its code is loaded only here: an instance without Redis starts sooner. */
async function openRedis(
  options: RpsOptions,
  { log }: RoleContext,
  now: () => number,
): Promise<Store> {
  const [{ createRedisStore }, { redisAccess }] = await Promise.all([
    import('../store/redis/redis-store.js'),
    import('../store/redis/target.js'),
  ]);
  const { secure, ...access } = redisAccess(options);
  const tls = secure || options.redisTLS ? { tls: tlsOf(options) } : {};
  return createRedisStore({
    access: { ...access, ...tls },
    times: { commandMsMax: options.redisCommandMsMax, connectMsMax: options.redisConnectMsMax },
    prefix: options.redisPrefix,
    log,
    now,
  });
}

function tlsOf({ redisCAFile, redisCertFile, redisKeyFile }: RpsOptions): RedisTls {
  const read = (name: string, file: string) => (file === '' ? {} : { [name]: readPem(name, file) });
  return {
    ...read('ca', redisCAFile),
    ...read('cert', redisCertFile),
    ...read('key', redisKeyFile),
  };
}

function readPem(what: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`the ${what} for Redis cannot be read: ${(error as Error).message}`);
  }
}
