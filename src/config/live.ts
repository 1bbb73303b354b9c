/**
 * Options that change while the server runs. Everybody holds one `options` object; behind it the
 * values are swapped as a whole, so that whoever reads two of them in one go reads a pair that was
 * meant. What is not dynamic keeps its value until a restart.
 */
import { isDeepStrictEqual } from 'node:util';
import type { OptionsOf, OptionTable } from './option.js';

/** New values by option name. */
export type OptionChanges = Readonly<Record<string, unknown>>;

export class LiveOptions<T extends OptionTable> {
  /** Reads as the options of the moment; cannot be written to. */
  readonly options: OptionsOf<T>;
  readonly #table: T;
  readonly #listeners: ((changed: ReadonlySet<string>) => void)[] = [];
  #values: Readonly<Record<string, unknown>>;

  constructor(table: T, initial: OptionsOf<T>) {
    this.#table = table;
    this.#values = { ...initial };
    const view = {};
    for (const [name, value] of Object.entries(initial)) {
      const dynamic = table[name]?.dynamic === true;
      const content = dynamic ? { get: () => this.#values[name] } : { value };
      Object.defineProperty(view, name, { ...content, enumerable: true });
    }
    this.options = Object.freeze(view) as OptionsOf<T>;
  }

  /**
   * Takes typed values of dynamic options over, all at once, and tells the listeners which differ
   * from before. Throws a TypeError for an option that is not dynamic.
   */
  apply(changes: OptionChanges): void {
    for (const name of Object.keys(changes)) {
      if (this.#table[name]?.dynamic !== true) throw new TypeError(`${name} is not dynamic`);
    }
    const before = this.#values;
    this.#values = { ...before, ...changes };
    const changed = Object.keys(changes).filter(
      (name) => !isDeepStrictEqual(before[name], changes[name]),
    );
    if (changed.length === 0) return;
    for (const listener of this.#listeners) listener(new Set(changed));
  }

  onChange(listener: (changed: ReadonlySet<string>) => void): void {
    this.#listeners.push(listener);
  }
}

/** What differs between two states of a table's options. */
export interface OptionDifferences {
  /** New values that can be taken over at once. */
  readonly dynamic: OptionChanges;
  /** Names of the options that need a restart. */
  readonly restart: readonly string[];
}

export function differencesOf<T extends OptionTable>(
  table: T,
  before: OptionsOf<T>,
  after: OptionsOf<T>,
): OptionDifferences {
  const names = Object.keys(table).filter((name) => !isDeepStrictEqual(before[name], after[name]));
  const dynamic = names.filter((name) => table[name]?.dynamic === true);
  return {
    dynamic: Object.fromEntries(dynamic.map((name) => [name, after[name]])),
    restart: names.filter((name) => table[name]?.dynamic !== true),
  };
}
