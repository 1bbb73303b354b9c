/**
 * Options from their sources. The order is fixed: a flag beats the environment, the environment
 * beats the file, the file beats the default.
 *
 * An option is called by its name of the documents in a file (`DTALocalURL`), in upper snake case
 * with the prefix `MPIN_` in the environment (`MPIN_DTA_LOCAL_URL`), and either way as a flag
 * (`--DTALocalURL`, `--dta-local-url`). A secret can also be given as the path of a file that
 * holds it: `passphraseFile`, `MPIN_PASSPHRASE_FILE`, `--passphrase-file`.
 */
import { readFileSync } from 'node:fs';
import { hint } from './nearest.js';
import type { OptionSpec, OptionsOf, OptionTable } from './option.js';
import { ConfigError, readSecretFile, readValue } from './value.js';

export { ConfigError } from './value.js';

export interface Sources {
  /** A JSON file: one object, option names as its keys. */
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Values of flags, by the option's name (or `<name>File` for the file of a secret). */
  readonly flags: Readonly<Record<string, unknown>>;
  /** Tables of other roles: their environment names are known, and not for this role. */
  readonly elsewhere?: readonly OptionTable[];
}

/** Names the program itself reads from the environment, whatever the role. */
export const CONFIG_FILE_ENV = 'MPIN_CONFIG_FILE';
const ENV_PREFIX = 'MPIN_';
const RESERVED_ENV: ReadonlySet<string> = new Set([CONFIG_FILE_ENV, 'MPIN_KERNEL']);

/** One option as one source gives it. */
interface Given {
  readonly raw: unknown;
  readonly where: string;
  /** The raw value is the path of a file that holds the secret. */
  readonly inFile: boolean;
}

/** A name a source may use for an option. */
interface Target {
  readonly option: string;
  readonly inFile: boolean;
}

/**
 * The typed values of a table.
 * @throws ConfigError for an unknown name, a wrong value or an unreadable file
 */
export function loadOptions<T extends OptionTable>(table: T, sources: Sources): OptionsOf<T> {
  const byRank = [
    fromFlags(table, sources.flags),
    fromEnvironment(table, sources),
    sources.file === undefined ? new Map<string, Given>() : fromFile(table, sources.file),
  ];
  const values: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(table)) {
    const given = byRank.find((source) => source.has(name))?.get(name);
    values[name] = given === undefined ? initialValue(spec) : givenValue(spec, given);
  }
  return Object.freeze(values) as OptionsOf<T>;
}

/** `DTALocalURL` → `MPIN_DTA_LOCAL_URL`, `backup_file` → `MPIN_BACKUP_FILE`. */
export function environmentName(option: string): string {
  return ENV_PREFIX + wordsOf(option).join('_').toUpperCase();
}

/** `DTALocalURL` → `dta-local-url`: the flag's name without its dashes. */
export function flagName(option: string): string {
  return wordsOf(option).join('-').toLowerCase();
}

/** A word is `URL`, a run of capitals such as `DTA`, or letters with at most a capital first. */
const WORD = /URLs?|[A-Z]+?(?=URL)|[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z0-9]+/g;

function wordsOf(name: string): string[] {
  return name.match(WORD) ?? [name];
}

/** A default path is taken from the working directory like any other. */
function initialValue(spec: OptionSpec): unknown {
  return spec.kind === 'path' ? readValue(spec, spec.initial, 'default') : spec.initial;
}

function givenValue(spec: OptionSpec, { raw, where, inFile }: Given): unknown {
  return inFile ? readSecretFile(raw, where) : readValue(spec, raw, where);
}

function fromFlags(table: OptionTable, flags: Sources['flags']): Map<string, Given> {
  const known = namesOf(table);
  return collect(
    Object.entries(flags).filter(([, raw]) => raw !== undefined),
    (name) => known.get(name),
    (name) => `--${flagName(name)}`,
    (name) => `--${flagName(name)}: unknown option${hint(name, known.keys())}`,
  );
}

function fromEnvironment(table: OptionTable, { env, elsewhere = [] }: Sources): Map<string, Given> {
  const known = environmentNamesOf(table);
  const foreign = new Set(elsewhere.flatMap((other) => [...environmentNamesOf(other).keys()]));
  const ours = Object.entries(env).filter(
    ([name, raw]) =>
      name.startsWith(ENV_PREFIX) &&
      raw !== undefined &&
      !RESERVED_ENV.has(name) &&
      (known.has(name) || !foreign.has(name)),
  );
  return collect(
    ours,
    (name) => known.get(name),
    (name) => name,
    (name) => `${name}: unknown option in the environment${hint(name, known.keys())}`,
  );
}

function fromFile(table: OptionTable, file: string): Map<string, Given> {
  const known = namesOf(table);
  return collect(
    Object.entries(readObject(file)),
    (name) => known.get(name),
    (name) => `${file}: "${name}"`,
    (name) => `${file}: unknown option "${name}"${hint(name, known.keys())}`,
  );
}

function collect(
  entries: readonly (readonly [string, unknown])[],
  target: (name: string) => Target | undefined,
  where: (name: string) => string,
  unknown: (name: string) => string,
): Map<string, Given> {
  const found = new Map<string, Given>();
  for (const [name, raw] of entries) {
    const to = target(name);
    if (to === undefined) throw new ConfigError(unknown(name));
    const earlier = found.get(to.option);
    if (earlier !== undefined) {
      throw new ConfigError(`${earlier.where} and ${where(name)}: the same option given twice`);
    }
    found.set(to.option, { raw, where: where(name), inFile: to.inFile });
  }
  return found;
}

/** Every name an option has in files and flags, with what it stands for. */
function namesOf(table: OptionTable): Map<string, Target> {
  const names = new Map<string, Target>();
  for (const [option, spec] of Object.entries(table)) {
    for (const name of [option, ...(spec.aliases ?? [])]) {
      names.set(name, { option, inFile: false });
      if (spec.kind === 'secret') names.set(`${name}File`, { option, inFile: true });
    }
  }
  return names;
}

function environmentNamesOf(table: OptionTable): Map<string, Target> {
  return new Map([...namesOf(table)].map(([name, to]) => [environmentName(name), to]));
}

function readObject(file: string): object {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    // The parser's own words quote the file, which may hold secrets.
    const reason = error instanceof SyntaxError ? 'not valid JSON' : (error as Error).message;
    throw new ConfigError(`configuration file ${file}: ${reason}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ConfigError(`configuration file ${file}: not a JSON object`);
  }
  return value;
}
