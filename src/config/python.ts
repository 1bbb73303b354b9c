/**
 * The assignments of a Python file of settings, as the old servers' config.py: texts, numbers,
 * True, False, None, lists, tuples, dicts, names assigned before, + and - and *, and texts filled
 * in by %. Nothing is executed; whatever else stands there is named with its line, so that a
 * person can decide.
 */
import { type Token, tokensOf } from './python-tokens.js';

export type PythonValue =
  | string
  | number
  | boolean
  | null
  | readonly PythonValue[]
  | { readonly [key: string]: PythonValue };

/** What a name is set to in the end, as in Python: a later assignment replaces an earlier one. */
export type Assignment = { readonly line?: number } & (
  | { readonly value: PythonValue }
  | { readonly problem: string }
);

export interface PythonSettings {
  readonly assignments: ReadonlyMap<string, Assignment>;
  /** Statements that assign nothing and may have had an effect. */
  readonly remarks: readonly { readonly line: number; readonly what: string }[];
}

/** Brackets within brackets; each costs some stack, and settings need three. */
const DEPTH_MAX = 50;
/** Characters and values that a file may come to: names used again and again multiply quickly. */
const SIZE_MAX = 1_000_000;

/** `+=` and its like. */
const AUGMENTED = /^[-+*/%]=$/;
const HARMLESS = new Set(['from', 'import', 'pass']);
const CONSTANTS: Readonly<Record<string, PythonValue>> = { True: true, False: false, None: null };

/** Throws PythonError for a text that is no Python at all. */
export function parsePython(text: string): PythonSettings {
  return new Parser(tokensOf(text)).run();
}

