/** `mpin permits run|status`: publishes the time permits of the hosted side; how far that is. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { hostedOptions } from '../config/hosted.js';
import {
  type PermitsRunOptions,
  permitsRunOptions,
  permitsStatusOptions,
} from '../config/permits-commands.js';
import type { RunState } from '../ta/permits/run-state.js';
import { CliError, EXIT_INTERRUPTED } from './errors.js';
import { addOptions, optionsOf } from './options.js';
import { withPassphrase } from './passphrase.js';
import { ALL_TABLES } from './tables.js';

/** Milliseconds between two lines of progress. */
const SAY_EVERY_MS = 2_000;
const DAY_MS = 86_400_000;

const HELP = `
A hosted side that runs does the same by itself before each midnight UTC, and at its start. By hand
it is of use after a change of revocationFile, to publish anew (--again), or from another schedule.
A run that was stopped or killed goes on where it was.

Examples:
  mpin permits run --config-file hosted.json --passphrase-file passphrase
  mpin permits status --permits-identities-folder permit-identities
`;

export function addPermitsCommands(program: Command): void {
  const group = program
    .command('permits')
    .description('the time permits that a hosted side publishes for its clients');
  const run = group.command('run').description('publish what is missing, for all known identities');
  addOptions(run, permitsRunOptions)
    .addHelpText('after', HELP)
    .action(() => runPermits(optionsOf(run, permitsRunOptions, ALL_TABLES, hostedOptions)));
  const status = group.command('status').description('how many identities, and the last run');
  addOptions(status, permitsStatusOptions)
    .addHelpText('after', HELP)
    .action(() => runStatus(optionsOf(status, permitsStatusOptions, ALL_TABLES, hostedOptions)));
}

async function runPermits(options: PermitsRunOptions): Promise<void> {
  const [{ demandUsable, runStandalone }, { createLog }, { systemClock }] = await Promise.all([
    import('../ta/permits/standalone-run.js'),
    import('../ops/log.js'),
    import('../protocol/clock.js'),
  ]);
  demandUsable(options);
  const opened = await withPassphrase(options);
  const log = createLog({ level: options.logLevel, name: 'permits' });
  const end = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => end.abort(new CliError('stopped: run it again', EXIT_INTERRUPTED)));
  }
  let saidMs = 0;
  const onPage = (state: RunState): void => {
    if (state.updatedMs - saidMs < SAY_EVERY_MS) return;
    saidMs = state.updatedMs;
    say(progressOf(state));
  };
  const { signal } = end;
  const { again } = options;
  const context = { log, clock: systemClock() };
  const done = await runStandalone(opened, context, { signal, again, onPage });
  for (const line of linesOf(done)) say(line);
}

async function runStatus(options: { readonly permitsIdentitiesFolder: string }): Promise<void> {
  const { permitsIdentitiesFolder: folder } = options;
  if (!existsSync(folder)) throw new CliError(`there is no folder ${folder}`);
  const [{ SeenIdentities }, { createLog }] = await Promise.all([
    import('../ta/permits/seen-identities.js'),
    import('../ops/log.js'),
  ]);
  const log = createLog({ level: 'ERROR', name: 'permits' });
  const identities = new SeenIdentities(folder, { max: 0, log });
  try {
    say(`${identities.count} identities are known`);
    const last = identities.lastRun();
    if (last === undefined) say('no run yet');
    else for (const line of linesOf(last)) say(line);
  } finally {
    await identities.close();
  }
}

function linesOf(run: RunState): string[] {
  const { startedMs, endedMs, failure, permits, untilDay, forgotten, removed } = run;
  const state =
    failure === undefined
      ? endedMs === undefined
        ? 'has not ended: it goes on, or was killed'
        : `took ${Math.ceil((endedMs - startedMs) / 1000)} s`
      : `stopped: ${failure}`;
  return [
    `the run of ${new Date(startedMs).toISOString()} ${state}`,
    `${progressOf(run)}, up to ${new Date(untilDay * DAY_MS).toISOString().slice(0, 10)}`,
    `${permits} permits published, ${removed} of days past removed, ` +
      `${forgotten} identities forgotten`,
  ];
}

function progressOf({ looked, identities, startedMs, updatedMs }: RunState): string {
  const perSecond = Math.round((looked * 1000) / Math.max(1, updatedMs - startedMs));
  return `${looked} of ${identities} identities, ${perSecond} a second`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
