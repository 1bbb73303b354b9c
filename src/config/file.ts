/**
 * A configuration file: one JSON object or one YAML mapping, option names as its keys.
 *
 * No message quotes the file, because it may hold secrets: the parsers' own words would.
 */
import { readFileSync, statSync } from 'node:fs';
import { type Document, LineCounter, parseDocument } from 'yaml';
import { ConfigError } from './value.js';

/** Some hundred options; a larger file is not a configuration and was named by mistake. */
const FILE_BYTES_MAX = 1_048_576;

export type ConfigObject = Readonly<Record<string, unknown>>;

/** The text of a configuration file. Throws ConfigError that names it. */
export function readConfigText(file: string): string {
  try {
    if (statSync(file).size > FILE_BYTES_MAX) {
      throw new Error(`larger than ${FILE_BYTES_MAX} bytes`);
    }
    return textOf(readFileSync(file));
  } catch (error) {
    throw new ConfigError(`configuration file ${file}: ${(error as Error).message}`);
  }
}

/** What editors write: UTF-8, with a byte order mark or not. Anything else was named by mistake. */
function textOf(bytes: Uint8Array): string {
  if (bytes.includes(0)) throw new Error('not a text');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Error('not UTF-8');
  }
}

/** The options in a file. Throws ConfigError that names the file and what is wrong with it. */
export function readConfigFile(file: string): ConfigObject {
  try {
    return parseConfig(readConfigText(file), file.endsWith('.py'));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new ConfigError(`configuration file ${file}: ${error.message}`);
  }
}

/** Whether a text is meant as JSON: YAML could start with a brace too, but nobody writes it so. */
export function looksLikeJson(text: string): boolean {
  return /^\s*[{[]/.test(text);
}

/** Throws a SyntaxError fit for the operator's eyes. */
export function parseConfig(text: string, isPython = false): ConfigObject {
  if (isPython)
    throw new SyntaxError("Python of the old servers: convert it, 'mpin config import'");
  return looksLikeJson(text) ? parseJson(text) : parseYaml(text);
}

function parseJson(text: string): ConfigObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const at = /position (\d+)/.exec((error as Error).message)?.[1];
    const line = at === undefined ? '' : ` (line ${text.slice(0, Number(at)).split('\n').length})`;
    throw new SyntaxError(`not valid JSON${line}`);
  }
  // JSON.parse takes the last of two equal keys, and one of them is a mistake.
  const { document, lines } = yamlDocument(text);
  const twice = document.errors.find(({ code }) => code === 'DUPLICATE_KEY');
  if (twice !== undefined) throw twiceError(lines, twice.pos[0]);
  return objectOf(value, 'JSON object');
}

function parseYaml(text: string): ConfigObject {
  const { document, lines } = yamlDocument(text);
  const [error] = document.errors;
  if (error?.code === 'DUPLICATE_KEY') throw twiceError(lines, error.pos[0]);
  if (error !== undefined) {
    const { line } = lines.linePos(error.pos[0]);
    throw new SyntaxError(`not valid YAML (line ${line}: ${error.code.toLowerCase()})`);
  }
  return objectOf(contentOf(document), 'YAML mapping');
}

function yamlDocument(text: string): { document: Document.Parsed; lines: LineCounter } {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    uniqueKeys: true,
    stringKeys: true,
    merge: false,
    prettyErrors: false,
    lineCounter: lines,
  });
  return { document, lines };
}

function contentOf(document: Document.Parsed): unknown {
  try {
    // A few bytes of nested aliases can stand for gigabytes, and no option needs any.
    return document.toJS({ maxAliasCount: 0 });
  } catch {
    throw new SyntaxError('not valid YAML (aliases are not taken)');
  }
}

function twiceError(lines: LineCounter, at: number): SyntaxError {
  return new SyntaxError(`line ${lines.linePos(at).line}: the same name given twice`);
}

/** An empty file, or one of comments only, sets nothing. */
function objectOf(value: unknown, what: string): ConfigObject {
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw new SyntaxError(`not a ${what}`);
  return value as ConfigObject;
}
