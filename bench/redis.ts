/**
 * `login-rest-redis`, `login-ws-redis`: logins of an RPS whose state lies in a Redis of this
 * machine, and what they cost that Redis.
 */
import { Redis } from 'ioredis';
import { RedisServer } from '../test/store/redis-server.js';
import type { Bench, Scenario } from './bench.js';
import { type Check, capacityThenLatency, type Result, rounded } from './load/figures.js';
import type { WorkKind } from './load/work.js';

/** CPU of redis-server a login, in microseconds. */
const CPU_US_MAX = 40;
/** Pass 1: one; pass 2: two; /authenticate: one. */
const ROUND_TRIPS: Partial<Record<WorkKind, number>> = { 'login-rest': 4, 'login-ws': 2 };
/** Clients and seconds of the load under which each command is looked at: MONITOR is slow. */
const WATCHED_CLIENTS = 8;
const WATCHED_SECONDS = 0.5;
/** Where MONITOR says that a command came from, if a script called it. */
const SCRIPT = 'lua';
/** There is one in each login: /authenticate. */
const ONE_A_LOGIN = 'getdel';

/** What Redis has done and used so far. */
interface Sample {
  readonly cpuUs: number;
  /** Over its connections, both ways. */
  readonly bytes: number;
  readonly calls: ReadonlyMap<string, number>;
}

/** Runs `use` with a Redis of its own. */
export async function withRedis<T>(use: (redis: RedisServer) => Promise<T>): Promise<T> {
  const ends: (() => Promise<void> | void)[] = [];
  const redis = await RedisServer.start({ teardown: (end) => void ends.push(end) });
  try {
    return await use(redis);
  } finally {
    for (const end of ends) await end();
  }
}

export function redisLogins(name: string, kind: WorkKind): Scenario {
  return (bench) => withRedis((redis) => measuredWith(bench, name, kind, redis));
}

function measuredWith(bench: Bench, name: string, kind: WorkKind, redis: RedisServer) {
  const set = ['storage=redis', `redisSocket=${redis.socket}`];
  return bench.withRps(
    (rps) =>
      bench.withObservedLoad(rps, { kind }, async (groups) => {
        const plan = bench.plan(rps);
        const samples: Sample[] = [];
        const probe = async () => {
          samples.push(await sampleOf(redis));
          return plan.probe();
        };
        const result = await capacityThenLatency(name, groups, { ...plan, probe });
        // The closed loop is between the first two.
        const [before, after] = samples;
        if (before === undefined || after === undefined) return result;
        const roundTrips = await roundTripsOf(redis, async () => {
          await groups.load.begin({ kind: 'closed', connections: WATCHED_CLIENTS });
          await plan.sleep(WATCHED_SECONDS);
          await groups.load.end();
        });
        return withFigures(result, { kind, roundTrips, before, after });
      }),
    set,
  );
}

/** Commands a login that clients send while `press` makes them log in. */
async function roundTripsOf(redis: RedisServer, press: () => Promise<void>): Promise<number> {
  const client = new Redis(redis.socket);
  const monitor = await client.monitor();
  let sent = 0;
  let logins = 0;
  monitor.on('monitor', (_time: string, [command]: string[], source: string) => {
    if (source !== SCRIPT) sent += 1;
    if (command?.toLowerCase() === ONE_A_LOGIN) logins += 1;
  });
  await press();
  monitor.disconnect();
  client.disconnect();
  return rounded(sent / logins, 2);
}

function withFigures(
  result: Result,
  seen: {
    readonly kind: WorkKind;
    readonly roundTrips: number;
    readonly before: Sample;
    readonly after: Sample;
  },
): Result {
  const { kind, roundTrips, before, after } = seen;
  const callsOf = (name: string) => (after.calls.get(name) ?? 0) - (before.calls.get(name) ?? 0);
  const logins = callsOf(ONE_A_LOGIN);
  if (logins === 0) return result;
  const calls = [...after.calls.keys()].reduce((sum, one) => sum + callsOf(one), 0);
  const cpuUs = rounded((after.cpuUs - before.cpuUs) / logins, 1);
  const commands = rounded(calls / logins, 2);
  const bytes = Math.round((after.bytes - before.bytes) / logins);
  const figures = {
    redisCpuUsPerLogin: cpuUs,
    redisRoundTripsPerLogin: roundTrips,
    redisCommandsPerLogin: commands,
    redisBytesPerLogin: bytes,
  };
  return {
    ...result,
    line: { ...result.line, ...figures },
    notes: [
      `redis-server: ${cpuUs} µs of CPU, ${roundTrips} round trips and ${commands} commands a ` +
        `login, those of scripts counted, and ${bytes} bytes over its connections`,
      ...result.notes,
    ],
    checks: [...result.checks, ...checksOf(result.line.scenario, kind, cpuUs, roundTrips)],
  };
}

function checksOf(name: string, kind: WorkKind, cpuUs: number, roundTrips: number): Check[] {
  const roundTripsMax = ROUND_TRIPS[kind] ?? 0;
  return [
    {
      what: `${name} redis-server CPU ≤ ${CPU_US_MAX} µs`,
      found: `${cpuUs} µs`,
      met: cpuUs <= CPU_US_MAX,
    },
    {
      what: `${name} round trips to Redis ≤ ${roundTripsMax}`,
      found: `${roundTrips}`,
      met: roundTrips <= roundTripsMax,
    },
  ];
}

async function sampleOf(redis: RedisServer): Promise<Sample> {
  const [cpuUser, cpuSys, bytesIn, bytesOut] = await Promise.all(
    ['used_cpu_user', 'used_cpu_sys', 'total_net_input_bytes', 'total_net_output_bytes'].map(
      async (field) => Number(await redis.info(field)),
    ),
  );
  const stats = `${await redis.command('info', 'commandstats')}`;
  const calls = stats.matchAll(/^cmdstat_(\S+?):calls=(\d+)/gm);
  return {
    cpuUs: ((cpuUser ?? 0) + (cpuSys ?? 0)) * 1_000_000,
    bytes: (bytesIn ?? 0) + (bytesOut ?? 0),
    calls: new Map([...calls].map(([, name, count]) => [`${name}`, Number(count)])),
  };
}
