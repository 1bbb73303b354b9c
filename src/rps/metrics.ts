/** GET /metrics: what this service says of itself to Prometheus. Private. */
import type { BatchReport, VerifierPool } from '../crypto/pool.js';
import type { Route } from '../http/call.js';
import type { AnswerObserver, HttpStats } from '../http/server.js';
import type { AuditStats } from '../ops/audit.js';
import { BATCH_SIZES, Histogram, HistogramsBy, type Sample, SECONDS } from '../ops/histogram.js';
import { Metrics, textOfProcesses, watchProcess } from '../ops/metrics.js';
import type { Siblings } from '../ops/siblings.js';
import { packageVersion } from '../ops/version.js';
import { type LoginStatus, type Settlement, type Store, statusOf } from '../store/store.js';
import type { LoginAdmission } from './admission.js';
import { addStoreMetrics, timedStore } from './store-metrics.js';

/** The words of logins by what became of them. */
const OUTCOMES: Readonly<Record<LoginStatus | 'gone', string>> = {
  200: 'success',
  401: 'wrong_pin',
  410: 'locked',
  gone: 'used_challenge',
};

/** A request that found no route: its path is the client's and never a label. */
const NO_ROUTE = 'none';

export interface MetricSources {
  readonly store: Store;
  readonly pool: () => Pick<VerifierPool, 'stats'> | undefined;
  readonly http: () => HttpStats | undefined;
  readonly audit: () => AuditStats | undefined;
  readonly admission: LoginAdmission;
}

/** Counts what passes by, and reads the rest when asked. */
export class RpsMetrics {
  readonly #metrics = new Metrics();
  readonly #logins: Record<keyof typeof OUTCOMES, number> = { 200: 0, 401: 0, 410: 0, gone: 0 };
  readonly #answers = new HistogramsBy(SECONDS, ['route', 'status']);
  readonly #batchRecords = new Histogram(BATCH_SIZES);
  readonly #batchWait = new Histogram(SECONDS);
  readonly #batchRun = new Histogram(SECONDS);
  readonly #verbs = new HistogramsBy(SECONDS, ['verb']);

  constructor() {
    watchProcess();
  }

  readonly onLogin = (outcome: Settlement): void => {
    this.#logins[outcome === 'gone' ? outcome : statusOf(outcome)] += 1;
  };

  readonly onAnswer: AnswerObserver = (route, status, ms) => {
    this.#answers.of(route === '' ? NO_ROUTE : route, status).observe(ms / 1000);
  };

  readonly onBatch = ({ records, waitUs, runUs }: BatchReport): void => {
    this.#batchRecords.observe(records);
    this.#batchWait.observe(waitUs / 1e6);
    this.#batchRun.observe(runUs / 1e6);
  };

