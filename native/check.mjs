#!/usr/bin/env node
// The native core under its tests and tools, one way an argument:
//   node native/check.mjs build|release|verify|asan|ct|oldcpu|fuzz [seconds]
// build   what `npm test` runs          ct      branches on secrets, under valgrind
// release the tests, as shipped         oldcpu  the start on CPUs of the past, under qemu
// verify  with all bounds checked       fuzz    with libFuzzer and sanitizers, by clang
// asan    with sanitizers
// Each builds in a folder of its own below build/ and ends with 0 only if all was as it should be.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const corpus = (target) => join(root, 'native/test/fuzz/corpus', target);
const FUZZ_TARGETS = ['decode', 'verify'];
/** The program with the tests of each kernel. */
const TESTS = { portable: 'mpin_test', adx: 'mpin_test_adx', ifma: 'mpin_test_ifma' };
/** CPUs that qemu knows, the oldest first, and the kernel each must choose. */
const CPUS = [
  ['Nehalem', 'portable'],
  ['Westmere', 'portable'],
  ['SandyBridge', 'portable'],
  ['Haswell', 'portable'], // BMI2, but no ADX.
  ['Broadwell', 'adx'],
  ['EPYC', 'adx'],
];
const FUZZ_SECONDS = 60;

function fail(message) {
  process.stderr.write(`check ${process.argv[2] ?? ''}: ${message}\n`);
  process.exit(1);
}

function say(text) {
  process.stdout.write(`${text}\n`);
}

/** Runs a program; its output is kept when asked for. */
function run(command, args, { kernel, env = {}, quiet = false, cwd = root } = {}) {
  const result = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: quiet ? 'pipe' : 'inherit',
    env: { ...process.env, ...env, ...(kernel === undefined ? {} : { MPIN_KERNEL: kernel }) },
  });
  if (result.error?.code === 'ENOENT')
    fail(`${command} is missing; Debian has it: ${debian(command)}`);
  return { status: result.status, output: `${result.stdout ?? ''}${result.stderr ?? ''}` };
}

function debian(command) {
  const packages = { valgrind: 'valgrind', 'qemu-x86_64': 'qemu-user', clang: 'clang' };
  return `apt-get install ${packages[command] ?? command}`;
}

function demand(what, command, args, options) {
  say(`--- ${what}`);
  const { status, output } = run(command, args, options);
  if (status !== 0) fail(`${what} failed${output === '' ? '' : `:\n${output}`}`);
}

/** Builds beside the addon and of the same objects; gives a function that names a program there. */
function buildRelease(targets) {
  return buildIn('native', targets);
}

/** Configures and builds in build/check-`name`. */
function build(name, options, targets, compiler = {}) {
  const folder = `check-${name}`;
  const flags = Object.entries(options).map(([option, value]) => `-D${option}=${value}`);
  const directory = join(root, 'build', folder);
  const configure = ['-S', 'native', '-B', directory, '-DCMAKE_BUILD_TYPE=Release', ...flags];
  demand(`configuring ${folder}`, 'cmake', configure, { quiet: true, env: compiler });
  return buildIn(folder, targets);
}

function buildIn(folder, targets) {
  const directory = join(root, 'build', folder);
  demand(`building ${folder}`, 'cmake', ['--build', directory, '-j2', '--target', ...targets], {
    quiet: true,
  });
  return (program) => join(directory, program);
}

/** The kernels that this CPU has: what the addon says when it is asked for each. */
function kernels() {
  const ask =
    'process.exit(require("./build/native/Release/mpin.node").kernelError === null ? 0 : 1)';
  const has = (kernel) => run(process.execPath, ['-e', ask], { kernel, quiet: true }).status === 0;
  const found = Object.keys(TESTS).filter(has);
  if (found.length === 0) fail('the addon is not built: npm run install');
  return found;
}

/** The linker merges functions of one name, which kernels must therefore not share. */
function demandOwnSymbols(at) {
  const options = { cwd: at(''), quiet: true };
  demand('kernels share no symbol', 'ctest', ['--output-on-failure'], options);
}

