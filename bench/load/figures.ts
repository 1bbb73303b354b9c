/** The JSON line of a scenario, and how a run of load becomes one. */
import { type Histogram, percentileMs } from './latency.js';
import type { Counted, LoadGroup } from './load-group.js';

/** The names and units are a format that other programs read: keep them. */
export interface Line {
  readonly scenario: string;
  readonly loginsPerSecond: number | null;
  /** User and system time of the server's whole process tree; null where it is elsewhere. */
  readonly serverCpuUsPerLogin: number | null;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly p999Ms: number | null;
  /** Wrong answers and missing ones. */
  readonly errors: number;
  readonly rssMb: number | null;
  /** Mean number of logins checked at once; null where the server does not tell. */
  readonly batchMean: number | null;
  /** The yardstick just before and after this scenario: the speed of a machine varies in a run. */
  readonly p256VerifyUs?: number;
  /** Of redis-server; only where there is one (bench/redis.ts). */
  readonly redisCpuUsPerLogin?: number;
  readonly redisRoundTripsPerLogin?: number;
  /** Those that scripts call counted. */
  readonly redisCommandsPerLogin?: number;
  readonly redisBytesPerLogin?: number;
  /**
   * CPU a login with two instances, in logins with one, as many clients for each instance; only
   * of login-rest-file and instances-redis.
   */
  readonly twoInstancesCpuRatio?: number;
  /** The same in logins with two instances that share nothing. */
  readonly sharedStateCpuRatio?: number;
  /** Requests that failed in the second after an instance was killed; only of cluster-kill. */
  readonly lostWithInstance?: number;
}

export interface Result {
  readonly line: Line;
  /** The latencies that the percentiles are of. */
  readonly latency: Histogram;
  /** Further figures for people. */
  readonly notes: readonly string[];
  readonly checks: readonly Check[];
}

/** A target, and whether this run met it. */
export interface Check {
  readonly what: string;
  readonly found: string;
  readonly met: boolean;
}

/** What the server has used and done so far, as far as it can be seen from here. */
export interface Probe {
  readonly cpuUs: number | null;
  readonly rssMb: number | null;
  readonly batches: { readonly count: number; readonly logins: number } | null;
}

export interface Plan {
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly connections: number;
  /** Most connections of the open loop. */
  readonly openConnections: number;
  readonly probe: () => Promise<Probe>;
  readonly sleep: (seconds: number) => Promise<void>;
}

/** The share of its capacity at which a server's latency is told: what one plans for. */
export const OPEN_SHARE = 0.7;

/** Below this share of what was asked for, an open loop has not been kept up with. */
const KEPT_MIN = 0.97;

/** Where nothing can be seen of the server. */
export const NO_PROBE: Probe = { cpuUs: null, rssMb: null, batches: null };

export interface Phase {
  /** Before the clock started: only its failures matter, and are left in it. */
  readonly warmUp: Counted;
  readonly counted: Counted;
  readonly before: Probe;
  readonly after: Probe;
}

/**
 * Of the load at which latency is told, so much comes from the process that times it, in logins a
 * second: enough for a p99 within seconds, and little enough to leave it idle. One that makes all
 * the load times late whatever it times.
 */
const OBSERVED_PER_SECOND = 300;

/**
 * Capacity first, with as many clients as connections; then latency at a share of it.
 * @param observer a group of one process, which has nothing to do but to time some of the logins
 */
export async function capacityThenLatency(
  scenario: string,
  { load, observer }: { readonly load: LoadGroup; readonly observer: LoadGroup },
  plan: Plan,
): Promise<Result> {
  await load.begin({ kind: 'closed', connections: plan.connections });
  const closed = await measured(load, plan);
  const capacity = closed.counted.done / closed.counted.seconds;
  const all = [closed.warmUp, closed.counted, await load.end()];
  let open: Open | undefined;
  if (capacity > 0) {
    open = await observedAt(capacity * OPEN_SHARE, { load, observer }, plan);
    all.push(...open.all);
  }
  const latency = (open?.observed ?? closed.counted).latency;
  return {
    line: lineOf(scenario, closed, latency, all),
    latency,
    notes: [...openNotes(open), ...refusalNotes(all), ...reasonNotes(all)],
    checks: [],
  };
}

/** An open loop, made by one group and timed by another. */
interface Open {
  /** What both were to make together. */
  readonly perSecond: number;
  readonly loaded: Counted;
  readonly observed: Counted;
  readonly all: readonly Counted[];
}

