/** `mpin rps|auth|dta|hosted|rpa`: each starts one role in this process, until it is stopped. */
import type { Command } from 'commander';
import { authOptions } from '../config/auth.js';
import { dtaOptions } from '../config/dta.js';
import { hostedOptions } from '../config/hosted.js';
import type { OptionChanges } from '../config/live.js';
import { ConfigError } from '../config/load.js';
import type { OptionsOf, OptionTable } from '../config/option.js';
import { rpaOptions } from '../config/rpa.js';
import { type RpsOptions, rpsOptions } from '../config/rps.js';
import type { RoleContext, RunningRole } from '../ops/role.js';
import { addBackupCommands } from './backup.js';
import { addOptions, optionFilesOf, optionsOf } from './options.js';
import { withPassphrase } from './passphrase.js';
import { canPrompt, promptHidden } from './prompt.js';
import { reloader, reloadOnChange, reloadOnHangup } from './reload.js';
import { ALL_TABLES } from './tables.js';

/** How long a role may take to stop, in milliseconds; supervisors often kill after 10 s. */
const STOP_MS_MAX = 9_000;

/** Where flags begin in process.argv: after the interpreter, the program and the command. */
const FLAGS_AT = 3;

interface Role<T extends OptionTable> {
  readonly name: string;
  readonly summary: string;
  /** Not for people: left out of the help. */
  readonly hidden?: boolean;
  readonly table: T;
  readonly examples: readonly string[];
  /** Starts the role; its code is loaded only here. */
  readonly start: (options: OptionsOf<T>, context: RoleContext) => Promise<RunningRole>;
}

export function addRoleCommands(program: Command): void {
  addRole(program, RPS);
  addRole(program, RPS_INSTANCE);
  addRole(program, AUTH);
  addBackupCommands(addRole(program, DTA));
  addRole(program, HOSTED);
  addRole(program, RPA);
}

const RPS: Role<typeof rpsOptions> = {
  name: 'rps',
  summary: 'the relying party service: registrations, permits, authentication',
  table: rpsOptions,
  examples: [
    'mpin rps --credentials-file credentials.json --dta-local-url http://127.0.0.1:8001',
    'mpin rps --config-file rps.json --port 8012',
  ],
  start: async (options, context) => {
    const { demandSoundStore } = await import('./sound-store.js');
    await demandSoundStore(options);
    if (options.instances > 1) {
      const { startInstances } = await import('./instances.js');
      return startInstances(options, context, process.argv.slice(FLAGS_AT));
    }
    const { startRps } = await import('../rps/rps.js');
    return startRps(await withServerSecret(options), context);
  },
};

const AUTH: Role<typeof authOptions> = {
  name: 'auth',
  summary: 'a separate M-Pin server: authentication alone, results go to the RPS',
  table: authOptions,
  examples: [
    'mpin auth --credentials-file credentials.json --rps-url http://127.0.0.1:8011',
    'mpin rps --MPinAuthenticationServer http://login.example.com:8002',
  ],
  start: async (options, context) => {
    const { startAuth } = await import('../rps/auth.js');
    return startAuth(options, context);
  },
};

/** One of several, started by the command above. */
const RPS_INSTANCE: Role<typeof rpsOptions> = {
  ...RPS,
  name: 'rps-instance',
  hidden: true,
  start: async (options, context) => {
    const [{ startRps }, { siblingsOfProcess }] = await Promise.all([
      import('../rps/rps.js'),
      import('../ops/siblings.js'),
    ]);
    return startRps(options, { ...context, siblings: siblingsOfProcess() });
  },
};

const DTA: Role<typeof dtaOptions> = {
  name: 'dta',
  summary: "the customer's trusted authority",
  table: dtaOptions,
  examples: [
    'mpin dta --credentials-file credentials.json --backup-file dta-backup.json',
    'mpin dta --config-file dta.json --passphrase-file /run/secrets/dta',
  ],
  start: async (options, context) => {
    const { startDta } = await import('../ta/dta.js');
    return startDta(await withPassphrase(options), context);
  },
};

