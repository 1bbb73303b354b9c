/**
 * Style is a test: the import directions and sizes that README.md promises, words we do not
 * use, files nobody needs, and both formatters. It looks at what git knows or would add.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import ts from 'typescript';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const FILE_LINES_MAX = 450;
const FUNCTION_LINES_MAX = 70;
const COLUMNS_MAX = 100;

/** Which folders of src a folder may import beside itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  cli: [
    'api',
    'rps',
    'ta',
    'rpa',
    'client',
    'http',
    'store',
    'crypto',
    'protocol',
    'config',
    'ops',
  ],
  rps: ['api', 'http', 'store', 'crypto', 'protocol', 'config', 'ops'],
  ta: ['api', 'http', 'store', 'crypto', 'protocol', 'config', 'ops'],
  rpa: ['http', 'store', 'crypto', 'protocol', 'config', 'ops'],
  client: ['protocol', 'crypto'],
  web: ['client', 'protocol'],
  ops: ['protocol'],
  http: [],
  store: [],
  crypto: [],
  protocol: [],
  config: [],
  api: [],
};

/** Packages and files that only these folders of src may touch. */
const OWNED: Readonly<Record<string, readonly string[]>> = {
  'uWebSockets.js': ['http'],
  piscina: ['crypto'],
  '#native': ['crypto'],
  'src/crypto/addon.ts': ['crypto', 'cli'],
};

/** Files that are started or published, not imported. */
const ENTRY_POINTS = [
  /^src\/(cli\/mpin|crypto\/index|crypto\/(\w+-)*worker)\.ts$/,
  /^src\/web\/(entry\/[\w-]+\.ts|ambient\.d\.ts|build\.mjs)$/,
];

interface BannedWord {
  readonly word: RegExp;
  readonly why: string;
  /** Where the word is no fault. */
  readonly fine?: RegExp;
}

const BANNED: readonly BannedWord[] = [
  { word: /\bMath\.random\b/, why: 'randomness comes from the operating system' },
  {
    word: /\bconsole\.(log|info|debug)\b/,
    why: 'use the log, or process.stdout in cli',
    fine: /^native\//,
  },
  {
    word: /\bDate\.now\b/,
    why: 'time comes from a Clock',
    fine: /^src\/protocol\/clock|^(test|examples)\//,
  },
  {
    word: /\bprocess\.env\b/,
    why: 'configuration comes from src/config',
    fine: /^(src\/(config|cli)|test|bench)\/|^native\/\w+\.mjs$/,
  },
  {
    word: /\b(TODO|FIXME|XXX)\b/,
    why: 'finish it, or say it in an issue',
    // There it is a word of the TAP format.
    fine: /^test\/summary/,
  },
  { word: /@ts-(ignore|nocheck)\b/, why: 'the compiler is right' },
  { word: /\bt\.(skip|todo|only)\(|\b(skip|todo): (true|'|")/, why: 'nothing is skipped' },
];

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: ROOT })
  .toString()
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(ROOT, file)));
const texts = new Map<string, string>();

function textOf(file: string): string {
  let text = texts.get(file);
  if (text === undefined) {
    text = readFileSync(join(ROOT, file), 'utf8');
    texts.set(file, text);
  }
  return text;
}

const code = files.filter((file) => /\.(ts|mjs|js|h|cpp)$/.test(file) && !isGenerated(file));
const scripts = code.filter((file) => /\.(ts|mjs|js)$/.test(file));
const natives = code.filter((file) => /\.(h|cpp)$/.test(file));
const sources = scripts.filter((file) => file.startsWith('src/'));
const self = 'test/tidy.test.ts';

function isGenerated(file: string): boolean {
  return /\bgenerated\b/i.test(textOf(file).split('\n', 1)[0] as string);
}

const trees = new Map<string, ts.SourceFile>();

function treeOf(file: string): ts.SourceFile {
  let tree = trees.get(file);
  if (tree === undefined) {
    tree = ts.createSourceFile(file, textOf(file), ts.ScriptTarget.Latest, true);
    trees.set(file, tree);
  }
  return tree;
}

function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