async function observedAt(
  perSecond: number,
  { load, observer }: { readonly load: LoadGroup; readonly observer: LoadGroup },
  plan: Plan,
): Promise<Open> {
  const observed = Math.min(OBSERVED_PER_SECOND, perSecond / 2);
  const connections = plan.openConnections;
  await load.begin({ kind: 'open', perSecond: perSecond - observed, connections });
  await observer.begin({ kind: 'open', perSecond: observed, connections });
  const half = { ...plan, warmUpSeconds: plan.warmUpSeconds / 2 };
  const [made, timed] = await Promise.all([measured(load, half), measured(observer, half)]);
  const ends = [await load.end(), await observer.end()];
  return {
    perSecond,
    loaded: made.counted,
    observed: timed.counted,
    all: [made.warmUp, made.counted, timed.warmUp, timed.counted, ...ends],
  };
}

/** Warms up, then counts: what the load did and what the server used for it, of one interval. */
export async function measured(load: LoadGroup, plan: Plan): Promise<Phase> {
  await plan.sleep(plan.warmUpSeconds);
  const before = await plan.probe();
  const warmUp = await load.collect();
  await plan.sleep(plan.seconds);
  const counted = await load.collect();
  const after = await plan.probe();
  // A server that is still cold may say so; later a refused login is a lost one.
  return { warmUp: { ...warmUp, refused: 0 }, counted, before, after };
}

/** @param all whose failures count; what is refused here is an error, too */
export function lineOf(
  scenario: string,
  phase: Phase,
  latency: Histogram,
  all: readonly Counted[],
): Line {
  const { counted, before, after } = phase;
  const { done, seconds } = counted;
  const cpuUs = after.cpuUs === null || before.cpuUs === null ? null : after.cpuUs - before.cpuUs;
  return {
    scenario,
    loginsPerSecond: rounded(done / seconds, 1),
    serverCpuUsPerLogin: cpuUs === null || done === 0 ? null : rounded(cpuUs / done, 1),
    ...percentiles(latency),
    errors: all.reduce((sum, { failed, refused }) => sum + failed + refused, 0),
    rssMb: after.rssMb === null ? null : rounded(after.rssMb, 1),
    batchMean: batchMean(before, after),
  };
}

export function percentiles(latency: Histogram) {
  const at = (percentile: number) => {
    const ms = percentileMs(latency, percentile);
    return ms === null ? null : rounded(ms, 3);
  };
  return { p50Ms: at(50), p99Ms: at(99), p999Ms: at(99.9) };
}

export function refusalNotes(all: readonly Counted[]): string[] {
  const count = all.reduce((sum, { refused }) => sum + refused, 0);
  return count === 0 ? [] : [`${count} × refused with 503`];
}

export function reasonNotes(all: readonly Counted[]): string[] {
  const sum = new Map<string, number>();
  for (const { reasons } of all) {
    for (const [why, count] of reasons) sum.set(why, (sum.get(why) ?? 0) + count);
  }
  return [...sum].map(([why, count]) => `${count} × ${why}`);
}

export function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/** From here on a load process does late what it should, and then much at once. */
const BUSY_MAX = 0.85;

export function busyNotes({ busy }: Counted): string[] {
  if (busy <= BUSY_MAX) return [];
  const share = (100 * busy).toFixed(0);
  return [`a load process was busy ${share} % of the time: its load comes in bursts`];
}

/** An open loop that was not kept up with says so: its percentiles are of a queue. */
function openNotes(open: Open | undefined): string[] {
  if (open === undefined) return ['nothing was answered'];
  const { perSecond, loaded, observed } = open;
  const kept = (loaded.done / loaded.seconds + observed.done / observed.seconds) / perSecond;
  const rate = `latency at ${perSecond.toFixed(0)} logins/s`;
  if (kept > KEPT_MIN) return [rate, ...busyNotes(loaded)];
  const done100 = (100 * kept).toFixed(0);
  const waited = `${loaded.waitingMax + observed.waitingMax} waited`;
  return [`${rate}, of which only ${done100} % were done; ${waited}`, ...busyNotes(loaded)];
}

function batchMean(before: Probe, after: Probe): number | null {
  if (before.batches === null || after.batches === null) return null;
  const count = after.batches.count - before.batches.count;
  const logins = after.batches.logins - before.batches.logins;
  return count > 0 ? rounded(logins / count, 2) : null;
}
