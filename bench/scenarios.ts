/** The scenarios by their names, in the order in which they run. */
import type { Bench, Scenario } from './bench.js';
import { coldStart } from './cold-start.js';
import { clusterKill, fileLogins, redisInstances } from './instances.js';
import { capacityThenLatency, type Result } from './load/figures.js';
import type { ShareKind, WorkKind } from './load/work.js';
import { overload } from './overload.js';
import { redisLogins } from './redis.js';
import { soak } from './soak.js';

/** Steady load of one kind: capacity, then latency. */
function steady(name: string, kind: WorkKind, wrongEvery = 0): Scenario {
  return (bench: Bench): Promise<Result> =>
    bench.withRps((rps) =>
      bench.withObservedLoad(rps, { kind, wrongEvery }, (groups) =>
        capacityThenLatency(name, groups, bench.plan(rps)),
      ),
    );
}

/** Shares of a trusted authority over HTTP; a "login" is one question. */
function shares(kind: ShareKind): Scenario {
  return (bench: Bench): Promise<Result> =>
    bench.withDta((dta) =>
      bench.withObservedLoad(dta, { kind }, (groups) =>
        capacityThenLatency(kind, groups, bench.plan(dta)),
      ),
    );
}

/** What `npm run bench` runs when nothing is named. */
export const SCENARIOS: ReadonlyMap<string, Scenario> = new Map([
  ['login-rest', steady('login-rest', 'login-rest')],
  ['login-ws', steady('login-ws', 'login-ws')],
  ['pass1-only', steady('pass1-only', 'pass1-only')],
  ['wrong-pin-5pct', steady('wrong-pin-5pct', 'login-rest', 20)],
  ['wrong-pin-100pct', steady('wrong-pin-100pct', 'login-rest', 1)],
  ['overload-2x', overload],
  ['register', steady('register', 'register')],
  ['cold-start', coldStart],
  ['dta-client-secret', shares('dta-client-secret')],
  ['dta-time-permits', shares('dta-time-permits')],
]);

/** What runs only when it is named: it takes long, or needs a redis-server. */
export const LONG_SCENARIOS: ReadonlyMap<string, (minutes: number) => Scenario> = new Map([
  ['soak', soak],
  ['login-rest-redis', () => redisLogins('login-rest-redis', 'login-rest')],
  ['login-ws-redis', () => redisLogins('login-ws-redis', 'login-ws')],
  ['login-rest-file', () => fileLogins],
  ['instances-redis', () => redisInstances],
  ['cluster-kill', () => clusterKill],
]);
