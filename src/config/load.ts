/**
 * Options from their sources. The order is fixed: a flag beats the environment, the environment
 * beats the file, the file beats the default.
 *
 * An option is called by its name of the documents in a file (`DTALocalURL`), in upper snake case
 * with the prefix `MPIN_` in the environment (`MPIN_DTA_LOCAL_URL`), and either way as a flag
 * (`--DTALocalURL`, `--dta-local-url`). A secret can also be given as the path of a file that
 * holds it: `passphraseFile`, `MPIN_PASSPHRASE_FILE`, `--passphrase-file`.
 */
import { readConfigFile } from './file.js';
import { hint } from './nearest.js';
import type { OptionSpec, OptionsOf, OptionTable } from './option.js';
import { ConfigError, readSecretFile, readValue } from './value.js';

export { ConfigError } from './value.js';

export interface Sources {
  /** A JSON or YAML file: one object, option names as its keys. */
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Values of flags, by the option's name (or `<name>File` for the file of a secret). */
  readonly flags: Readonly<Record<string, unknown>>;
  /** Tables of other roles: their environment names are known, and not for this role. */
  readonly elsewhere?: readonly OptionTable[];
  /** The role whose file a command shares: what is that role's alone is passed over. */
  readonly fileOf?: OptionTable | undefined;
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

type Tell = (problem: string) => void;

/** A name a source may use for an option. */
interface Target {
  readonly option: string;
  readonly inFile: boolean;
}

/** What the sources give for a table. */
export interface Resolved<T extends OptionTable> {
  /** An option with a wrong value has its default here. */
  readonly values: OptionsOf<T>;
  /** How the user named what set the option; no entry where the default holds. */
  readonly origins: ReadonlyMap<string, string>;
  /** Paths of the files that hold secrets, as they were given. */
  readonly secretFiles: readonly string[];
  /** All mistakes, each in one line that names its source; no secret is in any. */
  readonly problems: readonly string[];
}

/**
 * The typed values of a table.
 * @throws ConfigError with all mistakes, a line each: unknown names, wrong values, an unreadable
 * file
 */
export function loadOptions<T extends OptionTable>(table: T, sources: Sources): OptionsOf<T> {
  const { values, problems } = resolveOptions(table, sources);
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
  return values;
}

/** The same with all mistakes and all origins told. */
export function resolveOptions<T extends OptionTable>(table: T, sources: Sources): Resolved<T> {
  const problems: string[] = [];
  const tell: Tell = (problem) => void problems.push(problem);
  const byRank = [
    fromFlags(table, sources.flags, tell),
    fromEnvironment(table, sources, tell),
    fromFile(table, sources, tell),
  ];
  const values: Record<string, unknown> = {};
  const origins = new Map<string, string>();
  const secretFiles: string[] = [];
  for (const [name, spec] of Object.entries(table)) {
    const given = byRank.find((source) => source.has(name))?.get(name);
    values[name] = attempt(() => givenValue(spec, given), tell) ?? initialValue(spec);
    if (given === undefined) continue;
    origins.set(name, given.where);
    if (given.inFile && typeof given.raw === 'string') secretFiles.push(given.raw);
  }
  return { values: Object.freeze(values) as OptionsOf<T>, origins, secretFiles, problems };
}

/** The result of `read`, or undefined where it throws a ConfigError, which is told. */
function attempt<R>(read: () => R, tell: Tell): R | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    tell(error.message);
    return undefined;
  }
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

function givenValue(spec: OptionSpec, given: Given | undefined): unknown {
  if (given === undefined) return undefined;
  const { raw, where, inFile } = given;
  return inFile ? readSecretFile(spec, raw, where) : readValue(spec, raw, where);
}

function fromFlags(table: OptionTable, flags: Sources['flags'], tell: Tell): Map<string, Given> {
  const known = namesOf(table);
  return collect(
    Object.entries(flags).filter(([, raw]) => raw !== undefined),
    (name) => known.get(name),
    (name) => `--${flagName(name)}`,
    (name) => `--${flagName(name)}: unknown option${hint(name, known.keys())}`,
    tell,
  );
}

function fromEnvironment(
  table: OptionTable,
  { env, elsewhere = [] }: Sources,
  tell: Tell,
): Map<string, Given> {
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
    tell,
  );
}

function fromFile(
  table: OptionTable,
  { file, fileOf = {} }: Sources,
  tell: Tell,
): Map<string, Given> {
  if (file === undefined) return new Map();
  const known = namesOf(table);
  const passedOver = namesOf(fileOf);
  return collect(
    Object.entries(attempt(() => readConfigFile(file), tell) ?? {}).filter(
      ([name]) => known.has(name) || !passedOver.has(name),
    ),
    (name) => known.get(name),
    (name) => `${file}: "${name}"`,
    (name) => `${file}: unknown option "${name}"${hint(name, known.keys())}`,
    tell,
  );
}

function collect(
  entries: readonly (readonly [string, unknown])[],
  target: (name: string) => Target | undefined,
  where: (name: string) => string,
  unknown: (name: string) => string,
  tell: Tell,
): Map<string, Given> {
  const found = new Map<string, Given>();
  for (const [name, raw] of entries) {
    const to = target(name);
    if (to === undefined) {
      tell(unknown(name));
      continue;
    }
    const earlier = found.get(to.option);
    if (earlier !== undefined) {
      tell(`${earlier.where} and ${where(name)}: the same option given twice`);
      continue;
    }
    found.set(to.option, { raw, where: where(name), inFile: to.inFile });
  }
  return found;
}

/** Every name an option has in files and flags, with what it stands for. */
export function namesOf(table: OptionTable): Map<string, Target> {
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
