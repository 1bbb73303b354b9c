/** How fast the store answers, and how much it holds. */
import type { HistogramsBy } from '../ops/histogram.js';
import type { Metrics } from '../ops/metrics.js';
import type { Store } from '../store/store.js';

/** One call in so many is timed: enough to see a slow store, and free for a fast one. */
const TIMED_ONE_IN = 16;

const TIMED = [
  'putRegistration',
  'registration',
  'activate',
  'markIssued',
  'dropRegistration',
  'putChallenge',
  'challenges',
  'settle',
  'takeResult',
  'cachePermits',
  'cachedPermit',
  'putMeeting',
  'claimWid',
  'meetingOfWid',
  'meeting',
  'noteProgress',
  'takeMobileResult',
  'meetingOfLogin',
  'bindLogin',
  'takeLogin',
  'reportLogin',
  'awaitReport',
  'takeReport',
  'putOtp',
  'takeOtp',
  'takeNonce',
  'countEvent',
  'failures',
  'unlock',
  'setRevoked',
  'revoked',
] as const satisfies readonly (keyof Store)[];

type Verb = (...args: unknown[]) => unknown;

/** The same store, with a part of its calls timed by verb. */
export function timedStore(store: Store, durations: HistogramsBy): Store {
  const timed: Record<string, Verb> = {};
  for (const name of TIMED) {
    const call = (store[name] as Verb).bind(store);
    const histogram = durations.of(name);
    let calls = 0;
    timed[name] = (...args) => {
      calls += 1;
      if (calls % TIMED_ONE_IN !== 0) return call(...args);
      const startedMs = performance.now();
      const observe = (): void => histogram.observe((performance.now() - startedMs) / 1000);
      const done = call(...args);
      if (done instanceof Promise) return done.finally(observe);
      observe();
      return done;
    };
  }
  const { authOTTFor } = store;
  const others: Omit<Store, (typeof TIMED)[number]> = {
    ...(authOTTFor === undefined ? {} : { authOTTFor: authOTTFor.bind(store) }),
    watchMeeting: (id, changed) => store.watchMeeting(id, changed),
    sizes: () => store.sizes(),
    ping: () => store.ping(),
    close: () => store.close(),
  };
  return { ...timed, ...others } as unknown as Store;
}

export function addStoreMetrics(metrics: Metrics, store: Store, durations: HistogramsBy): void {
  const duration = 'mpin_store_duration_seconds';
  metrics.add({
    name: duration,
    help: `Time of the store's verbs; one call in ${TIMED_ONE_IN} is timed`,
    type: 'histogram',
    read: () => durations.samples(duration),
  });
  metrics.add({
    name: 'mpin_store_entries',
    help: 'What the store holds, by kind; what is overdue counts until it is cleared',
    type: 'gauge',
    read: () => {
      const { identityBytes: _, entryBytes: __, ...entries } = store.sizes();
      return Object.entries(entries).map(([kind, value]) => ({ labels: { kind }, value }));
    },
  });
  metrics.addValue({
    name: 'mpin_store_identity_bytes',
    help: 'Memory for identities',
    type: 'gauge',
    value: () => store.sizes().identityBytes,
  });
  metrics.addValue({
    name: 'mpin_store_entry_bytes',
    help: 'Keys and values of all that a store in a file holds',
    type: 'gauge',
    value: () => store.sizes().entryBytes,
  });
}
