/** `mpin config check|show|explain|import`: what is configured, what could be, and what was. */
import { Command, Option } from 'commander';
import { readConfigFile, readConfigText } from '../config/file.js';
import { ConfigError, type Resolved, resolveOptions } from '../config/load.js';
import { convertOldConfig, countsText, oldNames } from '../config/old-config.js';
import type { OptionSpec, OptionTable } from '../config/option.js';
import { EXPLAIN_FORMATS, type ExplainFormat, explain } from './config-explain.js';
import { CliError } from './errors.js';
import { addOptions, sourcesOf } from './options.js';
import { ALL_TABLES, guessRole, ROLE_TABLES, tableOf } from './tables.js';

const HIDDEN = '***';
const ROLES = Object.keys(ROLE_TABLES).join(', ');

interface GivenRole {
  readonly role?: string;
}

export function addConfigCommands(program: Command): void {
  const config = program.command('config').description('look at configurations, convert old ones');
  config
    .command('check <file>')
    .description('list every mistake in a configuration file; exit 0 when there is none')
    .option('--role <role>', `whose file it is: ${ROLES}; as its names tell if absent`)
    .action(check);
  config
    .command('show')
    .description('effective options and where each came from; secrets are not shown')
    .option('--role <role>', `whose options: ${ROLES}`, 'rps')
    .option('--json', 'as JSON')
    .argument('[flags...]', 'what the role would be started with, --config among it')
    .allowUnknownOption()
    .action(show);
  config
    .command('explain [option]')
    .description('what an option does: type, unit, default, reason; without a name, all of them')
    .option('--role <role>', `only of this role: ${ROLES}`)
    .addOption(new Option('--format <format>', 'how').choices(EXPLAIN_FORMATS).default('text'))
    .action((name: string | undefined, given: GivenRole & { format: ExplainFormat }) => {
      process.stdout.write(explain(name, given));
    });
  config
    .command('import <file>')
    .description("print the YAML for an old server's config.py, or for its options in JSON")
    .option('--role <role>', `for whom: ${ROLES}; as its names tell if absent`)
    .option('--with-secrets', 'print secrets too, instead of asking for files that hold them')
    .action(importOld);
}

function check(file: string, given: GivenRole): void {
  const role = given.role ?? guessRole(namesIn(file));
  const { problems, origins } = resolveOptions(tableOf(role), { file, env: {}, flags: {} });
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  if (problems.length > 0) throw new CliError(`${problems.length} wrong for mpin ${role}`);
  process.stdout.write(`${file}: fine for mpin ${role}, ${origins.size} options\n`);
}

/** Nothing for a file that cannot be read: why not is told with the other mistakes. */
function namesIn(file: string): readonly string[] {
  try {
    return Object.keys(readConfigFile(file));
  } catch (error) {
    if (error instanceof ConfigError) return [];
    throw error;
  }
}

function show(flags: readonly string[], given: GivenRole & { readonly json?: boolean }): void {
  const table = tableOf(given.role ?? 'rps');
  const command = addOptions(new Command('show'), table).exitOverride();
  command.parse(flags, { from: 'user' });
  const resolved = resolveOptions(table, sourcesOf(command, ALL_TABLES));
  if (resolved.problems.length > 0) throw new ConfigError(resolved.problems.join('\n'));
  const rows = Object.entries(table).map(([name, spec]) => rowOf(name, spec, resolved));
  if (given.json === true) {
    process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
    return;
  }
  const width = Math.max(...rows.map(({ name }) => name.length));
  for (const { name, value, from } of rows) {
    process.stdout.write(`${name.padEnd(width)}  ${JSON.stringify(value)}  (${from})\n`);
  }
}

interface Row {
  readonly name: string;
  readonly value: unknown;
  readonly from: string;
}

function rowOf(name: string, spec: OptionSpec, resolved: Resolved<OptionTable>): Row {
  const value = resolved.values[name];
  const open = spec.kind !== 'secret' || value === '' || spec.words?.includes(`${value}`);
  return { name, value: open ? value : HIDDEN, from: resolved.origins.get(name) ?? 'default' };
}

interface ImportOptions extends GivenRole {
  readonly withSecrets?: boolean;
}

function importOld(file: string, given: ImportOptions): void {
  const text = readConfigText(file);
  try {
    const role = given.role ?? guessRole(oldNames(text));
    const withSecrets = given.withSecrets === true;
    const { yaml, counts } = convertOldConfig(text, { role, table: tableOf(role), withSecrets });
    process.stdout.write(yaml);
    process.stderr.write(`mpin ${role}: ${countsText(counts)}\n`);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new ConfigError(`${file}: ${error.message}`);
  }
}
