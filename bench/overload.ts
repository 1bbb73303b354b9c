/** `overload-2x`: the server is offered twice what it can do. It should hardly do less for it. */
import type { Bench } from './bench.js';
import {
  busyNotes,
  type Check,
  lineOf,
  measured,
  type Phase,
  percentiles,
  type Result,
  reasonNotes,
} from './load/figures.js';
import type { Counted } from './load/load-group.js';

const FACTOR = 2;
/** With less the server is not overloaded, and what it keeps is what the load could make. */
const FACTOR_MIN = 1.2;
/** The part of its peak that an overloaded server must keep. */
const KEPT_SHARE = 0.9;
/** Longest time to a refusal in milliseconds. */
const REFUSAL_MS_MAX = 20;
/**
 * Whoever is refused leaves a challenge behind for so long. An identity has room for 16; with
 * half of that in use none is pushed out by the next login of the same identity, which nobody
 * makes several times a second.
 */
const CHALLENGE_SECONDS = 15;
const CHALLENGES_EACH = 8;
/**
 * Clients at once: so many that the load hardly ever waits for a free one, and few enough for the
 * file descriptors of one process.
 */
const CONNECTIONS_MAX = 4_096;
/**
 * A process that makes twice the load a server can take is busy itself, and whatever it times, it
 * times late. So how long a refusal takes is told by another one that has next to nothing to do.
 */
const OBSERVER = { perSecond: 200, connections: 32 };

export function overload(bench: Bench): Promise<Result> {
  return bench.withRps(async (rps) => {
    const plan = bench.plan(rps);
    const kind = 'login-rest';
    const all: Counted[] = [];
    const peak = await bench.withLoad(rps, { kind }, async (load) => {
      await load.begin({ kind: 'closed', connections: plan.connections });
      const phase = await measured(load, plan);
      all.push(phase.warmUp, phase.counted, await load.end());
      return phase;
    });
    const peakRate = rateOf(peak.counted);
    const perSecond = FACTOR * peakRate;
    const identities = Math.ceil((perSecond * CHALLENGE_SECONDS) / CHALLENGES_EACH);
    bench.progress(`overload-2x: peak ${peakRate.toFixed(0)} logins/s, now twice that`);
    return bench.withLoad(rps, { kind, identities }, (load) =>
      bench.withLoad(rps, { kind: 'pass1-only', processes: 1 }, async (observer) => {
        await load.begin({ kind: 'open', perSecond, connections: CONNECTIONS_MAX });
        await observer.begin({ kind: 'open', ...OBSERVER });
        const [over, observed] = await Promise.all([
          measured(load, plan),
          measured(observer, plan),
        ]);
        all.push(over.warmUp, over.counted, await load.end());
        all.push(observed.warmUp, observed.counted, await observer.end());
        return resultOf({ peakRate, over, observed: observed.counted, all });
      }),
    );
  });
}

interface Run {
  readonly peakRate: number;
  readonly over: Phase;
  readonly observed: Counted;
  readonly all: readonly Counted[];
}

function resultOf({ peakRate, over, observed, all }: Run): Result {
  const { latency, refused, seconds, waitingMax } = over.counted;
  const { refusals } = observed;
  // Here a 503 is the right answer.
  const failed = all.reduce((sum, counted) => sum + counted.failed, 0);
  const line = { ...lineOf('overload-2x', over, latency, []), errors: failed };
  const served = rateOf(over.counted);
  const offered = (over.counted.done + refused) / seconds;
  const { p50Ms, p99Ms } = percentiles(refusals);
  const worstMs = refusals.totalCount === 0 ? 0 : refusals.maxValue / 1000;
  return {
    line,
    latency,
    notes: [
      `peak ${peakRate.toFixed(0)} logins/s; served ${served.toFixed(0)}, ` +
        `refused ${(refused / seconds).toFixed(0)}; at most ${waitingMax} found no connection free`,
      ...(offered < FACTOR_MIN * peakRate ? [tooWeak(offered / peakRate)] : []),
      `${observed.refused} refusals observed: p50 ${p50Ms ?? '–'} ms, p99 ${p99Ms ?? '–'} ms, ` +
        `longest ${worstMs} ms`,
      ...busyNotes(over.counted),
      ...reasonNotes(all),
    ],
    checks: checksOf({ kept: served / peakRate, worstMs, failed }),
  };
}

function checksOf(found: { kept: number; worstMs: number; failed: number }): Check[] {
  const { kept, worstMs, failed } = found;
  return [
    {
      what: `overload-2x keeps ≥ ${100 * KEPT_SHARE} % of its peak`,
      found: `${(100 * kept).toFixed(0)} %`,
      met: kept >= KEPT_SHARE,
    },
    {
      what: `overload-2x refuses within ${REFUSAL_MS_MAX} ms`,
      found: `${worstMs.toFixed(1)} ms at worst`,
      met: worstMs <= REFUSAL_MS_MAX,
    },
    { what: 'overload-2x has no error but 503', found: `${failed}`, met: failed === 0 },
  ];
}

const tooWeak = (factor: number): string =>
  `NO OVERLOAD: the load could offer only ${factor.toFixed(2)} × the peak, as it has too few cores`;

const rateOf = ({ done, seconds }: Counted): number => done / seconds;
