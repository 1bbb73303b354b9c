/**
 * `login-rest-file`: logins whose state lies in a file, by one instance and by two that share it.
 * `cluster-kill`: one of three instances is killed under load.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RedisServer } from '../test/store/redis-server.js';
import type { Bench } from './bench.js';
import {
  capacityThenLatency,
  lineOf,
  type Phase,
  type Probe,
  type Result,
  reasonNotes,
  refusalNotes,
  rounded,
} from './load/figures.js';
import type { Counted, LoadGroup } from './load/load-group.js';
import { childrenOf } from './process-tree.js';
import type { RunningServer } from './system.js';

/** CPU of a login with two instances, in logins with one. */
const TWO_OVER_ONE_MAX = 1.05;
/** Turns that both take, as what else the machine does changes within seconds. */
const ROUNDS = 4;

const INSTANCES = 3;
/** After so long nothing may fail any more, in seconds. */
const RECOVERY_SECONDS = 1;

/** Runs `use` with a folder of its own. */
async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'mpin-bench-file-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const fileOptions = (folder: string, name: string): string[] => [
  'storage=file',
  `fileStorageLocation=${join(folder, name)}`,
];

export function fileLogins(bench: Bench): Promise<Result> {
  const kind = 'login-rest';
  return withFolder((folder) =>
    bench.withRps(
      async (one) => {
        const result = await bench.withObservedLoad(one, { kind }, (groups) =>
          capacityThenLatency('login-rest-file', groups, bench.plan(one)),
        );
        const two = await bench.withRps(
          (rps) => alternately(bench, [one, rps]),
          [...fileOptions(folder, 'two'), 'instances=2', 'cryptoThreads=1'],
        );
        return withTwo(result, two);
      },
      [...fileOptions(folder, 'one'), 'cryptoThreads=2'],
    ),
  );
}

/** CPU a login of each of two servers, in microseconds, which take turns; null where unknown. */
async function alternately(
  bench: Bench,
  servers: readonly [RunningServer, RunningServer],
): Promise<readonly (number | null)[]> {
  const used = servers.map(() => ({ cpuUs: 0, done: 0, known: true }));
  const plan = bench.plan(servers[0]);
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [index, rps] of servers.entries()) {
      const phase = await bench.withLoad(rps, { kind: 'login-rest' }, (load) =>
        slice(load, { ...plan, probe: () => rps.probe(), seconds: plan.seconds / ROUNDS }),
      );
      const sum = used[index];
      // The first round warms up.
      if (sum === undefined || round === 0) continue;
      sum.done += phase.done;
      if (phase.cpuUs === null) sum.known = false;
      else sum.cpuUs += phase.cpuUs;
    }
  }
  return used.map(({ cpuUs, done, known }) => (known && done > 0 ? cpuUs / done : null));
}

async function slice(
  load: LoadGroup,
  plan: {
    connections: number;
    seconds: number;
    probe: () => Promise<Probe>;
    sleep: (seconds: number) => Promise<void>;
  },
): Promise<{ done: number; cpuUs: number | null }> {
  const before = await plan.probe();
  await load.begin({ kind: 'closed', connections: plan.connections });
  await plan.sleep(plan.seconds);
  const { done } = await load.end();
  const after = await plan.probe();
  const known = before.cpuUs !== null && after.cpuUs !== null;
  return { done, cpuUs: known ? (after.cpuUs as number) - (before.cpuUs as number) : null };
}

function withTwo(result: Result, [one, two]: readonly (number | null)[]): Result {
  if (typeof one !== 'number' || typeof two !== 'number') return result;
  return {
    ...result,
    line: { ...result.line, twoInstancesCpuRatio: rounded(two / one, 3) },
    notes: [
      `in turns: ${one.toFixed(1)} µs of CPU a login with one instance, ${two.toFixed(1)} with two`,
      ...result.notes,
    ],
    checks: [
      ...result.checks,
      {
        what: `login-rest-file CPU with two instances ≤ ${TWO_OVER_ONE_MAX} × with one`,
        found: `${(two / one).toFixed(3)} ×`,
        met: two <= TWO_OVER_ONE_MAX * one,
      },
    ],
  };
}

/** With Redis where there is one, else with a file. */
export async function clusterKill(bench: Bench): Promise<Result> {
  const run = (name: string, options: readonly string[]) =>
    bench.withRps(
      (rps) => bench.withLoad(rps, { kind: 'login-rest' }, (load) => kill(bench, rps, load, name)),
      [...options, `instances=${INSTANCES}`],
    );
  if (!hasRedis()) return withFolder((folder) => run('a file', fileOptions(folder, 'state')));
  const ends: (() => Promise<void> | void)[] = [];
  const redis = await RedisServer.start({ teardown: (end) => void ends.push(end) });
  try {
    return await run('Redis', ['storage=redis', `redisSocket=${redis.socket}`]);
  } finally {
    for (const end of ends) await end();
  }
}

async function kill(
  bench: Bench,
  rps: RunningServer,
  load: LoadGroup,
  storage: string,
): Promise<Result> {
  const plan = bench.plan(rps);
  await load.begin({ kind: 'closed', connections: plan.connections });
  await plan.sleep(plan.warmUpSeconds);
  const before = await plan.probe();
  const warmUp = await load.collect();
  const [victim] = childrenOf(rps.pid);
  if (victim === undefined) throw new Error('cluster-kill: no instance is to be seen');
  process.kill(victim, 'SIGKILL');
  await plan.sleep(RECOVERY_SECONDS);
  const hit = await load.collect();
  await plan.sleep(plan.seconds);
  const counted = await load.collect();
  const after = await plan.probe();
  const all = [counted, await load.end()];
  const phase: Phase = { warmUp, counted, before, after };
  // The CPU of the victim went with it.
  const line = {
    ...lineOf('cluster-kill', phase, counted.latency, all),
    serverCpuUsPerLogin: null,
  };
  const lost = hit.failed + hit.refused;
  return {
    line: { ...line, errors: line.errors + warmUp.failed, lostWithInstance: lost },
    latency: counted.latency,
    notes: [
      `state in ${storage}; ${lost} of ${plan.connections} clients lost a request with 1 of ` +
        `${INSTANCES} instances; logins/s before, in the second after, later: ` +
        [rate(warmUp), rate(hit), rate(counted)].join(', '),
      ...refusalNotes(all),
      ...reasonNotes([hit, ...all]),
    ],
    checks: [
      {
        what: 'cluster-kill loses no more than a request of each client',
        found: `${lost}`,
        met: lost <= plan.connections,
      },
      {
        what: `cluster-kill has no error after ${RECOVERY_SECONDS} s`,
        found: `${line.errors}`,
        met: line.errors === 0,
      },
    ],
  };
}

const rate = ({ done, seconds }: Counted): string => (done / seconds).toFixed(0);

function hasRedis(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