const HOSTED: Role<typeof hostedOptions> = {
  name: 'hosted',
  summary: 'the hosted side: the second trusted authority, its proxy, the permits',
  table: hostedOptions,
  examples: ['mpin hosted --credentials-file credentials.json --passphrase-file passphrase'],
  start: async (options, context) => {
    const { startHosted } = await import('../ta/hosted.js');
    return startHosted(await withPassphrase(options), context);
  },
};

const RPA: Role<typeof rpaOptions> = {
  name: 'rpa',
  summary: 'the demo relying party: relays the RPS, logs people in',
  table: rpaOptions,
  examples: ['mpin rpa --rps-url http://127.0.0.1:8011 --port 8005'],
  start: async (options, context) => {
    const { startRpa } = await import('../rpa/rpa.js');
    const showLink = (userId: string, link: string): void => {
      process.stdout.write(`activation link for ${userId}: ${link}\n`);
    };
    return startRpa(options, context, { showLink });
  },
};

function addRole<T extends OptionTable>(program: Command, role: Role<T>): Command {
  const command = program.command(role.name, { hidden: role.hidden ?? false });
  command.description(role.summary);
  return addOptions(command, role.table)
    .addHelpText('after', `\nExamples:\n${role.examples.map((line) => `  ${line}\n`).join('')}`)
    .action(() => {
      const load = () => optionsOf(command, role.table, ALL_TABLES);
      return runRole(role, { load, files: () => optionFilesOf(command, role.table) });
    });
}

/** Where a role's options come from. */
interface Configuration<T extends OptionTable> {
  /** Reads all sources; throws ConfigError. */
  readonly load: () => OptionsOf<T>;
  /** The files among them, as they are named now. */
  readonly files: () => readonly string[];
}

/** What every role's table has. */
interface CommonOptions {
  readonly logLevel: string;
  readonly autoReload: boolean;
}

/** Never returns when the role has started. */
async function runRole<T extends OptionTable>(
  { name, table, start }: Role<T>,
  { load, files }: Configuration<T>,
): Promise<void> {
  const options = load();
  // A parent that dies while we start must not leave us behind; later the lifecycle sees to it.
  const orphaned = (): never => process.exit(1);
  process.once('disconnect', orphaned);
  if (process.send !== undefined && !process.connected) orphaned();
  const [{ createLog, pinoLevel }, { runUntilStopped }, { systemClock }] = await Promise.all([
    import('../ops/log.js'),
    import('../ops/lifecycle.js'),
    import('../protocol/clock.js'),
  ]);
  const { logLevel: level, autoReload } = options as unknown as CommonOptions;
  const log = createLog({ level, name });
  const role = await start(options, { log, clock: systemClock() });
  log.info({ address: role.address }, 'listening');
  const apply = (changes: OptionChanges): void => {
    if (typeof changes['logLevel'] === 'string') log.level = pinoLevel(changes['logLevel']);
    role.reconfigure?.(changes);
  };
  const reload = reloader({ table, options, load, apply, log });
  reloadOnHangup(reload);
  if (autoReload) reloadOnChange(reload, files);
  const running = runUntilStopped(role, { log, graceMs: role.stopMsMax ?? STOP_MS_MAX });
  process.off('disconnect', orphaned);
  await running;
}

/** Asks for the hosted share of the server secret, where it is to be typed in. */
async function withServerSecret(options: RpsOptions): Promise<RpsOptions> {
  if (options.certivoxServerSecret !== 'manual') return options;
  if (!canPrompt()) {
    throw new ConfigError('certivoxServerSecret is manual, but there is no terminal to ask at');
  }
  const share = await promptHidden('Hosted share of the server secret (256 hex digits): ');
  return { ...options, certivoxServerSecret: share.trim() };
}