  /** The same store, with a part of its calls timed. */
  timed(store: Store): Store {
    return timedStore(store, this.#verbs);
  }

  /** With siblings the answer is that of all, whichever was asked. */
  route(siblings: Siblings | undefined): Route {
    siblings?.tell(() => this.#metrics.families());
    const text = async (): Promise<string> =>
      siblings === undefined ? this.#metrics.text() : textOfProcesses(await siblings.all());
    return {
      method: 'GET',
      path: '/metrics',
      access: 'private',
      handle: async () => ({
        status: 200,
        body: await text(),
        contentType: this.#metrics.contentType,
      }),
    };
  }

  /** Names all metrics. To be called once, when there is something to read them from. */
  readFrom({ store, pool, http, audit, admission }: MetricSources): void {
    this.#addOwn();
    addAuditMetrics(this.#metrics, audit);
    addStoreMetrics(this.#metrics, store, this.#verbs);
    addPoolMetrics(this.#metrics, () => pool()?.stats());
    addHttpMetrics(this.#metrics, http, admission);
  }

  #addOwn(): void {
    const histogram = (name: string, help: string, samples: (name: string) => Sample[]) =>
      this.#metrics.add({ name, help, type: 'histogram', read: () => samples(name) });
    this.#metrics.add({
      name: 'mpin_build_info',
      help: 'The version that runs',
      type: 'gauge',
      read: () => [{ labels: { version: packageVersion(), node: process.version }, value: 1 }],
    });
    this.#metrics.add({
      name: 'mpin_logins_total',
      help: 'Passes 2 decided, by outcome',
      type: 'counter',
      read: () =>
        Object.entries(OUTCOMES).map(([settled, outcome]) => ({
          labels: { outcome },
          value: this.#logins[settled as unknown as keyof typeof OUTCOMES],
        })),
    });
    histogram(
      'mpin_http_request_duration_seconds',
      'From the head of a request to its answer, by route pattern; status 0: the client left',
      (name) => this.#answers.samples(name),
    );
    histogram('mpin_batch_records', 'Logins checked at once', (name) =>
      this.#batchRecords.samples(name, {}),
    );
    histogram('mpin_batch_wait_seconds', 'Wait of the oldest login of a batch', (name) =>
      this.#batchWait.samples(name, {}),
    );
    histogram('mpin_batch_run_seconds', 'Arithmetic of a batch', (name) =>
      this.#batchRun.samples(name, {}),
    );
  }
}

type PoolStats = ReturnType<VerifierPool['stats']>;

function addPoolMetrics(metrics: Metrics, stats: () => PoolStats | undefined): void {
  const add = (
    name: string,
    type: 'counter' | 'gauge',
    help: string,
    value: (stats: PoolStats) => number,
  ) => {
    metrics.addValue({
      name,
      type,
      help,
      value: () => {
        const now = stats();
        return now && value(now);
      },
    });
  };
  add('mpin_verify_records_total', 'counter', 'Records checked', (s) => s.records);
  add('mpin_verify_failures_total', 'counter', 'Records whose check said no', (s) => s.failures);
  add('mpin_verify_refused_total', 'counter', 'Refused by a full queue', (s) => s.refused);
  add('mpin_verify_lost_total', 'counter', 'Lost with a worker', (s) => s.lost);
  add('mpin_verify_workers_lost_total', 'counter', 'Workers that died', (s) => s.workersLost);
  add('mpin_verify_workers', 'gauge', 'Worker threads', (s) => s.threads);
  add('mpin_verify_queue_records', 'gauge', 'Records that wait for a worker', (s) => s.queued);
  add('mpin_verify_batches_running', 'gauge', 'Batches in the hands of workers', (s) => s.running);
  add('mpin_verify_batch_max_records', 'gauge', 'Records a batch may have now', (s) => s.batchMax);
  add('mpin_verify_failure_ratio', 'gauge', 'Failed among recent records', (s) => s.failureRate);
  metrics.add({
    name: 'mpin_kernel_info',
    help: 'The arithmetic kernel in use',
    type: 'gauge',
    read: () => {
      const now = stats();
      return now === undefined ? [] : [{ labels: { kernel: now.kernel }, value: 1 }];
    },
  });
}

function addHttpMetrics(
  metrics: Metrics,
  http: MetricSources['http'],
  admission: LoginAdmission,
): void {
  const gauge = (name: string, help: string, value: (stats: HttpStats) => number) => {
    metrics.addValue({
      name,
      help,
      type: 'gauge',
      value: () => {
        const now = http();
        return now && value(now);
      },
    });
  };
  gauge('mpin_http_connections', 'Open connections', (stats) => stats.connections);
  gauge('mpin_http_sockets', 'Open WebSockets', (stats) => stats.sockets);
  gauge('mpin_http_in_flight', 'Requests and WebSockets under way', (stats) => stats.inFlight);
  metrics.addValue({
    name: 'mpin_tls_certificate_end_timestamp_seconds',
    help: 'When the certificate in use ends; of two the one that ends first',
    type: 'gauge',
    value: () => {
      const endsAtMs = http()?.certificateEndsAtMs;
      return endsAtMs && endsAtMs / 1000;
    },
  });
  metrics.add({
    name: 'mpin_refused_total',
    help: 'Refused for want of room (503) or by a rate (429), by reason',
    type: 'counter',
    read: () => {
      const reasons = { ...http()?.refused, logins: admission.begun, checks: admission.checked };
      return Object.entries(reasons).map(([reason, value]) => ({ labels: { reason }, value }));
    },
  });
}

function addAuditMetrics(metrics: Metrics, audit: MetricSources['audit']): void {
  const add = (name: string, help: string, value: (stats: AuditStats) => number) => {
    metrics.addValue({
      name,
      help,
      type: 'counter',
      value: () => {
        const now = audit();
        return now && value(now);
      },
    });
  };
  add('mpin_audit_lines_total', 'Lines of the audit log', (stats) => stats.lines);
  add('mpin_audit_lost_total', 'Lines that found no room', (stats) => stats.dropped);
  add('mpin_audit_failures_total', 'Attempts to write it that failed', (stats) => stats.failures);
}