/** What a file imports: files of ours by their path from the root, packages by their name. */
function importsOf(file: string): string[] {
  const found: string[] = [];
  walk(treeOf(file), (node) => {
    const given =
      ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
        ? node.moduleSpecifier
        : ts.isCallExpression(node) && isImportCall(node)
          ? node.arguments[0]
          : undefined;
    if (given !== undefined && ts.isStringLiteral(given)) found.push(resolved(file, given.text));
  });
  return found;
}

function isImportCall(node: ts.CallExpression): boolean {
  const { expression } = node;
  return (
    expression.kind === ts.SyntaxKind.ImportKeyword ||
    (ts.isIdentifier(expression) && /^require/.test(expression.text)) ||
    (ts.isCallExpression(expression) && /^createRequire/.test(expression.getText()))
  );
}

function resolved(file: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier;
  return posix.join(posix.dirname(file), specifier).replace(/\.js$/, '.ts');
}

const folderOf = (file: string) => file.split('/')[1] as string;

t.test('a folder of src imports only what the table of directions allows', async (t) => {
  const faults: string[] = [];
  for (const file of sources) {
    const folder = folderOf(file);
    const allowed = MAY_IMPORT[folder];
    if (allowed === undefined) faults.push(`${file}: src/${folder} is not in the table`);
    for (const target of importsOf(file)) {
      if (OWNED[target]?.includes(folder) === false) faults.push(`${file}: may not use ${target}`);
      if (!target.startsWith('src/')) continue;
      if (!files.includes(target)) faults.push(`${file}: ${target} does not exist`);
      const other = folderOf(target);
      if (other !== folder && !allowed?.includes(other)) faults.push(`${file}: imports ${target}`);
    }
  }
  t.same(faults, []);
});

t.test('every file of src is used by an entry point', async (t) => {
  const reached = new Set<string>();
  const visit = (file: string): void => {
    if (reached.has(file) || !sources.includes(file)) return;
    reached.add(file);
    for (const target of importsOf(file)) visit(target);
  };
  for (const entry of sources.filter((file) => ENTRY_POINTS.some((one) => one.test(file))))
    visit(entry);
  t.same(
    sources.filter((file) => !reached.has(file)),
    [],
  );
});

t.test('every C++ source is in a list of native sources', async (t) => {
  const lists = files.filter((file) => /(\/CMakeLists\.txt|\.cmake)$/.test(file)).map(textOf);
  const globbed = lists.flatMap((list) => [...list.matchAll(/\bGLOB\b.*\/(\w+)\/[^/]*\*\.cpp/g)]);
  const folders = new Set(globbed.map(([, folder]) => folder));
  const named = (file: string) =>
    folders.has(posix.basename(posix.dirname(file))) ||
    lists.some((list) => list.includes(posix.basename(file)));
  t.same(
    natives.filter((file) => file.endsWith('.cpp') && !named(file)),
    [],
  );
});

t.test(`no file is longer than ${FILE_LINES_MAX} lines`, async (t) => {
  const long = code.filter((file) => textOf(file).trimEnd().split('\n').length > FILE_LINES_MAX);
  t.same(long, []);
});

t.test(`no line is longer than ${COLUMNS_MAX} columns`, async (t) => {
  const faults = code.flatMap((file) =>
    textOf(file)
      .split('\n')
      .flatMap((line, at) => ([...line].length > COLUMNS_MAX ? [`${file}:${at + 1}`] : [])),
  );
  t.same(faults, []);
});

t.test(`no function is longer than ${FUNCTION_LINES_MAX} lines`, async (t) => {
  const faults = [...scripts.flatMap(longFunctions), ...natives.flatMap(longNativeFunctions)];
  t.same(faults, []);
});

function longFunctions(file: string): string[] {
  const tree = treeOf(file);
  const lineOf = (position: number) => tree.getLineAndCharacterOfPosition(position).line + 1;
  const faults: string[] = [];
  walk(tree, (node) => {
    if (!ts.isFunctionLike(node)) return;
    const first = lineOf(node.getStart());
    const lines = lineOf(node.end) - first + 1;
    if (lines > FUNCTION_LINES_MAX) faults.push(`${file}:${first} has ${lines} lines`);
  });
  return faults;
}

/**
 * A function body is a brace after a statement with parentheses that is neither an initialiser
 * nor nested in another body. Comments, texts and preprocessor lines are blanked out first.
 */
