/** `soak --minutes N`: steady load for long. Memory must not grow and no answer be lost. */
import type { Bench, Scenario } from './bench.js';
import {
  type Check,
  lineOf,
  measured,
  type Phase,
  type Probe,
  type Result,
  reasonNotes,
  refusalNotes,
  rounded,
} from './load/figures.js';
import { type Histogram, newHistogram } from './load/latency.js';
import type { Counted, LoadGroup } from './load/load-group.js';

/** Enough that nothing queues, and the machine has some rest left. */
const SHARE = 0.7;
/** Some wrong PINs, as in life: they take other ways through the server. */
const WRONG_EVERY = 20;
/** Memory may settle so long before it is watched, in seconds. */
const SETTLE_SECONDS = 60;
const SAMPLE_SECONDS = 2;
/**
 * What the garbage collector moves between two looks at the same state: medians of a quarter of
 * the samples differ by less than this share when nothing grows.
 */
const GROWTH_SHARE_MAX = 0.03;

interface Sample extends Probe {
  readonly atSeconds: number;
}

export function soak(minutes: number): Scenario {
  return (bench: Bench) =>
    bench.withRps((rps) =>
      bench.withLoad(rps, { kind: 'login-rest', wrongEvery: WRONG_EVERY }, async (load) => {
        const plan = bench.plan(rps);
        await load.begin({ kind: 'closed', connections: plan.connections });
        const peak = await measured(load, plan);
        const all = [peak.warmUp, peak.counted, await load.end()];
        const perSecond = (SHARE * peak.counted.done) / peak.counted.seconds;
        await load.begin({ kind: 'open', perSecond, connections: plan.openConnections });
        const watched = await watch(bench, load, { minutes, probe: plan.probe, perSecond });
        all.push(...watched.counted, await load.end());
        return resultOf({ ...watched, all, minutes });
      }),
    );
}

interface Watched {
  readonly samples: readonly Sample[];
  readonly counted: readonly Counted[];
  readonly latency: Histogram;
}

async function watch(
  bench: Bench,
  load: LoadGroup,
  run: { minutes: number; probe: () => Promise<Probe>; perSecond: number },
): Promise<Watched> {
  const samples: Sample[] = [];
  const counted: Counted[] = [];
  const latency = newHistogram();
  const start = performance.now();
  for (;;) {
    const probe = await run.probe();
    const atSeconds = (performance.now() - start) / 1000;
    samples.push({ ...probe, atSeconds });
    const memory = probe.rssMb === null ? '' : `, ${probe.rssMb.toFixed(0)} MB`;
    const left = run.minutes * 60 - atSeconds;
    bench.progress(
      `soak: ${run.perSecond.toFixed(0)} logins/s${memory}, ${Math.max(0, left).toFixed(0)} s left`,
    );
    if (left <= 0) return { samples, counted, latency };
    await bench.sleep(Math.min(SAMPLE_SECONDS, left));
    const some = await load.collect();
    latency.add(some.latency);
    counted.push(some);
  }
}

function resultOf(run: Watched & { all: readonly Counted[]; minutes: number }): Result {
  const { samples, counted, latency, all, minutes } = run;
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) throw new Error('soak: nothing was seen');
  const done = counted.reduce((sum, one) => sum + one.done, 0);
  const seconds = last.atSeconds - first.atSeconds;
  const whole = { ...emptyOf(all), done, seconds, latency };
  const phase: Phase = { warmUp: whole, counted: whole, before: first, after: last };
  const line = lineOf('soak', phase, latency, all);
  return {
    line,
    latency,
    notes: [`${minutes} min, ${done} logins`, ...refusalNotes(all), ...reasonNotes(all)],
    checks: [
      ...growthChecks(samples),
      { what: 'soak loses no answer', found: `${line.errors} lost or wrong`, met: !line.errors },
    ],
  };
}

function emptyOf(all: readonly Counted[]): Counted {
  const [any] = all;
  if (any === undefined) throw new Error('soak: nothing was counted');
  return { ...any, failed: 0, refused: 0 };
}

/** The last quarter of the samples against the first one after memory has settled. */
function growthChecks(samples: readonly Sample[]): Check[] {
  const settled = samples.filter(({ atSeconds }) => atSeconds >= SETTLE_SECONDS);
  const sizes = settled.flatMap(({ rssMb }) => rssMb ?? []);
  const quarter = Math.floor(sizes.length / 4);
  if (quarter === 0) return [];
  const before = median(sizes.slice(0, quarter));
  const after = median(sizes.slice(-quarter));
  return [
    {
      what: `soak: memory grows < ${100 * GROWTH_SHARE_MAX} % after the first minute`,
      found: `${rounded(before, 1)} MB, then ${rounded(after, 1)} MB`,
      met: after <= before * (1 + GROWTH_SHARE_MAX),
    },
  ];
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}
