/** An ioredis client for a target, with every limit set. */
import { randomInt } from 'node:crypto';
import { Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis';
import * as limits from './limits.js';
import type { RedisAccess, RedisTarget } from './target.js';

type ClusterNodeOptions = NonNullable<ClusterOptions['redisOptions']> & {
  readonly replyMapping?: never;
};

export type Client = Redis | Cluster;

export interface RedisTimes {
  /** Milliseconds a command may take. After as much silence a connection is given up. */
  readonly commandMsMax: number;
  /** Milliseconds a connection may take to be made. */
  readonly connectMsMax: number;
}

export function createClient(access: RedisAccess, times: RedisTimes): Client {
  const { target, username, password, db, tls } = access;
  const common = {
    // Nothing of RESP3 is used, and old servers and proxies do not know its greeting.
    protocol: 2 as const,
    connectionName: 'mpin',
    disableClientInfo: true,
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
    ...(tls === undefined ? {} : { tls: { ...tls } }),
    db,
    connectTimeout: times.connectMsMax,
    disconnectTimeout: limits.DISCONNECT_MS_MAX,
    commandTimeout: times.commandMsMax,
    socketTimeout: times.commandMsMax,
    keepAlive: limits.KEEP_ALIVE_MS,
    noDelay: true,
    // What was sent over a connection that is lost fails at once, and is not sent again.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: limits.RESENDS_MAX,
    enableAutoPipelining: false,
    autoResubscribe: true,
    enableReadyCheck: true,
    maxLoadingRetryTime: limits.LOADING_RETRY_MS,
    readOnly: false,
    lazyConnect: false,
  } satisfies RedisOptions;
  if (target.kind === 'cluster') return createCluster(target.nodes, common, times);
  return new Redis({
    ...common,
    ...placeOf(target, access, times),
    // Nothing waits for a connection: its request gets 503 at once.
    enableOfflineQueue: false,
    retryStrategy: retryDelay,
    // A master that became a replica keeps its connections: the new master must be looked up.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  });
}

function placeOf(
  target: Exclude<RedisTarget, { kind: 'cluster' }>,
  { tls }: RedisAccess,
  times: RedisTimes,
) {
  if (target.kind === 'socket') return { path: target.path };
  if (target.kind === 'server') return { host: target.host, port: target.port };
  const { sentinels, name, username, password } = target;
  const options = {
    sentinels: sentinels.map((address) => ({ ...address })),
    name,
    role: 'master' as const,
    ...(username === '' ? {} : { sentinelUsername: username }),
    ...(password === '' ? {} : { sentinelPassword: password }),
    ...(tls === undefined ? {} : { enableTLSForSentinelMode: true, sentinelTLS: { ...tls } }),
    sentinelCommandTimeout: times.commandMsMax,
    sentinelRetryStrategy: retryDelay,
    sentinelReconnectStrategy: () => limits.SENTINEL_RETRY_MS,
    sentinelMaxConnections: limits.SENTINELS_MAX,
    updateSentinels: true,
    // An old master that is cut off takes in what will be lost: leave it as soon as it is told.
    failoverDetector: true,
  } satisfies RedisOptions;
  return options;
}

function createCluster(
  nodes: readonly { readonly host: string; readonly port: number }[],
  common: ClusterNodeOptions,
  times: RedisTimes,
): Cluster {
  const options = {
    redisOptions: common,
    enableOfflineQueue: false,
    enableReadyCheck: true,
    enableAutoPipelining: false,
    lazyConnect: false,
    // A replica may be behind: it would give out what has been taken.
    scaleReads: 'master' as const,
    shardedSubscribers: false,
    maxRedirections: limits.REDIRECTIONS_MAX,
    retryDelayOnMoved: 0,
    retryDelayOnTryAgain: limits.TRY_AGAIN_MS,
    // Zero turns these off. The first would send again what a lost node may have carried out.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    slotsRefreshTimeout: times.commandMsMax,
    clusterRetryStrategy: retryDelay,
    clusterNodeRetryStrategy: (times) =>
      times > limits.NODE_RETRIES_MAX ? null : retryDelay(times),
    // Certificates are of names, so with TLS the names are kept.
    ...(common.tls === undefined ? {} : { dnsLookup: (name: string, done) => done(null, name) }),
  } satisfies ClusterOptions;
  return new Cluster(
    nodes.map((node) => ({ ...node })),
    options,
  );
}

/** Milliseconds to wait before the try of this number. */
function retryDelay(tries: number): number {
  // Beyond this many the power is far above the maximum, and no longer a whole number.
  const doublings = Math.min(tries - 1, 30);
  const delay = Math.min(limits.RETRY_FIRST_MS * 2 ** doublings, limits.RETRY_MS_MAX);
  return delay + randomInt(limits.RETRY_JITTER_MS);
}
