/** `mpin bench`: the load of `npm run bench` against a server that already runs. */
import { writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Result } from '../../bench/load/figures.js';
import type { Work, WorkKind } from '../../bench/load/work.js';
import type { Settings } from '../client/settings.js';
import { BENCH_SCENARIOS, benchOptions } from '../config/bench.js';
import { ConfigError } from '../config/load.js';
import type { OptionsOf } from '../config/option.js';
import { CliError } from './errors.js';
import { addOptions, optionsOf } from './options.js';
import { ALL_TABLES } from './tables.js';

type BenchOptions = OptionsOf<typeof benchOptions>;

const EXAMPLES = `
Examples:
  mpin bench                                        the system of mpin up on this machine
  mpin bench --rps-url http://127.0.0.1:8011        its RPS alone
  mpin bench --url https://login.test --seconds 30 --yes-load-this-host

CPU of the server cannot be seen from here: npm run bench measures it.
`;

/** Seconds before anything counts, so that compilers and pools are warm. */
const WARM_UP_SECONDS = 2;
/** Clients of the open loop at most, for the file descriptors of one process. */
const OPEN_CONNECTIONS_MAX = 1_024;

export function addBenchCommand(program: Command): void {
  const command = program
    .command('bench')
    .description('measure logins against a server: capacity and latency');
  addOptions(command, benchOptions)
    .addHelpText('after', EXAMPLES)
    .action(() => runBench(optionsOf(command, benchOptions, ALL_TABLES)));
}

async function runBench(options: BenchOptions): Promise<void> {
  const scenarios = scenariosOf(options);
  demandLeave(options, [options.url, options.rpsUrl]);
  const [{ fetchSettings }, { memoryClient, registerIdentities }, { prepareLogin }] =
    await Promise.all([
      import('../client/settings.js'),
      import('./bench-identities.js'),
      import('../../bench/load/login.js'),
    ]);
  const parts = memoryClient(options.url);
  const settings = await fetchSettings(parts.transport, options.url);
  const way = wayOf(options, settings);
  // Settings name hosts of their own.
  demandLeave(options, [way.apiUrl, way.authenticateUrl, settings.registerUrl]);
  const identities = await registerIdentities(parts, settings, options.identities);
  const logins = identities.map(prepareLogin);
  const results: Result[] = [];
  for (const kind of scenarios) {
    const result = await runOne({ ...way, kind, logins, wrongEvery: 0 }, options);
    results.push(result);
    if (options.json) process.stdout.write(`${JSON.stringify(result.line)}\n`);
  }
  await report(options, results);
}

async function runOne(work: Work, options: BenchOptions): Promise<Result> {
  const [{ LoadGroup }, { capacityThenLatency, NO_PROBE }] = await Promise.all([
    import('../../bench/load/load-group.js'),
    import('../../bench/load/figures.js'),
  ]);
  const { seconds, connections, processes } = options;
  const load = await LoadGroup.start(work, processes);
  const observer = await LoadGroup.start(work, 1);
  try {
    return await capacityThenLatency(
      work.kind,
      { load, observer },
      {
        seconds,
        warmUpSeconds: Math.min(WARM_UP_SECONDS, seconds),
        connections,
        openConnections: OPEN_CONNECTIONS_MAX,
        probe: async () => NO_PROBE,
        sleep: (time) => sleep(time * 1000),
      },
    );
  } finally {
    load.close();
    observer.close();
  }
}

/** @throws CliError when an answer was wrong, after everything was said */
async function report(options: BenchOptions, results: readonly Result[]): Promise<void> {
  const [{ tableOf }, { latencySvg }] = await Promise.all([
    import('../../bench/load/table.js'),
    import('../../bench/load/plot.js'),
  ]);
  const table = tableOf(results, { p256VerifyUs: null, baseline: null });
  (options.json ? process.stderr : process.stdout).write(table);
  if (options.plot !== '') {
    const curves = results.map(({ line, latency }) => ({ name: line.scenario, latency }));
    writeFileSync(options.plot, latencySvg(`Latency of ${new URL(options.url).host}`, curves));
  }
  const errors = results.reduce((sum, { line }) => sum + line.errors, 0);
  if (errors > 0) throw new CliError(`${errors} logins were not answered as they should be`);
}

function scenariosOf({ scenario }: BenchOptions): WorkKind[] {
  const unknown = scenario.find((name) => !BENCH_SCENARIOS.some((known) => known === name));
  if (unknown !== undefined) {
    throw new ConfigError(`--scenario: "${unknown}" is none of ${BENCH_SCENARIOS.join(', ')}`);
  }
  // Their order, as what pass1-only leaves behind would make logins after it dearer.
  return BENCH_SCENARIOS.filter((known) => scenario.includes(known));
}

/** Through the relying party as browsers go, or to the RPS itself. */
function wayOf(
  { rpsUrl }: BenchOptions,
  settings: Settings,
): Pick<Work, 'apiUrl' | 'authenticateUrl' | 'authenticateAs'> {
  const { authServerUrl: apiUrl, authenticateUrl } = settings;
  if (rpsUrl === '') return { apiUrl, authenticateUrl, authenticateAs: 'rpa' };
  return {
    apiUrl: new URL(new URL(apiUrl).pathname, rpsUrl).href,
    authenticateUrl: new URL('/authenticate', rpsUrl).href,
    authenticateAs: 'rps',
  };
}

/** Load on somebody else's server is an attack: nothing goes out without a word. */
function demandLeave({ yesLoadThisHost }: BenchOptions, urls: readonly string[]): void {
  for (const url of urls.filter((one) => one !== '')) {
    const { hostname, protocol } = URL.canParse(url)
      ? new URL(url)
      : { hostname: '', protocol: '' };
    if (!/^https?:$/.test(protocol)) {
      throw new ConfigError(`"${url}" is not an http or https address`);
    }
    if (!yesLoadThisHost && !isLoopback(hostname)) {
      throw new ConfigError(
        `${hostname} is not this machine: --yes-load-this-host says that you may load it`,
      );
    }
  }
}

function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
