/** Latencies in HDR histograms: microseconds to three digits, mergeable across processes. */
import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
} from 'hdr-histogram-js';

export type { Histogram } from 'hdr-histogram-js';

/** The longest latency that is told apart, in microseconds. */
const US_MAX = 60_000_000;

export function newHistogram(): Histogram {
  return build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: US_MAX,
    numberOfSignificantValueDigits: 3,
    bitBucketSize: 32,
    autoResize: false,
    useWebAssembly: false,
  });
}

export function recordMs(histogram: Histogram, ms: number): void {
  histogram.recordValue(Math.min(US_MAX, Math.max(1, Math.round(ms * 1000))));
}

/** The histogram as text, and empty again. */
export function takeText(histogram: Histogram): string {
  const text = encodeIntoCompressedBase64(histogram);
  histogram.reset();
  return text;
}

export function merged(texts: readonly string[]): Histogram {
  const sum = newHistogram();
  for (const text of texts) sum.add(decodeFromCompressedBase64(text, 32, false));
  return sum;
}

/** Milliseconds within which `percentile` percent were done; null when nothing was. */
export function percentileMs(histogram: Histogram, percentile: number): number | null {
  if (histogram.totalCount === 0) return null;
  return histogram.getValueAtPercentile(percentile) / 1000;
}