/** The tests of every kernel, and those of the protocol with the kernel in charge. */
function runTests(at) {
  for (const kernel of kernels()) {
    const programs = new Set([TESTS[kernel], ...(kernel === 'ifma' ? ['mpin_test'] : [])]);
    for (const program of programs)
      demand(`${program}, ${kernel}`, at(program), [], { kernel, quiet: true });
    for (const target of FUZZ_TARGETS) {
      const args = [corpus(target), '--runs', '100'];
      demand(`fuzz ${target}, ${kernel}`, at(`mpin_fuzz_${target}`), args, { kernel, quiet: true });
    }
  }
}

function constantTime() {
  const at = build('ct', { MPIN_CT_CHECK: 'ON' }, ['mpin_ct']);
  // Valgrind knows no AVX-512; and the IFMA kernel leaves secrets to the adx kernel.
  for (const kernel of kernels().filter((name) => name !== 'ifma')) {
    const args = ['--quiet', '--error-exitcode=9', at('mpin_ct')];
    demand(`no branch or address of ${kernel} depends on a secret`, 'valgrind', args, { kernel });
    say('--- a planted leak is found');
    const { status, output } = run('valgrind', [...args, '--leak'], { kernel, quiet: true });
    if (status !== 9) fail(`the planted leak was not found (status ${status}):\n${output}`);
    if (!/depends on uninitialised/.test(output)) fail(`not the planted leak:\n${output}`);
  }
}

/** The build that travels starts on old CPUs, chooses rightly, and computes what it should. */
function oldCpus() {
  const at = buildRelease(['mpin_test']);
  const { MPIN_KERNEL: _, ...rest } = process.env;
  for (const [cpu, kernel] of CPUS) {
    const args = ['-cpu', cpu, at('mpin_test'), '--kernel'];
    const result = spawnSync('qemu-x86_64', args, { env: rest, encoding: 'utf8' });
    if (result.error) fail(`qemu-x86_64 is missing: ${debian('qemu-x86_64')}`);
    say(`${cpu}: ${result.stdout.trim()}`);
    const right = result.status === 0 && result.stdout === `${kernel}: ok\n`;
    if (!right) fail(`${cpu} should use the kernel ${kernel}:\n${result.stdout}${result.stderr}`);
  }
  // A kernel that the CPU lacks is refused, not tried.
  const args = ['-cpu', 'Nehalem', '-E', 'MPIN_KERNEL=adx', at('mpin_test'), '--kernel'];
  const refused = spawnSync('qemu-x86_64', args, { env: rest, encoding: 'utf8' });
  say(`Nehalem with MPIN_KERNEL=adx: ${refused.stdout.trim()}`);
  if (refused.status !== 1 || !/does not support/.test(refused.stdout)) fail('adx was not refused');
}

function fuzz(seconds) {
  const options = { MPIN_FUZZ: 'ON', MPIN_SANITIZE: 'address,undefined' };
  const targets = FUZZ_TARGETS.map((target) => `mpin_fuzz_${target}`);
  const at = build('fuzz', options, targets, { CXX: 'clang++', CC: 'clang' });
  for (const kernel of kernels()) {
    for (const target of FUZZ_TARGETS) {
      const found = join(root, 'build/check-fuzz/found', target);
      mkdirSync(found, { recursive: true });
      const args = [`-max_total_time=${seconds}`, '-print_final_stats=1', '-timeout=60'];
      const inputs = [`-artifact_prefix=${found}/`, found, corpus(target)];
      demand(
        `fuzz ${target}, ${kernel}, ${seconds} s`,
        at(`mpin_fuzz_${target}`),
        [...args, ...inputs],
        { kernel },
      );
    }
  }
}

const WAYS = {
  build: () => buildRelease(['mpin_checks']),
  release: () => {
    const at = buildRelease(['mpin_checks']);
    demandOwnSymbols(at);
    runTests(at);
  },
  verify: () => runTests(build('verify', { MPIN_VERIFY: 'ON' }, ['mpin_checks'])),
  asan: () => {
    const options = { MPIN_SANITIZE: 'address,undefined' };
    runTests(build('asan', options, ['mpin_checks']));
  },
  ct: constantTime,
  oldcpu: oldCpus,
  fuzz: () => fuzz(Number(process.argv[3] ?? FUZZ_SECONDS)),
};

const way = WAYS[process.argv[2]];
if (way === undefined) fail(`usage: node native/check.mjs ${Object.keys(WAYS).join('|')}`);
way();
say(`check ${process.argv[2]}: all well`);
