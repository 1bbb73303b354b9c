/**
 * `login-rest-file`: logins whose state lies in a file, by one instance and by two that share it.
 * `instances-redis`: logins by two instances that share a Redis, and by one.
 * `cluster-kill`: one of three instances is killed under load.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench } from './bench.js';
import { withComparison } from './compare-instances.js';
import {
  capacityThenLatency,
  lineOf,
  type Phase,
  type Result,
  reasonNotes,
  refusalNotes,
} from './load/figures.js';
import type { Counted, LoadGroup } from './load/load-group.js';
import { childrenOf } from './process-tree.js';
import { withRedis } from './redis.js';
import type { RunningServer } from './system.js';

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
  return withFolder(async (folder) => {
    const result = await bench.withRps(
      (rps) => capacityOf('login-rest-file', bench, rps),
      fileOptions(folder, 'alone'),
    );
    return withComparison(bench, result, (name) => fileOptions(folder, name));
  });
}

export function redisInstances(bench: Bench): Promise<Result> {
  return withRedis(async (redis) => {
    const options = (name: string) => [
      'storage=redis',
      `redisSocket=${redis.socket}`,
      `redisPrefix=${name}`,
    ];
    const result = await bench.withRps(
      (rps) => capacityOf('instances-redis', bench, rps),
      [...options('alone'), 'instances=2'],
    );
    return withComparison(bench, result, options);
  });
}

function capacityOf(scenario: string, bench: Bench, rps: RunningServer): Promise<Result> {
  return bench.withObservedLoad(rps, { kind: 'login-rest' }, (groups) =>
    capacityThenLatency(scenario, groups, bench.plan(rps)),
  );
}

/** With Redis where there is one, else with a file. */
export async function clusterKill(bench: Bench): Promise<Result> {
  const run = (name: string, options: readonly string[]) =>
    bench.withRps(
      (rps) => bench.withLoad(rps, { kind: 'login-rest' }, (load) => kill(bench, rps, load, name)),
      [...options, `instances=${INSTANCES}`],
    );
  if (!hasRedis()) return withFolder((folder) => run('a file', fileOptions(folder, 'state')));
  return withRedis((redis) => run('Redis', ['storage=redis', `redisSocket=${redis.socket}`]));
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
