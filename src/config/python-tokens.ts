/**
 * The tokens of a Python file, as far as files of settings need them. Nothing is ever run: all
 * that is not a text, a number or a name is a sign, and what it may mean is for python.ts.
 */

export interface Token {
  /** `other` is Python without a value here, its words being the value; `end` ends a statement. */
  readonly kind: 'text' | 'number' | 'name' | 'sign' | 'other' | 'end';
  readonly value: string | number;
  readonly line: number;
  /** 0 where a statement of the file itself begins; statements of blocks are further right. */
  readonly column: number;
}

/** A file that cannot be read as Python; the message has the line and never quotes it. */
export class PythonError extends SyntaxError {
  constructor(line: number, what: string) {
    super(`line ${line}: ${what}`);
    this.name = 'PythonError';
  }
}

const SPACE = /(?:[ \t\f]|\\\r?\n|#[^\r\n]*)+/y;
const NEWLINE = /\r?\n|\r/y;
const TEXT_START = /(r|u|b|f|br|rb|ur|fr|rf)?("""|'''|"|')/iy;
const NAME = /[\p{L}_][\p{L}\p{N}_]*/uy;
const WITH_BASE = /0[xX][\da-fA-F_]+[lL]?|0[oO][0-7_]+|0[bB][01_]+/;
const DECIMAL = /(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?[lLjJ]?/;
const NUMBER = new RegExp(`${WITH_BASE.source}|${DECIMAL.source}`, 'y');
const SIGN = /\*\*|\/\/|[-+*/%=<>!]=|[^\s\w]/y;
const BRACKETS: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/** All tokens; the last one is an `end`. Throws PythonError. */
export function tokensOf(text: string): readonly Token[] {
  return new Tokenizer(text.replace(/^\uFEFF/, '')).run();
}

class Tokenizer {
  readonly #text: string;
  readonly #tokens: Token[] = [];
  readonly #open: Token[] = [];
  #at = 0;
  #line = 1;
  #lineStart = 0;

  constructor(text: string) {
    this.#text = text;
  }

  run(): readonly Token[] {
    while (this.#at < this.#text.length) this.#step();
    const open = this.#open.at(-1);
    if (open !== undefined) throw new PythonError(open.line, `"${open.value}" is never closed`);
    this.#tokens.push(this.#token('end', ''));
    return this.#tokens;
  }

  #step(): void {
    const start = this.#token('sign', '');
    if (this.#match(SPACE) !== undefined) return;
    if (this.#match(NEWLINE) !== undefined) {
      if (this.#open.length === 0) this.#tokens.push({ ...start, kind: 'end' });
      return;
    }
    this.#tokens.push({ ...start, ...this.#thing(start) });
  }

  #thing(start: Token): Pick<Token, 'kind' | 'value'> {
    const text = this.#match(TEXT_START);
    if (text !== undefined) return this.#textFrom(text[1] ?? '', text[2] ?? '', start.line);
    const name = this.#match(NAME);
    if (name !== undefined) return { kind: 'name', value: name[0] };
    const number = this.#match(NUMBER);
    if (number !== undefined) return numberOf(number[0]);
    const [sign] = this.#match(SIGN) ?? [];
    if (sign === undefined) throw new PythonError(start.line, 'this is not Python');
    return this.#sign({ ...start, value: sign });
  }

  #sign(token: Token): Pick<Token, 'kind' | 'value'> {
    const { value } = token;
    if (`${value}` in BRACKETS) this.#open.push(token);
    if (Object.values(BRACKETS).includes(`${value}`)) {
      const open = this.#open.pop();
      if (BRACKETS[`${open?.value}`] !== value) {
        throw new PythonError(token.line, `"${value}" closes nothing`);
      }
    }
    return value === ';' ? { kind: 'end', value } : { kind: 'sign', value };
  }

  /** The rest of a text whose prefix and opening quotes were read. */
  #textFrom(prefix: string, quotes: string, line: number): Pick<Token, 'kind' | 'value'> {
    // A backslash goes with what follows it; a text in single quotes ends before its line does.
    const plain = quotes.length === 3 ? '[^\\\\]' : '[^\\\\\\r\\n]';
    const match = this.#match(new RegExp(`((?:\\\\(?:\\r\\n|.)|${plain})*?)${quotes}`, 'ys'));
    if (match === undefined) throw new PythonError(line, 'a text is never closed');
    const [, raw = ''] = match;
    if (/f/i.test(prefix)) return { kind: 'other', value: 'a formatted text (f"…")' };
    if (/r/i.test(prefix)) return { kind: 'text', value: raw };
    const value = unescaped(raw);
    return value === undefined
      ? { kind: 'other', value: 'a character by its name (\\N{…})' }
      : { kind: 'text', value };
  }

  #token(kind: Token['kind'], value: string): Token {
    return { kind, value, line: this.#line, column: this.#at - this.#lineStart };
  }

  #match(form: RegExp): RegExpExecArray | undefined {
    form.lastIndex = this.#at;
    const match = form.exec(this.#text);
    if (match === null) return undefined;
    for (const newline of match[0].matchAll(/\r?\n|\r/g)) {
      this.#line += 1;
      this.#lineStart = this.#at + newline.index + newline[0].length;
    }
    this.#at += match[0].length;
    return match;
  }
}

function numberOf(text: string): Pick<Token, 'kind' | 'value'> {
  const plain = text.replaceAll('_', '').replace(/l$/i, '');
  // Python 2 wrote octal numbers with a leading zero only.
  const value = Number(plain.replace(/^0(?=[0-7]+$)/, '0o'));
  const sound = Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
  return sound ? { kind: 'number', value } : { kind: 'other', value: 'such a number' };
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
};
const ESCAPE =
  /\\(?:(\r\n|[\n\r])|x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|(N\{)|(.))/gs;

/** Undefined for a character that is given by its name. An unknown escape stands for itself. */
function unescaped(raw: string): string | undefined {
  let named = false;
  const text = raw.replace(ESCAPE, (whole, newline, x, u, U, octal, name, other: string) => {
    if (newline !== undefined) return '';
    const hex = x ?? u ?? U;
    if (hex !== undefined) return character(Number.parseInt(hex, 16), whole);
    if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
    if (name !== undefined) named = true;
    if (other === '\\' || other === '"' || other === "'") return other;
    return ESCAPES[other] ?? whole;
  });
  return named ? undefined : text;
}

function character(code: number, whole: string): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
}