/** An expression that has no value here; the message says why. */
class NotConvertible extends Error {}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #assignments = new Map<string, Assignment>();
  readonly #remarks: { readonly line: number; readonly what: string }[] = [];
  /** Python fills in `%` from each item of a tuple, but from a list as a whole. */
  readonly #tuples = new WeakSet<object>();
  #at = 0;
  #depth = 0;
  #inBlock = false;
  #size = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  run(): PythonSettings {
    while (this.#at < this.#tokens.length) {
      this.#statement();
      while (this.#peek().kind !== 'end') this.#at += 1;
      this.#at += 1;
    }
    return { assignments: this.#assignments, remarks: this.#remarks };
  }

  #statement(): void {
    const first = this.#peek();
    // What follows a semicolon belongs where the statement before it does.
    if (this.#peek(-1).value !== ';') this.#inBlock = first.column > 0;
    if (first.kind === 'end' || this.#isHarmless()) return;
    const { line } = first;
    const names = this.#targets();
    if (names.length === 0) {
      this.#noAssignment(first);
      return;
    }
    const found = this.#assigned();
    for (const name of names) this.#assignments.set(name, { line, ...found });
  }

  #noAssignment({ kind, value, line }: Token): void {
    this.#inBlock = true;
    if (kind === 'name' && this.#isSign(AUGMENTED, 1)) {
      const problem = 'changed by a calculation after it was set';
      this.#assignments.set(`${value}`, { line, problem });
      return;
    }
    const isWord = kind === 'name' && /^[a-z]{2,6}$/.test(`${value}`);
    const what = isWord ? `a statement that begins with "${value}"` : 'a statement';
    this.#remarks.push({ line, what: `${what}, not an assignment` });
  }

  /** Imports, and texts that stand alone: the old configurations are commented so. */
  #isHarmless(): boolean {
    const { kind, value } = this.#peek();
    if (kind === 'name' && HARMLESS.has(`${value}`)) return true;
    let at = this.#at;
    while (this.#tokens[at]?.kind === 'text') at += 1;
    return at > this.#at && this.#tokens[at]?.kind === 'end';
  }

  /** `a = b = …` → a, b; the expression is next. Nothing where no assignment begins. */
  #targets(): string[] {
    const names: string[] = [];
    while (this.#peek().kind === 'name' && this.#isSign('=', 1)) {
      names.push(`${this.#peek().value}`);
      this.#at += 2;
    }
    return names;
  }

  #assigned(): { readonly value: PythonValue } | { readonly problem: string } {
    if (this.#inBlock) {
      return { problem: 'set inside a block (if, try, …), which may not be reached' };
    }
    try {
      const value = this.#items('end');
      if (this.#peek().kind !== 'end') throw this.#unexpected();
      return { value };
    } catch (error) {
      if (!(error instanceof NotConvertible)) throw error;
      return { problem: error.message };
    }
  }

  /** One value, or with commas a tuple. */
  #items(closing: string): PythonValue {
    const first = this.#sum();
    if (!this.#isSign(',')) return first;
    const items = [first];
    while (this.#take(',') && !this.#isClosing(closing)) items.push(this.#sum());
    return this.#tuple(items);
  }

  #tuple(items: PythonValue[]): PythonValue {
    this.#tuples.add(items);
    return items;
  }

  #sum(): PythonValue {
    let left = this.#product();
    for (;;) {
      if (this.#take('+')) left = this.#add(left, this.#product());
      else if (this.#take('-')) left = number(number(left) - number(this.#product()));
      else return left;
    }
  }

  #product(): PythonValue {
    let left = this.#factor();
    for (;;) {
      if (this.#take('*')) left = number(number(left) * number(this.#factor()));
      else if (this.#take('%')) left = this.#fillIn(left, this.#factor());
      else return left;
    }
  }

  #factor(): PythonValue {
    if (this.#take('-')) return -number(this.#factor());
    if (this.#take('+')) return number(this.#factor());
    return this.#atom();
  }

  #atom(): PythonValue {
    const token = this.#peek();
    this.#at += 1;
    switch (token.kind) {
      case 'number':
        return this.#grown(token.value, 1);
      case 'text':
        return this.#texts(`${token.value}`);
      case 'name':
        return this.#name(`${token.value}`);
      case 'other':
        throw new NotConvertible(`${token.value} cannot be converted`);
      case 'sign':
        return this.#bracket(`${token.value}`);
      case 'end':
        throw new NotConvertible('nothing is assigned');
    }
  }

  /** Texts in a row are one. */
  #texts(first: string): PythonValue {
    let text = first;
    while (this.#peek().kind === 'text') {
      text += `${this.#peek().value}`;
      this.#at += 1;
    }
    return this.#grown(text, text.length);
  }

  #name(name: string): PythonValue {
    let whole = name;
    for (; this.#take('.'); this.#at += 1) whole += `.${this.#peek().value}`;
    if (this.#isSign('(')) {
      throw new NotConvertible(`a call of ${whole}(…) cannot be converted`);
    }
    if (Object.hasOwn(CONSTANTS, whole)) return CONSTANTS[whole] as PythonValue;
    const known = this.#assignments.get(whole);
    if (known === undefined) throw new NotConvertible(`${whole} is not known here`);
    if ('problem' in known) throw new NotConvertible(`${whole} itself cannot be converted`);
    return this.#grown(known.value, sizeOf(known.value));
  }

  #bracket(sign: string): PythonValue {
    if (!'([{'.includes(sign)) {
      this.#at -= 1;
      throw this.#unexpected();
    }
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) throw new NotConvertible('it is nested too deeply');
    try {
      return sign === '(' ? this.#parenthesised() : sign === '[' ? this.#list() : this.#dict();
    } finally {
      this.#depth -= 1;
    }
  }

  #parenthesised(): PythonValue {
    if (this.#take(')')) return this.#tuple([]);
    const value = this.#items(')');
    if (!this.#take(')')) throw this.#unexpected();
    return value;
  }

  #list(): PythonValue {
    const items: PythonValue[] = [];
    while (!this.#take(']')) {
      items.push(this.#sum());
      if (!this.#take(',') && !this.#isClosing(']')) throw this.#unexpected();
    }
    return this.#grown(items, 1);
  }

  #dict(): PythonValue {
    const dict: Record<string, PythonValue> = Object.create(null);
    while (!this.#take('}')) {
      const key = this.#sum();
      if (typeof key !== 'string') throw new NotConvertible('a key of a dict is not a text');
      if (!this.#take(':')) throw this.#unexpected();
      dict[key] = this.#sum();
      if (!this.#take(',') && !this.#isClosing('}')) throw this.#unexpected();
    }
    return this.#grown(dict, 1);
  }

  #add(left: PythonValue, right: PythonValue): PythonValue {
    if (typeof left === 'string' && typeof right === 'string') {
      return this.#grown(left + right, left.length + right.length);
    }
    if (Array.isArray(left) && Array.isArray(right)) {
      return this.#grown([...left, ...right], left.length + right.length);
    }
    return number(number(left) + number(right));
  }

  /** `"http://%s:%d" % (host, port)` */
  #fillIn(form: PythonValue, given: PythonValue): PythonValue {
    if (typeof form !== 'string') throw new NotConvertible('a remainder cannot be converted');
    const isTuple = typeof given === 'object' && given !== null && this.#tuples.has(given);
    const items = isTuple ? [...(given as readonly PythonValue[])] : [given];
    const text = form.replace(/%(.?)/g, (_, kind: string) => {
      if (kind === '%') return '%';
      const item = items.shift();
      const plain = typeof item === 'string' || typeof item === 'number';
      if (!plain || !/[sd]/.test(kind) || (kind === 'd' && !Number.isInteger(item))) {
        throw new NotConvertible('this way to fill a text in cannot be converted');
      }
      return `${item}`;
    });
    if (items.length > 0) throw new NotConvertible('a text is filled in with too many values');
    return this.#grown(text, text.length);
  }

  #grown<V extends PythonValue>(value: V, by: number): V {
    this.#size += by;
    if (this.#size > SIZE_MAX) throw new NotConvertible('the file grows too large here');
    return value;
  }

  #isClosing(sign: string): boolean {
    return sign === 'end' ? this.#peek().kind === 'end' : this.#isSign(sign);
  }

  #isSign(form: string | RegExp, ahead = 0): boolean {
    const { kind, value } = this.#peek(ahead);
    return kind === 'sign' && (value === form || (form instanceof RegExp && form.test(`${value}`)));
  }

  #take(sign: string): boolean {
    if (!this.#isSign(sign)) return false;
    this.#at += 1;
    return true;
  }

  #peek(ahead = 0): Token {
    return this.#tokens[this.#at + ahead] ?? END;
  }

  /** Names of Python such as `if` or `for` help; anything else might be part of a secret. */
  #unexpected(): NotConvertible {
    const { kind, value } = this.#peek();
    const shown = kind === 'sign' || (kind === 'name' && /^[a-z]{2,6}$/.test(`${value}`));
    return new NotConvertible(
      shown ? `an expression with "${value}" cannot be converted` : 'the expression is unknown',
    );
  }
}

const END: Token = { kind: 'end', value: '', line: 0, column: 0 };

function number(value: PythonValue): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw new NotConvertible('only whole numbers and texts can be calculated with');
  }
  return value;
}

/** Characters and values in it. */
function sizeOf(value: PythonValue): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce<number>((sum, item) => sum + sizeOf(item), 1);
}
