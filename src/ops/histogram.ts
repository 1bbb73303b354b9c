/**
 * Histograms for the hot path. Observing costs a few nanoseconds; prom-client's own takes 0.4 µs,
 * several times a login. Reading them is prom-client's business all the same (metrics.ts).
 */

/** One line of the exposition: a value under its name and labels. */
export interface Sample {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** Upper bounds of the buckets, ascending; one above all of them is added. */
export type Bounds = readonly number[];

/** Seconds: from one answer without any waiting to one at which clients have given up. */
export const SECONDS: Bounds = [
  0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10,
];

/** Powers of two up to the largest batch. */
export const BATCH_SIZES: Bounds = [1, 2, 4, 8, 16, 32, 64, 128, 256];

export class Histogram {
  readonly #bounds: Bounds;
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    let bucket = 0;
    while (bucket < this.#bounds.length && value > (this.#bounds[bucket] as number)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#sum += value;
  }

  samples(name: string, labels: Sample['labels']): Sample[] {
    const samples: Sample[] = [];
    let count = 0;
    for (const [bucket, inBucket] of this.#counts.entries()) {
      count += inBucket;
      const le = this.#bounds[bucket] ?? '+Inf';
      samples.push({ metricName: `${name}_bucket`, labels: { ...labels, le }, value: count });
    }
    samples.push({ metricName: `${name}_sum`, labels, value: this.#sum });
    samples.push({ metricName: `${name}_count`, labels, value: count });
    return samples;
  }
}

/** Histograms of one name by the value of one label, or of two. */
export class HistogramsBy {
  readonly #bounds: Bounds;
  readonly #labels: readonly [string, string?];
  readonly #known = new Map<string, Map<string | number, Histogram>>();

  constructor(bounds: Bounds, labels: readonly [string, string?]) {
    this.#bounds = bounds;
    this.#labels = labels;
  }

  /** The histogram for these values, which must be few: each is kept for ever. */
  of(first: string, second: string | number = ''): Histogram {
    let inner = this.#known.get(first);
    if (inner === undefined) {
      inner = new Map();
      this.#known.set(first, inner);
    }
    let histogram = inner.get(second);
    if (histogram === undefined) {
      histogram = new Histogram(this.#bounds);
      inner.set(second, histogram);
    }
    return histogram;
  }

  samples(name: string): Sample[] {
    const [one, two] = this.#labels;
    return [...this.#known].flatMap(([first, inner]) =>
      [...inner].flatMap(([second, histogram]) => {
        const labels = two === undefined ? { [one]: first } : { [one]: first, [two]: second };
        return histogram.samples(name, labels);
      }),
    );
  }
}
