#!/usr/bin/env node
// Builds the addon with cmake-js, after a look at whether this machine can: a missing compiler
// or CMake is said in one line with the command that installs it, instead of pages of build log.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { platform } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const works = (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;

const compilers = process.env.CXX ? [process.env.CXX] : ['c++', 'g++', 'clang++'];
const missing = [];
if (!works('cmake')) missing.push('cmake');
if (!compilers.some(works)) missing.push(platform() === 'darwin' ? 'a C++20 compiler' : 'g++');
if (!works('make') && !works('ninja')) missing.push('make');
if (missing.length > 0) {
  const how =
    platform() === 'darwin'
      ? 'xcode-select --install && brew install cmake'
      : `apt-get install -y ${missing.join(' ')} (or your system's equivalent)`;
  const what = `cannot build the native core, missing ${missing.join(', ')}`;
  process.stderr.write(`mpin-server: ${what}: ${how}\n`);
  process.exit(1);
}

const require = createRequire(import.meta.url);
const cmakeJs = join(dirname(require.resolve('cmake-js/package.json')), 'bin', 'cmake-js');
const args = ['-d', 'native', '-O', 'build/native', '-p', '2', '--log-level', 'warn'];
// Configured each time, which costs a second: AMCL_ROOT may have changed since the last one.
for (const step of ['configure', 'compile']) {
  const command = [cmakeJs, step, ...args];
  const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
