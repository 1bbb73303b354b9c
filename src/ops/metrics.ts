/**
 * What a process says of itself to Prometheus. Values are read when they are asked for, so that
 * nothing is done for metrics that nobody reads. No label may hold anything that a client chose:
 * no identity, no token, no path.
 */
import { collectDefaultMetrics, type Metric, Registry } from 'prom-client';
import type { Sample } from './histogram.js';

export interface MetricSpec {
  /** With the prefix `mpin_`, base units and, for counters, the suffix `_total`. */
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly read: () => readonly Sample[];
}

/** A metric as it stands now, fit to be sent to another process. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: MetricSpec['type'];
  readonly values: readonly Sample[];
}

export class Metrics {
  readonly #registry = new Registry();

  add({ name, help, type, read }: MetricSpec): void {
    const metric = {
      name,
      help,
      type,
      aggregator: 'sum',
      get: async () => ({ name, help, type, aggregator: 'sum', values: read() }),
    };
    // All that a registry ever asks of a metric.
    this.#registry.registerMetric(metric as unknown as Metric);
  }

  /** One value without labels. */
  addValue(spec: Omit<MetricSpec, 'read'> & { readonly value: () => number | undefined }): void {
    const { value, ...rest } = spec;
    const read = (): Sample[] => {
      const now = value();
      return now === undefined ? [] : [{ labels: {}, value: now }];
    };
    this.add({ ...rest, read });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The Prometheus text: ours and those of the process (CPU, memory, event-loop delay, GC). */
  async text(): Promise<string> {
    return `${await this.#registry.metrics()}${await ofProcess().metrics()}`;
  }

  /** The same as data. */
  async families(): Promise<Family[]> {
    const registries = [this.#registry, ofProcess()];
    const all = await Promise.all(registries.map((registry) => registry.getMetricsAsJSON()));
    return all.flat() as unknown as Family[];
  }
}

/**
 * The text for several processes that are one service. Each keeps its own samples under a label
 * `process`, as sums of counters would fall when one of them starts anew.
 */
export async function textOfProcesses(
  all: ReadonlyMap<string, readonly Family[]>,
): Promise<string> {
  const merged = new Map<string, Family & { values: Sample[] }>();
  for (const [process, families] of all) {
    for (const family of families) {
      const known = merged.get(family.name) ?? { ...family, values: [] };
      merged.set(family.name, known);
      for (const sample of family.values) {
        known.values.push({ ...sample, labels: { ...sample.labels, process } });
      }
    }
  }
  const registry = new Registry();
  for (const family of merged.values()) {
    const metric = { ...family, get: async () => family };
    registry.registerMetric(metric as unknown as Metric);
  }
  return registry.metrics();
}

let processRegistry: Registry | undefined;

/** One for all, however many roles run here: its observers last as long as the process. */
function ofProcess(): Registry {
  if (processRegistry === undefined) {
    processRegistry = new Registry();
    collectDefaultMetrics({ register: processRegistry });
  }
  return processRegistry;
}

/** Begins to watch what can only be watched over time, such as the delay of the event loop. */
export function watchProcess(): void {
  ofProcess();
}
