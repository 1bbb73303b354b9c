/** One raw value (text from a flag or the environment, JSON from a file) to its option's type. */
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { OptionSpec } from './option.js';

/** A mistake in the configuration: one line that names the option and where it came from. */
export class ConfigError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ConfigError';
  }
}

/** A secret is a passphrase or a key; a longer file is not one and was named by mistake. */
const SECRET_FILE_BYTES_MAX = 65_536;

const TRUE = new Set(['true', 'True', '1']);
const FALSE = new Set(['false', 'False', '0']);

/**
 * The typed value of `raw`.
 * @param where how the user named it: `--port`, `MPIN_PORT`, `rps.json: "port"`
 * @throws ConfigError with what was expected; a secret's value is never in it
 */
export function readValue(spec: OptionSpec, raw: unknown, where: string): unknown {
  const got = spec.kind === 'secret' ? '' : `, got ${shown(raw)}`;
  const value = convert(spec, raw);
  if (value === undefined) {
    throw new ConfigError(`${where}: expected ${expectation(spec)}${got}`);
  }
  const fault = faultOf(spec, value);
  if (fault !== undefined) throw new ConfigError(`${where}: ${fault}${got}`);
  return value;
}

function faultOf({ check }: OptionSpec, value: unknown): string | undefined {
  const texts = Array.isArray(value) ? value : [value];
  return texts
    .filter((text) => typeof text === 'string')
    .map((text) => check?.(text))
    .find((fault) => fault !== undefined);
}

/**
 * The content of a file that holds a secret, without the newline that editors leave behind.
 * @throws ConfigError that names the source and the file, never what is in it
 */
export function readSecretFile(spec: OptionSpec, raw: unknown, where: string): string {
  if (typeof raw !== 'string' || raw === '') {
    throw new ConfigError(`${where}: expected the path of a file that holds the secret`);
  }
  try {
    if (statSync(raw).size > SECRET_FILE_BYTES_MAX) {
      throw new ConfigError(`${where}: ${raw} is larger than ${SECRET_FILE_BYTES_MAX} bytes`);
    }
    const secret = readFileSync(raw, 'utf8').replace(/\r?\n$/, '');
    return readValue(spec, secret, `${where}: ${raw}`) as string;
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`${where}: cannot read the secret: ${(error as Error).message}`);
  }
}

/** What an option takes, in words: for error messages and help. */
export function expectation(spec: OptionSpec): string {
  switch (spec.kind) {
    case 'int':
      return `a whole number${range(spec)}${spec.unit === undefined ? '' : ` (${spec.unit})`}`;
    case 'bool':
      return 'true or false';
    case 'list':
      return 'a list of texts, separated by commas';
    case 'path':
      return 'a path';
    case 'secret':
      return [...(spec.words ?? []), 'a secret text'].join(' or ');
    case 'json':
      return `a JSON ${spec.shape}`;
    case 'text':
      return spec.choices === undefined ? 'a text' : `one of ${spec.choices.join(', ')}`;
  }
}

function convert(spec: OptionSpec, raw: unknown): unknown {
  switch (spec.kind) {
    case 'int':
      return toInt(spec, raw);
    case 'bool':
      return toBool(raw);
    case 'list':
      return toList(raw);
    case 'path':
      return typeof raw !== 'string' ? undefined : raw === '' ? '' : resolve(raw);
    case 'secret':
      return typeof raw === 'string' ? raw : undefined;
    case 'json':
      return toJson(spec, raw);
    case 'text':
      return typeof raw === 'string' ? chosen(spec, raw) : undefined;
  }
}

/** The text, as its choice is written; undefined when it is none of them. */
function chosen({ choices }: OptionSpec, raw: string): string | undefined {
  if (choices === undefined || choices.includes(raw)) return raw;
  return choices.find((choice) => choice.toLowerCase() === raw.toLowerCase());
}

function toInt({ min, max }: OptionSpec, raw: unknown): number | undefined {
  const value = typeof raw === 'string' && /^[+-]?\d+$/.test(raw) ? Number(raw) : raw;
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) return undefined;
  return value < (min ?? value) || value > (max ?? value) ? undefined : value;
}

function toBool(raw: unknown): boolean | undefined {
  if (typeof raw === 'boolean') return raw;
  const text = typeof raw === 'number' ? String(raw) : raw;
  if (typeof text !== 'string') return undefined;
  if (TRUE.has(text)) return true;
  return FALSE.has(text) ? false : undefined;
}

function toList(raw: unknown): readonly string[] | undefined {
  if (typeof raw === 'string') {
    return raw
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
  }
  return Array.isArray(raw) && raw.every((item) => typeof item === 'string') ? raw : undefined;
}

function toJson({ shape }: OptionSpec, raw: unknown): unknown {
  let value = raw;
  try {
    if (typeof raw === 'string') value = JSON.parse(raw);
  } catch {
    return undefined;
  }
  if (shape === 'array') return Array.isArray(value) ? value : undefined;
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
}

function range({ min, max }: OptionSpec): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` of at least ${min}`;
  return max === undefined ? '' : ` of at most ${max}`;
}

/** A value from a file may be large or an object: enough of it to be recognised. */
function shown(raw: unknown): string {
  const SHOWN_LENGTH_MAX = 60;
  const text = JSON.stringify(raw) ?? String(raw);
  return text.length > SHOWN_LENGTH_MAX ? `${text.slice(0, SHOWN_LENGTH_MAX)}…` : text;
}
