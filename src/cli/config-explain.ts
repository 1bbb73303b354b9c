/** The documentation of options, made from their tables. */
import { CONFIG_FILE_ENV, environmentName, flagName } from '../config/load.js';
import { hint } from '../config/nearest.js';
import type { OptionSpec, OptionTable } from '../config/option.js';
import { expectation } from '../config/value.js';
import { CliError, EXIT_USAGE } from './errors.js';
import { ROLE_TABLES, tableOf } from './tables.js';

export const EXPLAIN_FORMATS = ['text', 'markdown', 'json'] as const;
export type ExplainFormat = (typeof EXPLAIN_FORMATS)[number];

/** One option of one role, in words. */
interface Explanation {
  readonly name: string;
  readonly role: string;
  /** `configFile` alone has no place in a file. */
  readonly flag: string;
  readonly environment: string;
  readonly aliases: readonly string[];
  readonly type: string;
  readonly expects: string;
  readonly unit?: string;
  readonly default: unknown;
  readonly dynamic: boolean;
  readonly secret: boolean;
  readonly why: string;
}

/**
 * The text for one option, by any of its names, or for all.
 * @throws CliError for a name that no role knows, with the nearest one
 */
export function explain(
  name: string | undefined,
  { role, format }: { readonly role?: string; readonly format: ExplainFormat },
): string {
  const tables = role === undefined ? ROLE_TABLES : { [role]: tableOf(role) };
  const all = Object.entries(tables).flatMap(([of, table]) => explanationsOf(of, table));
  const found = name === undefined ? all : all.filter((one) => isCalled(one, name));
  if (found.length === 0) {
    const known = new Set(all.flatMap((one) => [one.name, ...one.aliases]));
    throw new CliError(`no option "${name}"${hint(name ?? '', known)}`, EXIT_USAGE);
  }
  switch (format) {
    case 'json':
      return `${JSON.stringify(found, null, 2)}\n`;
    case 'markdown':
      return markdown(found);
    case 'text':
      return found.map(paragraph).join('\n');
  }
}

const CONFIG_FILE: Omit<Explanation, 'role'> = {
  name: 'configFile',
  flag: '--config',
  environment: CONFIG_FILE_ENV,
  aliases: [],
  type: 'path',
  expects: 'a path',
  default: '',
  dynamic: false,
  secret: false,
  why: 'JSON or YAML file with options by their names; not itself an option in such a file',
};

function explanationsOf(role: string, table: OptionTable): Explanation[] {
  const options = Object.entries(table).map(([name, spec]) => explanationOf(name, role, spec));
  return [{ ...CONFIG_FILE, role }, ...options];
}

function explanationOf(name: string, role: string, spec: OptionSpec): Explanation {
  const secret = spec.kind === 'secret';
  return {
    name,
    role,
    flag: `--${flagName(name)}`,
    environment: environmentName(name),
    aliases: spec.aliases ?? [],
    type: spec.kind,
    expects: expectation(spec),
    ...(spec.unit === undefined ? {} : { unit: spec.unit }),
    default: spec.initial,
    dynamic: spec.dynamic === true,
    secret,
    why: spec.why,
  };
}

/** By its name, an alias, its flag or its environment variable, in any case. */
function isCalled({ name, aliases }: Explanation, asked: string): boolean {
  const bare = asked.replace(/^--/, '').toLowerCase();
  return [name, ...aliases]
    .flatMap((known) => [known, flagName(known), environmentName(known)])
    .some((known) => known.toLowerCase() === bare);
}

function paragraph(one: Explanation): string {
  const facts = [
    `${one.name} (mpin ${one.role})`,
    `  ${one.why}.`,
    `  takes     ${one.expects}`,
    `  default   ${shownDefault(one)}`,
    `  written   ${one.flag}, ${one.environment}${also(one)}`,
    `  changes   ${one.dynamic ? 'while the server runs' : 'with a restart'}`,
  ];
  return `${facts.join('\n')}\n`;
}

function also({ secret, flag, environment, aliases }: Explanation): string {
  const files = secret ? `; from a file: ${flag}-file, ${environment}_FILE` : '';
  return `${files}${aliases.length > 0 ? `; also called ${aliases.join(', ')}` : ''}`;
}

function markdown(all: readonly Explanation[]): string {
  const roles = [...new Set(all.map(({ role }) => role))];
  return roles
    .map((role) => {
      const rows = all
        .filter((one) => one.role === role)
        .map((one) => [code(one.name), one.expects, code(shownDefault(one)), one.why])
        .map((cells) => `| ${cells.map(cellText).join(' | ')} |\n`);
      const head = `| option | takes | default | why |\n| --- | --- | --- | --- |\n`;
      return `### mpin ${role}\n\n${head}${rows.join('')}`;
    })
    .join('\n');
}

function cellText(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}

function code(text: string): string {
  return `\`${text}\``;
}

function shownDefault({ default: value }: Explanation): string {
  return value === '' ? 'nothing' : typeof value === 'string' ? value : JSON.stringify(value);
}
