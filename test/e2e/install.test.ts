/** A production install has no development tools: from the packed tarball, and from a checkout. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { ensureBuilt, ROOT } from './program.js';

const USE_CRYPTO = [
  "import('mpin-server/crypto')",
  '.then(({ randomSecret }) => process.stdout.write(String(randomSecret().length)))',
].join('');

/** Runs a command to its end and returns what it said; a failure fails the test with all of it. */
function run(folder: string, command: string, ...args: string[]): string {
  return execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
}

function temporary(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `mpin-${name}-`));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

// Two installs and a build of the native core, on a machine that may be busy with other tests.
t.setTimeout(600_000);

t.before(() => ensureBuilt());

t.test('the packed tarball builds itself where it is installed, and works', async (t) => {
  const folder = temporary('tarball');
  run(ROOT, 'npm', 'pack', '--ignore-scripts', '--pack-destination', folder);
  const [tarball] = readdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{"name": "customer", "private": true}');
  run(folder, 'npm', 'install', '--omit=dev', '--no-audit', '--no-fund', `./${tarball}`);
  t.match(run(folder, 'npx', 'mpin', '--version'), /^mpin \d+\.\d+\.\d+, node v\d+.*, kernel \w+/);
  t.equal(run(folder, process.execPath, '-e', USE_CRYPTO).trim(), '32');
});

t.test('a checkout without its development packages still works', async (t) => {
  const folder = temporary('pruned');
  for (const part of ['package.json', 'package-lock.json', '.npmrc', 'out', 'build', 'native']) {
    cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  }
  run(folder, 'npm', 'ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund');
  t.equal(readdirSync(join(folder, 'node_modules')).includes('typescript'), false);
  run(folder, 'npm', 'run', 'prepare');
  t.match(run(folder, process.execPath, 'out/src/cli/mpin.js', '--version'), /^mpin /);
  t.equal(run(folder, process.execPath, '-e', USE_CRYPTO).trim(), '32');
});
