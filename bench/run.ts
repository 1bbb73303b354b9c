/**
 * `npm run bench [-- scenario…] [-- --json]`: whole logins against a real server. One JSON line a
 * scenario on stdout, the yardstick first; for people a table, the targets and the baseline.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { addon } from '../src/crypto/addon.js';
import { Bench, type Scenario } from './bench.js';
import type { Halves } from './cores.js';
import { type Result, rounded } from './load/figures.js';
import { latencySvg } from './load/plot.js';
import { type Baseline, checksText, tableOf } from './load/table.js';
import { measure } from './measure.js';
import { opensslP256Verify } from './peers.js';
import { LONG_SCENARIOS, SCENARIOS } from './scenarios.js';
import { System } from './system.js';
import { checksOf } from './targets.js';

const BASELINE_FILE = fileURLToPath(new URL('../../bench/baseline.json', import.meta.url));
/** Runnable tasks a core, over the minute before, from which on other work spoils the figures. */
const LOAD_MAX = 0.3;
const EXIT_FAILED = 1;
const EXIT_INTERRUPTED = 130;

interface Options {
  readonly json: boolean;
  readonly seconds: number;
  readonly minutes: number;
  readonly connections: number;
  readonly identities: number;
  readonly processes: number;
  readonly apart: boolean;
  readonly set: readonly string[];
  readonly profile?: string;
  readonly plot?: string;
  readonly saveBaseline: boolean;
}

const command = new Command('npm run bench --')
  .argument('[scenario...]', `${[...SCENARIOS.keys(), ...LONG_SCENARIOS.keys()].join(', ')}`)
  .option('--json', 'only JSON lines on stdout', false)
  .option('--seconds <n>', 'length of each counted phase', positive, 5)
  .option('--minutes <n>', 'length of a soak', positive, 10)
  .option('--connections <n>', 'clients of the closed loop', positive, 64)
  .option('--identities <n>', 'identities that log in by turns', positive, 2000)
  .option('--processes <n>', 'load processes', positive, Math.max(1, cpus().length >> 1))
  .option('--no-apart', 'let server and load share all cores, instead of half of them each')
  .option('--set <name=value>', 'an option of mpin rps; may be repeated', several, [])
  .option('--profile <folder>', 'write CPU profiles of the server there')
  .option('--plot <file.svg>', 'draw the latency curves')
  .option('--save-baseline', 'make this run the committed baseline', false);

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('a number above 0 is needed');
  return value;
}

function several(text: string, before: readonly string[]): readonly string[] {
  if (!text.includes('=')) throw new InvalidArgumentError('expected name=value');
  return [...before, text];
}

/** @throws Error that lists the names when one is unknown */
function scenariosNamed(names: readonly string[], minutes: number): Map<string, Scenario> {
  if (names.length === 0) return new Map(SCENARIOS);
  return new Map(
    names.map((name) => {
      const scenario = SCENARIOS.get(name) ?? LONG_SCENARIOS.get(name)?.(minutes);
      if (scenario !== undefined) return [name, scenario];
      const all = [...SCENARIOS.keys(), ...LONG_SCENARIOS.keys()].join(', ');
      throw new Error(`no scenario "${name}"; there are ${all}`);
    }),
  );
}

/** Ratios of CPU suffer a little from a busy machine, latency and overload altogether. */
function warnOfOthers(): void {
  const [load = 0] = loadavg();
  if (load <= LOAD_MAX * cpus().length) return;
  process.stderr.write(
    `bench: the machine is busy with other work (load ${load.toFixed(1)} on ${cpus().length} ` +
      'cores): only CPU a login means anything\n',
  );
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}

async function run(names: readonly string[], options: Options): Promise<number> {
  const scenarios = scenariosNamed(names, options.minutes);
  warnOfOthers();
  const system = await System.start({ set: options.set, profile: options.profile });
  const bench = new Bench(system, options, progress);
  process.once('SIGINT', () => void interrupted(bench));
  process.once('SIGTERM', () => void interrupted(bench));
  try {
    const p256VerifyUs = yardstick();
    let before = p256VerifyUs;
    if (options.json) print({ scenario: 'yardstick', p256VerifyUs });
    const results: Result[] = [];
    for (const [name, scenario] of scenarios) {
      progress(`${name} …`);
      const { line, ...rest } = await scenario(bench);
      const after = yardstick();
      const result = { ...rest, line: { ...line, p256VerifyUs: rounded((before + after) / 2, 1) } };
      before = after;
      progress('');
      results.push(result);
      if (options.json) print(result.line);
    }
    say(options, results, { p256VerifyUs, halves: bench.halves });
    return results.some(({ line }) => line.errors > 0) ? EXIT_FAILED : 0;
  } finally {
    await bench.stop();
  }
}

/** Microseconds of a P-256 verify now. */
function yardstick(): number {
  return rounded(measure(opensslP256Verify()).median, 1);
}

async function interrupted(bench: Bench): Promise<never> {
  await bench.stop();
  process.exit(EXIT_INTERRUPTED);
}

/** The table goes to stdout, or beside the JSON lines where only a person sees it. */
function say(
  options: Options,
  results: readonly Result[],
  { p256VerifyUs, halves }: { readonly p256VerifyUs: number; readonly halves: Halves | undefined },
): void {
  const baseline = readBaseline();
  const text = [
    `${machine()}, ${sharing(halves)}; P-256 verify ${p256VerifyUs} µs\n`,
    tableOf(results, { p256VerifyUs, baseline }),
    checksText(checksOf(results, p256VerifyUs)),
  ].join('\n');
  (options.json ? process.stderr : process.stdout).write(text);
  if (options.plot !== undefined) {
    const curves = results.map(({ line, latency }) => ({ name: line.scenario, latency }));
    writeFileSync(options.plot, latencySvg('Latency by percentile of logins', curves));
  }
  if (options.saveBaseline) saveBaseline(results, p256VerifyUs, baseline);
}

function sharing(halves: Halves | undefined): string {
  if (halves === undefined) return 'server and load share all cores: each takes from the other';
  return `server on cores ${halves.server}, load on ${halves.load}`;
}

function machine(): string {
  const cpu = cpus()[0]?.model.trim() ?? 'unknown CPU';
  return `${cpu}, ${cpus().length} cores, node ${process.version}, kernel ${addon.kernel}`;
}

function readBaseline(): Baseline | null {
  try {
    return JSON.parse(readFileSync(BASELINE_FILE, 'utf8')) as Baseline;
  } catch {
    return null;
  }
}

/** Whole runs replace the baseline; a part of the scenarios cannot, as its yardstick differs. */
function saveBaseline(
  results: readonly Result[],
  p256VerifyUs: number,
  before: Baseline | null,
): void {
  const missing = Object.keys(before?.scenarios ?? {}).filter(
    (name) => !results.some(({ line }) => line.scenario === name),
  );
  if (missing.length > 0) throw new Error(`a baseline needs ${missing.join(', ')} as well`);
  const scenarios = Object.fromEntries(
    results.flatMap(({ line }) => (SCENARIOS.has(line.scenario) ? [[line.scenario, line]] : [])),
  );
  const baseline: Baseline = { machine: machine(), p256VerifyUs, scenarios };
  writeFileSync(BASELINE_FILE, `${JSON.stringify(baseline, null, 2)}\n`);
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

command.action(async (names: readonly string[], options: Options) => {
  try {
    process.exitCode = await run(names, options);
  } catch (error) {
    process.stderr.write(`bench: ${(error as Error).message}\n`);
    process.exitCode = EXIT_FAILED;
  }
});
await command.parseAsync();
