/**
 * The vocabulary of option tables. A table names each option once, with its type, default, unit
 * and reason; the type of the loaded options, the flags, the environment names and the printed
 * help all come from it.
 */

export type OptionKind = 'text' | 'secret' | 'path' | 'int' | 'bool' | 'list' | 'json';

export interface OptionSpec<T = unknown> {
  readonly kind: OptionKind;
  readonly initial: T;
  /** One sentence: what it does and why one would change it. */
  readonly why: string;
  readonly unit?: string;
  /** Other names in the documents (contract §12, names). */
  readonly aliases?: readonly string[];
  /** Inclusive bounds of an int. */
  readonly min?: number;
  readonly max?: number;
  /** The only values a text may have, in any case of their letters. */
  readonly choices?: readonly string[];
  /** Values of a secret option that are no secret: they may be shown. */
  readonly words?: readonly string[];
  /** Says why a text, or one of a list, will not do, not quoting it; undefined when it will. */
  readonly check?: (text: string) => string | undefined;
  /** Can be changed while the server runs (config/live.ts). */
  readonly dynamic?: boolean;
  /** What a JSON value must be. */
  readonly shape?: 'array' | 'object';
}

export type OptionTable = Readonly<Record<string, OptionSpec>>;

/** The loaded values of a table. */
export type OptionsOf<T extends OptionTable> = {
  readonly [K in keyof T]: T[K] extends OptionSpec<infer V> ? V : never;
};

type More = Partial<
  Pick<OptionSpec, 'unit' | 'aliases' | 'min' | 'max' | 'choices' | 'words' | 'check' | 'dynamic'>
>;

export const text = (initial: string, why: string, more: More = {}): OptionSpec<string> => ({
  kind: 'text',
  initial,
  why,
  ...more,
});

/** A text that is never printed, logged or shown. */
export const secret = (initial: string, why: string, more: More = {}): OptionSpec<string> => ({
  kind: 'secret',
  initial,
  why,
  ...more,
});

/** A file or folder; relative ones are taken from the working directory. */
export const path = (initial: string, why: string, more: More = {}): OptionSpec<string> => ({
  kind: 'path',
  initial,
  why,
  ...more,
});

export const int = (
  initial: number,
  unit: string,
  why: string,
  more: More = {},
): OptionSpec<number> => ({
  kind: 'int',
  initial,
  unit,
  why,
  ...more,
});

export const bool = (initial: boolean, why: string, more: More = {}): OptionSpec<boolean> => ({
  kind: 'bool',
  initial,
  why,
  ...more,
});

/** Texts separated by commas in flags and environment, an array in files. */
export const list = (
  initial: readonly string[],
  why: string,
  more: More = {},
): OptionSpec<readonly string[]> => ({ kind: 'list', initial, why, ...more });

/** An http or https URL, or nothing. */
export const url = (initial: string, why: string, more: More = {}): OptionSpec<string> =>
  text(initial, why, { check: notHttpUrl, ...more });
/** An array of JSON: as text in flags and environment, as itself in files. */
export const jsonArray = (
  initial: readonly unknown[],
  why: string,
  more: More = {},
): OptionSpec<readonly unknown[]> => ({ kind: 'json', shape: 'array', initial, why, ...more });

/** An object of JSON: as text in flags and environment, as itself in files. */
export const jsonObject = (
  initial: Readonly<Record<string, unknown>>,
  why: string,
  more: More = {},
): OptionSpec<Readonly<Record<string, unknown>>> => ({
  kind: 'json',
  shape: 'object',
  initial,
  why,
  ...more,
});

export const port = (initial: number, why: string): OptionSpec<number> =>
  int(initial, 'TCP port', why, { min: 0, max: 65_535 });

/** A base that paths are put behind. */
export function notPlainUrl(value: string): string | undefined {
  if (value === '') return undefined;
  const plain = /^https?:\/\/[^?#@\s]+$/.test(value) && URL.canParse(value);
  return plain ? undefined : 'not a plain http or https URL';
}

/** What {@link url} takes. */
export function notHttpUrl(value: string): string | undefined {
  const sound = URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
  return value === '' || sound ? undefined : 'not an http or https URL';
}
