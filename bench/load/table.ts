/** Results for people: a table and the targets beside what was found. */
import type { Check, Line, Result } from './figures.js';

export interface Comparison {
  /** Of this run; null where the server's processor is not this one. */
  readonly p256VerifyUs: number | null;
  readonly baseline: Baseline | null;
}

/** The committed figures of an earlier run, to be compared as ratios to their own yardstick. */
export interface Baseline {
  readonly machine: string;
  readonly p256VerifyUs: number;
  readonly scenarios: Readonly<Record<string, Line>>;
}

type Column = readonly [title: string, cell: (line: Line) => string];

export function tableOf(results: readonly Result[], comparison: Comparison): string {
  const { p256VerifyUs, baseline } = comparison;
  const columns: Column[] = [
    ['scenario', ({ scenario }) => scenario],
    ['logins/s', ({ loginsPerSecond }) => number(loginsPerSecond, 0)],
    ['CPU µs', ({ serverCpuUsPerLogin }) => number(serverCpuUsPerLogin, 0)],
    ['× P-256', (line) => number(ratio(line, p256VerifyUs), 2)],
    ['baseline', (line) => againstBaseline(line, p256VerifyUs, baseline)],
    ['p50 ms', ({ p50Ms }) => number(p50Ms, 2)],
    ['p99 ms', ({ p99Ms }) => number(p99Ms, 2)],
    ['p99.9 ms', ({ p999Ms }) => number(p999Ms, 2)],
    ['errors', ({ errors }) => String(errors)],
    ['RSS MB', ({ rssMb }) => number(rssMb, 0)],
    ['batch', ({ batchMean }) => number(batchMean, 1)],
  ];
  const rows = [
    columns.map(([title]) => title),
    ...results.map(({ line }) => columns.map(([, cell]) => cell(line))),
  ];
  const widths = columns.map((_, at) => Math.max(...rows.map((row) => (row[at] ?? '').length)));
  const text = rows.map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  '),
  );
  const notes = results.flatMap(({ line, notes }) =>
    notes.map((note) => `${line.scenario}: ${note}`),
  );
  return `${[...text, '', ...notes].join('\n')}\n`;
}

export function checksText(checks: readonly Check[]): string {
  const width = Math.max(0, ...checks.map(({ what }) => what.length));
  return checks
    .map(
      ({ what, found, met }) => `${met ? 'met    ' : 'NOT MET'}  ${what.padEnd(width)}  ${found}\n`,
    )
    .join('');
}

/** CPU a login as a multiple of the yardstick beside it, or else of the one of the same run. */
export function ratio(line: Line, ofRunUs: number | null): number | null {
  const { serverCpuUsPerLogin, p256VerifyUs = ofRunUs } = line;
  if (serverCpuUsPerLogin === null || p256VerifyUs === null) return null;
  return serverCpuUsPerLogin / p256VerifyUs;
}

/** Ratio of ratios, so that a busy or another machine does not look like a change of the code. */
function againstBaseline(
  line: Line,
  p256VerifyUs: number | null,
  baseline: Baseline | null,
): string {
  const before = baseline?.scenarios[line.scenario];
  const now = ratio(line, p256VerifyUs);
  const then = before === undefined ? null : ratio(before, baseline?.p256VerifyUs ?? null);
  return now === null || then === null ? '–' : `${(now / then).toFixed(2)} ×`;
}

function number(value: number | null, digits: number): string {
  return value === null ? '–' : value.toFixed(digits);
}
