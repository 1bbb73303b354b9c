/** Options of the store in Redis (contract §10), with `storage = redis`. */
import { bool, int, list, type OptionTable, path, port, secret, text } from './option.js';

/** Where Redis is, and how we are let in. */
const accessOptions = {
  redisHost: text('127.0.0.1', 'Host of Redis'),
  redisPort: port(6379, 'Port of Redis'),
  redisDB: int(0, 'database', 'Number of its database; a cluster has only 0', {
    min: 0,
    max: 65_535,
  }),
  redisUsername: text('', 'User of Redis; empty for the default one'),
  redisPassword: secret('', 'Password of that user'),
  redisPrefix: text(
    'mpin',
    'Before all keys: instances with the same one share their state, applications need their own',
  ),
  redisURL: secret(
    '',
    'redis://user:password@host:port/db, rediss:// for TLS or unix:///path?db=n, in place of the ' +
      'options above. A secret, as it may hold a password',
  ),
  redisSocket: path('', 'Unix socket of Redis, in place of host and port'),
  redisSentinels: list(
    [],
    'host:port of the Sentinels that know the master, in place of host and port',
  ),
  redisSentinelName: text('mymaster', 'What the Sentinels call that master'),
  redisSentinelUsername: text('', 'User of the Sentinels themselves'),
  redisSentinelPassword: secret('', 'Password of the Sentinels themselves'),
  redisCluster: list(
    [],
    'host:port of some nodes of a Redis Cluster, in place of host and port; they name the others',
  ),
} as const satisfies OptionTable;

const tlsOptions = {
  redisTLS: bool(false, 'Speak TLS with Redis, and with Sentinels'),
  redisCAFile: path('', 'PEM file of the authorities it is checked with; empty for the system’s'),
  redisCertFile: path('', 'PEM file of our certificate, where Redis demands one'),
  redisKeyFile: path('', 'PEM file of its key'),
} as const satisfies OptionTable;

const timeOptions = {
  redisCommandMsMax: int(
    1000,
    'ms',
    'Time a command may take before its request gets 503, and a silent connection may last. ' +
      'More than Redis ever pauses, less than a person waits',
    { min: 10, max: 60_000 },
  ),
  redisConnectMsMax: int(
    1000,
    'ms',
    'Time a connection to Redis may take to be made; while there is none all get 503 at once',
    { min: 10, max: 60_000 },
  ),
} as const satisfies OptionTable;

export const redisOptions = {
  ...accessOptions,
  ...tlsOptions,
  ...timeOptions,
} as const satisfies OptionTable;
