/**
 * Configurations of the old servers (config.py, or the same names in JSON) in our YAML, with a
 * comment for all that could not simply be taken over.
 */
import { stringify } from 'yaml';
import { looksLikeJson, parseConfig } from './file.js';
import { namesOf } from './load.js';
import { hint } from './nearest.js';
import type { OptionSpec, OptionTable } from './option.js';
import { type Assignment, type PythonValue, parsePython } from './python.js';
import { ConfigError, readValue } from './value.js';

export interface ConversionParts {
  readonly table: OptionTable;
  /** The role's name: `rps`. */
  readonly role: string;
  /** Print secrets too, instead of asking for a file that holds them. */
  readonly withSecrets: boolean;
}

export interface Conversion {
  readonly yaml: string;
  /** How many names were taken over, dropped, and left to a person. */
  readonly counts: Readonly<Record<Fate, number>>;
}

type Fate = 'taken' | 'dropped' | 'byHand';

/** What became of one name. */
interface Entry {
  readonly fate: Fate;
  readonly lines: readonly string[];
}

/** Old names that have nothing to stand for here. */
const DROPPED: Readonly<Record<string, string>> = {
  configFile: 'it is the flag --config',
  cookieSecret: 'sessions have random names that the server keeps; no cookie is signed',
  mpinJSURL: 'the PIN pad comes with the server',
  clientSettingsURL: 'it follows from rpsPrefix',
  resourcesBasePath: 'pages come with the server',
  mobileAppPath: 'the mobile page comes with the server',
  mobileConfigURL: 'the RPS serves mobileConfig',
  mobileOnly: 'pads learn from the RPS what it offers',
  mobileSupport: 'pads learn from the RPS what it offers',
};

/** What was in force where a name was not set, by role; only where ours may differ. */
const OLD_DEFAULTS: Readonly<Record<string, Readonly<Record<string, PythonValue>>>> = {
  rps: { logLevel: 'ERROR', EntropySources: 'certivox:100', accessNumberExpireSeconds: 300 },
  dta: { logLevel: 'ERROR' },
  rpa: { logLevel: 'ERROR', forceActivate: false },
};

/** What the installer was to replace: `%PASSPHRASE%`. */
const PLACEHOLDER = /^%[A-Z_]+%$/;

/** The names an old configuration sets. Throws a SyntaxError that never quotes the text. */
export function oldNames(text: string): readonly string[] {
  return [...readOld(text).assignments.keys()];
}

/** Throws a SyntaxError that never quotes the text. */
export function convertOldConfig(text: string, parts: ConversionParts): Conversion {
  const { assignments, remarks } = readOld(text);
  const entries = [...assignments].map(([name, found]) => entryOf(name, found, parts));
  const counts = { taken: 0, dropped: 0, byHand: 0 };
  for (const { fate } of entries) counts[fate] += 1;
  const statements = remarks.map(({ line, what }) => `# Line ${line}: ${what}; left out.`);
  const lines = [
    `# For mpin ${parts.role}, from a configuration of the old servers: ${countsText(counts)}.`,
    ...entries.flatMap((entry) => entry.lines),
    ...statements,
    ...changedDefaults(new Set(assignments.keys()), parts),
  ];
  return { yaml: `${lines.join('\n')}\n`, counts };
}

export function countsText({ taken, dropped, byHand }: Conversion['counts']): string {
  return `${taken} taken over, ${dropped} dropped, ${byHand} left to you`;
}

function readOld(text: string): ReturnType<typeof parsePython> {
  if (!looksLikeJson(text)) return parsePython(text);
  const values = Object.entries(parseConfig(text)) as [string, PythonValue][];
  return { assignments: new Map(values.map(([name, value]) => [name, { value }])), remarks: [] };
}

function entryOf(name: string, found: Assignment, parts: ConversionParts): Entry {
  const shown = /^\w+$/.test(name) ? name : JSON.stringify(name);
  const place = found.line === undefined ? shown : `${shown} (line ${found.line})`;
  const comment = (fate: Fate, text: string): Entry => ({ fate, lines: [`# ${place}: ${text}.`] });
  const known = namesOf(parts.table);
  const target = known.get(name);
  const spec = target === undefined ? undefined : parts.table[target.option];
  if (target === undefined || spec === undefined) {
    const reason = DROPPED[name] ?? `no option of mpin ${parts.role}${hint(name, known.keys())}`;
    return comment('dropped', `dropped, ${reason.replace(/\?$/, '')}`);
  }
  if ('problem' in found) return comment('byHand', `left to you, ${found.problem}`);
  const { value } = found;
  if (value === null) return comment('dropped', 'None, left out: the default holds');
  if (typeof value === 'string' && PLACEHOLDER.test(value)) {
    return comment('byHand', 'left to you, a placeholder that the installer never filled in');
  }
  if (isSecret(spec, value) && !target.inFile && !parts.withSecrets) {
    const advice = `a secret: put it into a file and name that as ${target.option}File`;
    return comment('byHand', `left to you, ${advice}`);
  }
  try {
    readValue(spec, value, 'it does not fit');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return comment('byHand', `left to you, ${error.message}`);
  }
  return taken(name, target.inFile ? name : target.option, value);
}

function taken(name: string, ours: string, value: PythonValue): Entry {
  const renamed = name === ours ? [] : [`# ${name} is called ${ours} here.`];
  return { fate: 'taken', lines: [...renamed, stringify({ [ours]: value }).trimEnd()] };
}

function isSecret({ kind, words = [] }: OptionSpec, value: PythonValue): boolean {
  return kind === 'secret' && value !== '' && !words.includes(`${value}`);
}

/** Silence meant something else there than here. */
function changedDefaults(set: ReadonlySet<string>, { role, table }: ConversionParts): string[] {
  return Object.entries(OLD_DEFAULTS[role] ?? {}).flatMap(([name, before]) => {
    const now = table[name]?.initial;
    if (now === undefined || now === before || set.has(name)) return [];
    return [`# ${name} is not set: that meant ${before} there and means ${now} here.`];
  });
}
