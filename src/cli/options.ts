/** Command-line options made from an option table, so that help and flags never drift from it. */
import { type Command, Option } from 'commander';
import {
  CONFIG_FILE_ENV,
  ConfigError,
  flagName,
  loadOptions,
  resolveOptions,
  type Sources,
} from '../config/load.js';
import type { OptionSpec, OptionsOf, OptionTable } from '../config/option.js';
import { expectation } from '../config/value.js';

const CONFIG_FILE = 'configFile';

/** The word that stands for a value in the help. */
const PLACEHOLDER: Record<OptionSpec['kind'], string> = {
  text: '<text>',
  secret: '<text>',
  path: '<path>',
  int: '<n>',
  list: '<a,b>',
  bool: '[bool]',
  json: '<json>',
};

const SECRET_FILE_HELP = 'file that holds it: keeps it out of process lists';

/** Declares one option of commander for the option `name`; hidden without a help text. */
type AddFlag = (flags: string, help: string | undefined, name: string) => void;

/** Which option of the table each of commander's attributes belongs to. */
const attributes = new WeakMap<Command, Map<string, string>>();

/** Adds a flag for each option of the table, and `--config-file`. */
export function addOptions(command: Command, table: OptionTable): Command {
  const known = new Map<string, string>();
  attributes.set(command, known);
  const add: AddFlag = (flags, help, name) => {
    const option = new Option(flags, help ?? '');
    if (help === undefined) option.hideHelp();
    known.set(option.attributeName(), name);
    command.addOption(option);
  };
  add('--config-file, --configFile <path>', 'JSON or YAML file with options by name', CONFIG_FILE);
  add('--config <path>', undefined, CONFIG_FILE);
  for (const [name, spec] of Object.entries(table)) addFlags(name, spec, add);
  return command;
}

/** The values of a table: flags, environment and file in their order (config/load.ts). */
export function optionsOf<T extends OptionTable>(
  command: Command,
  table: T,
  elsewhere: readonly OptionTable[] = [],
  fileOf?: OptionTable,
): OptionsOf<T> {
  return loadOptions(table, { ...sourcesOf(command, elsewhere), fileOf });
}

/** The files that options come from: the configuration file, and those that hold secrets. */
export function optionFilesOf(command: Command, table: OptionTable): readonly string[] {
  const sources = sourcesOf(command);
  const { secretFiles } = resolveOptions(table, sources);
  return sources.file === undefined ? secretFiles : [sources.file, ...secretFiles];
}

/** Where the options of a command line come from. */
export function sourcesOf(command: Command, elsewhere: readonly OptionTable[] = []): Sources {
  const { [CONFIG_FILE]: _, ...flags } = flagsOf(command);
  return { flags, env: process.env, file: configFileOf(command), elsewhere };
}

/** The configuration file that a command line or else the environment names. */
export function configFileOf(command: Command): string | undefined {
  const file = flagsOf(command)[CONFIG_FILE] ?? process.env[CONFIG_FILE_ENV];
  return typeof file === 'string' ? file : undefined;
}

function addFlags(name: string, spec: OptionSpec, add: AddFlag): void {
  const value = PLACEHOLDER[spec.kind];
  const names = [name, ...(spec.aliases ?? [])];
  addSpellings(names, value, describe(spec), (flags, help) => add(flags, help, name));
  if (spec.kind === 'bool') add(`--no-${flagName(name)}`, undefined, name);
  if (spec.kind !== 'secret') return;
  const files = names.map((spelled) => `${spelled}File`);
  addSpellings(files, '<path>', SECRET_FILE_HELP, (flags, help) => add(flags, help, `${name}File`));
}

/** `--kebab-case, --documentName`; the first name stands in the help, aliases only work. */
function addSpellings(
  names: readonly string[],
  value: string,
  help: string,
  add: (flags: string, help: string | undefined) => void,
): void {
  const taken = new Set<string>();
  for (const name of names) {
    const spellings = [...new Set([flagName(name), name])].filter((flag) => !taken.has(flag));
    for (const spelling of spellings) taken.add(spelling);
    if (spellings.length === 0) continue;
    const flags = spellings.map((spelling) => `--${spelling}`).join(', ');
    add(`${flags} ${value}`, name === names[0] ? help : undefined);
  }
}

function describe(spec: OptionSpec): string {
  const { kind, initial } = spec;
  const unit = kind === 'int' || spec.choices !== undefined ? [expectation(spec)] : [];
  const shown = kind === 'secret' ? spec.words?.includes(String(initial)) : initial !== '';
  const standard = shown ? [`default ${String(initial)}`] : [];
  const facts = [...unit, ...standard].join(', ');
  return facts === '' ? spec.why : `${spec.why} (${facts})`;
}

/** What was given on the command line, by option name; twice under two names is a mistake. */
function flagsOf(command: Command): Record<string, unknown> {
  const flags: Record<string, unknown> = {};
  for (const [attribute, name] of attributes.get(command) ?? []) {
    if (command.getOptionValueSource(attribute) !== 'cli') continue;
    if (name in flags) throw new ConfigError(`--${flagName(name)}: given under two names`);
    flags[name] = command.getOptionValue(attribute);
  }
  return flags;
}
