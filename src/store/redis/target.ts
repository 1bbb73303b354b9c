/** Which Redis is meant: a server, its unix socket, a master that Sentinels name, or a cluster. */

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

export type RedisTarget =
  | ({ readonly kind: 'server' } & RedisAddress)
  | { readonly kind: 'socket'; readonly path: string }
  | {
      readonly kind: 'sentinel';
      readonly sentinels: readonly RedisAddress[];
      /** What the Sentinels call the master. */
      readonly name: string;
      readonly username: string;
      readonly password: string;
    }
  | { readonly kind: 'cluster'; readonly nodes: readonly RedisAddress[] };

/** PEM texts; the system's authorities are trusted without `ca`. */
export interface RedisTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface RedisAccess {
  readonly target: RedisTarget;
  /** Database number; a cluster has only 0. */
  readonly db: number;
  /** Empty for the default user. */
  readonly username: string;
  /** Empty for none. Secret. */
  readonly password: string;
  readonly tls?: RedisTls;
}

const SENTINEL_PORT = 26_379;
const REDIS_PORT = 6_379;
const PORT_MAX = 65_535;

/** The settings as they are called in the configuration. */
export interface RedisSettings {
  readonly redisURL: string;
  readonly redisHost: string;
  readonly redisPort: number;
  readonly redisSocket: string;
  readonly redisDB: number;
  readonly redisUsername: string;
  readonly redisPassword: string;
  readonly redisSentinels: readonly string[];
  readonly redisSentinelName: string;
  readonly redisSentinelUsername: string;
  readonly redisSentinelPassword: string;
  readonly redisCluster: readonly string[];
}

/**
 * What the settings name. A URL stands in for the settings that say the same; what it leaves out
 * is taken from them.
 * @throws Error that names the setting and never shows a URL, which may hold a password
 */
export function redisAccess(settings: RedisSettings): RedisAccess & { readonly secure: boolean } {
  const { redisURL: url, redisSentinels, redisCluster, redisSocket } = settings;
  const ways = [redisSentinels, redisCluster, redisSocket, url].filter((way) => way.length > 0);
  if (ways.length > 1) {
    throw new Error(
      'only one of redisURL, redisSocket, redisSentinels and redisCluster can be given',
    );
  }
  const access = {
    target: targetOf(settings),
    db: settings.redisDB,
    username: settings.redisUsername,
    password: settings.redisPassword,
    secure: false,
  };
  const named = url === '' ? access : { ...access, ...readUrl(url, access.db) };
  if (named.target.kind === 'cluster' && named.db !== 0) {
    throw new Error('redisDB: a cluster has only database 0');
  }
  return named;
}

function targetOf(settings: RedisSettings): RedisTarget {
  const { redisSentinels, redisCluster, redisSocket } = settings;
  if (redisSentinels.length > 0) {
    return {
      kind: 'sentinel',
      sentinels: redisSentinels.map((text) => addressOf(text, 'redisSentinels', SENTINEL_PORT)),
      name: settings.redisSentinelName,
      username: settings.redisSentinelUsername,
      password: settings.redisSentinelPassword,
    };
  }
  if (redisCluster.length > 0) {
    const nodes = redisCluster.map((text) => addressOf(text, 'redisCluster', REDIS_PORT));
    return { kind: 'cluster', nodes };
  }
  if (redisSocket !== '') return { kind: 'socket', path: redisSocket };
  return { kind: 'server', host: settings.redisHost, port: settings.redisPort };
}

/** `host`, `host:port`, `1.2.3.4:port` or `[::1]:port`. */
function addressOf(text: string, setting: string, port: number): RedisAddress {
  const match = /^(?:\[([\da-fA-F:.]+)\]|([^:[\]\s/@]+))(?::(\d{1,5}))?$/.exec(text);
  const given = match?.[3] === undefined ? port : Number(match[3]);
  if (match === null || given === 0 || given > PORT_MAX) {
    throw new Error(`${setting}: "${text}" is not host:port`);
  }
  return { host: (match[1] ?? match[2]) as string, port: given };
}

/** What a URL says: `redis[s]://[user[:password]@]host[:port][/db]` or `unix:///path[?db=n]`. */
function readUrl(text: string, db: number) {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const scheme = url?.protocol;
  if (url === undefined || (scheme !== 'redis:' && scheme !== 'rediss:' && scheme !== 'unix:')) {
    throw new Error('redisURL: expected redis://, rediss:// or unix://');
  }
  const number = scheme === 'unix:' ? url.searchParams.get('db') : url.pathname.slice(1);
  if (number !== null && !/^\d{0,5}$/.test(number)) {
    throw new Error('redisURL: the database is not a number');
  }
  return {
    target: urlTarget(url),
    db: number === null || number === '' ? db : Number(number),
    secure: scheme === 'rediss:',
    ...(url.username === '' ? {} : { username: decodeURIComponent(url.username) }),
    ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
  };
}

function urlTarget(url: URL): RedisTarget {
  if (url.protocol === 'unix:') {
    if (url.pathname === '') throw new Error('redisURL: unix:// needs the path of a socket');
    return { kind: 'socket', path: decodeURIComponent(url.pathname) };
  }
  if (url.hostname === '') throw new Error('redisURL: it names no host');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return { kind: 'server', host, port: url.port === '' ? REDIS_PORT : Number(url.port) };
}