function longNativeFunctions(file: string): string[] {
  const text = withoutNoise(textOf(file));
  const faults: string[] = [];
  const open: { readonly body: boolean; readonly at: number }[] = [];
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === '{') {
      const inBody = open.some(({ body }) => body);
      open.push({ body: !inBody && isFunctionHead(text.slice(from, at)), at: from });
    } else if (char === '}') {
      const closed = open.pop();
      if (closed?.body) {
        const head = text.slice(closed.at);
        const first = lineAt(text, closed.at + head.length - head.trimStart().length);
        const lines = lineAt(text, at) - first + 1;
        if (lines > FUNCTION_LINES_MAX) faults.push(`${file}:${first} has ${lines} lines`);
      }
    }
    if (char === '{' || char === '}' || char === ';') from = at + 1;
  }
  return faults;
}

function isFunctionHead(head: string): boolean {
  if (!head.includes('(') || /^\s*(struct|class|union)\b/.test(head)) return false;
  let flat = head;
  for (let before = ''; before !== flat; ) {
    before = flat;
    flat = flat.replace(/\([^()]*\)/g, '');
  }
  const lambda = /=\s*\[[^\]]*\]/.test(flat);
  return lambda || !/(?<![<>=!])=(?!=)/.test(flat.replace(/operator\s*\S+/, ''));
}

const blank = (match: string) => match.replace(/[^\n]/g, ' ');

function withoutNoise(text: string): string {
  return text
    .replace(/\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'/g, (match) =>
      // 1'000 is a number, not the start of a text.
      /^'\d{3}/.test(match) ? match : blank(match),
    )
    .replace(/^[ \t]*#(?:[^\n]*\\\n)*[^\n]*/gm, blank);
}

function lineAt(text: string, position: number): number {
  return text.slice(0, position).split('\n').length;
}

t.test('a body of a C++ function is found and measured', async (t) => {
  texts.set('sample.cpp', `namespace a {\n// {\nint f(int x = 1) {\n${'x;\n'.repeat(80)}}\n}\n`);
  t.same(longNativeFunctions('sample.cpp'), ['sample.cpp:3 has 82 lines']);
  texts.set(
    'sample.cpp',
    `constexpr T t[] = {\n${'f(1),\n'.repeat(80)}};\nint g() { return '{'; }\n`,
  );
  t.same(longNativeFunctions('sample.cpp'), []);
});

t.test('banned words do not occur', async (t) => {
  const faults: string[] = [];
  for (const file of code.filter((name) => name !== self)) {
    const banned = BANNED.filter(({ fine }) => !fine?.test(file));
    for (const [at, line] of textOf(file).split('\n').entries()) {
      for (const { word, why } of banned) {
        if (word.test(line)) faults.push(`${file}:${at + 1} ${word.source}: ${why}`);
      }
    }
  }
  t.same(faults, []);
});

t.test('nothing has the type any', async (t) => {
  const faults: string[] = [];
  for (const file of scripts) {
    walk(treeOf(file), (node) => {
      if (node.kind === ts.SyntaxKind.AnyKeyword) {
        const { line } = treeOf(file).getLineAndCharacterOfPosition(node.getStart());
        faults.push(`${file}:${line + 1}`);
      }
    });
  }
  t.same(faults, []);
});

t.test('biome has nothing to say', async (t) => {
  const biome = join(ROOT, 'node_modules/@biomejs/biome/bin/biome');
  t.same(complaints([biome, 'ci', '--colors=off', '--error-on-warnings', '.'], / ━+$/), []);
});

t.test('clang-format has nothing to say', async (t) => {
  t.same(complaints([join(ROOT, 'native/format.mjs'), '--check'], /error:/), []);
});

/** The lines of a failing tool's output that name a fault; all of it when none does. */
function complaints(args: readonly string[], fault: RegExp): string[] {
  const run = spawnSync(process.execPath, args, { cwd: ROOT, maxBuffer: 64 * 1024 * 1024 });
  if (run.status === 0) return [];
  const lines = `${run.stdout}${run.stderr}`.split('\n');
  const faults = lines.filter((line) => fault.test(line));
  return faults.length > 0 ? faults : lines;
}
