/** What a login costs when two instances share their state, beside what it costs with one. */
import type { Bench } from './bench.js';
import { type Result, rounded } from './load/figures.js';
import type { RunningServer } from './system.js';

/** CPU of a login with two instances, in logins with one, and with two that share nothing. */
const TWO_OVER_ONE_MAX = 1.05;
/** Turns that all take, as what else the machine does changes within seconds. */
const ROUNDS = 4;

/** Servers that are pressed at once, and the instances that they have in all. */
interface Contestant {
  readonly servers: readonly RunningServer[];
  readonly instances: number;
}

/** Of all turns of a contestant. */
interface Sum {
  readonly cpuUs: number;
  readonly done: number;
  readonly failed: number;
  /** False where CPU time cannot be seen. */
  readonly known: boolean;
}

/**
 * Adds the comparison to a result. Instances are alike, have one worker and as many clients each,
 * as one starts the second for more load, and are equally warm. Two on one machine also stand in
 * each other's way: what two servers cost that share nothing tells that apart from the sharing.
 * @param optionsOf where a server of this name keeps its state
 */
export async function withComparison(
  bench: Bench,
  result: Result,
  optionsOf: (name: string) => readonly string[],
): Promise<Result> {
  const set = (name: string, instances: number) => [
    ...optionsOf(name),
    `instances=${instances}`,
    'cryptoThreads=1',
  ];
  const sums = await bench.withRps(
    (one) =>
      bench.withRps(
        (other) =>
          bench.withRps(
            (two) =>
              alternately(bench, [
                { servers: [one], instances: 1 },
                { servers: [two], instances: 2 },
                { servers: [one, other], instances: 2 },
              ]),
            set('two', 2),
          ),
        set('other', 1),
      ),
    set('one', 1),
  );
  return withFigures(result, sums);
}

/** What all have done in their turns. */
async function alternately(
  bench: Bench,
  contestants: readonly Contestant[],
): Promise<readonly Sum[]> {
  const { seconds } = bench.options;
  const sums = contestants.map(() => ({ cpuUs: 0, done: 0, failed: 0, known: true }));
  // The first turns warm up.
  for (const one of contestants) await slice(bench, one, warmUpSeconds(bench, one));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, one] of contestants.entries()) {
      const { done, failed, cpuUs } = await slice(bench, one, seconds / ROUNDS);
      const sum = sums[index];
      if (sum === undefined) continue;
      sum.done += done;
      sum.failed += failed;
      if (cpuUs === null) sum.known = false;
      else sum.cpuUs += cpuUs;
    }
  }
  return sums;
}

/** Two instances take longer to see as many logins each. */
function warmUpSeconds(bench: Bench, { servers: [first], instances }: Contestant): number {
  return first === undefined ? 0 : instances * bench.plan(first).warmUpSeconds;
}

async function slice(
  bench: Bench,
  { servers, instances }: Contestant,
  seconds: number,
): Promise<{ readonly done: number; readonly failed: number; readonly cpuUs: number | null }> {
  const connections = (bench.options.connections * instances) / servers.length;
  const parts = await Promise.all(
    servers.map((rps) => {
      const plan = bench.plan(rps);
      const processes = Math.ceil(instances / servers.length);
      return bench.withLoad(rps, { kind: 'login-rest', processes }, async (load) => {
        const before = await plan.probe();
        await load.begin({ kind: 'closed', connections });
        await plan.sleep(seconds);
        const counted = await load.end();
        const after = await plan.probe();
        return { before, counted, after };
      });
    }),
  );
  let [done, failed, cpuUs] = [0, 0, 0];
  let known = true;
  for (const { before, counted, after } of parts) {
    done += counted.done;
    failed += counted.failed + counted.refused;
    if (before.cpuUs === null || after.cpuUs === null) known = false;
    else cpuUs += after.cpuUs - before.cpuUs;
  }
  return { done, failed, cpuUs: known ? cpuUs : null };
}

function withFigures(result: Result, sums: readonly Sum[]): Result {
  const errors = sums.reduce((all, { failed }) => all + failed, result.line.errors);
  const line = { ...result.line, errors };
  if (sums.some(({ known, done }) => !known || done === 0)) return { ...result, line };
  const [one, two, apart] = sums.map(({ cpuUs, done }) => cpuUs / done) as [number, number, number];
  const check = (than: string, cpuUs: number) => ({
    what: `${line.scenario} CPU with two instances ≤ ${TWO_OVER_ONE_MAX} × with ${than}`,
    found: `${(two / cpuUs).toFixed(3)} ×`,
    met: two <= TWO_OVER_ONE_MAX * cpuUs,
  });
  const ratios = {
    twoInstancesCpuRatio: rounded(two / one, 3),
    sharedStateCpuRatio: rounded(two / apart, 3),
  };
  return {
    ...result,
    line: { ...line, ...ratios },
    notes: [
      `in turns: ${one.toFixed(1)} µs of CPU a login with one instance, ${two.toFixed(1)} with ` +
        `two, ${apart.toFixed(1)} with two that share nothing`,
      ...result.notes,
    ],
    checks: [...result.checks, check('one', one), check('two that share nothing', apart)],
  };
}
