/**
 * The operations inside a check, which no server calls: measured by small programs beside the
 * addon, one for each kernel, compiled when they are wanted.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Figure } from './measure.js';

const BUILD = fileURLToPath(new URL('../../build/native', import.meta.url));
const NAMES = ['fp_mul', 'hash_to_g1', 'g1_mul', 'miller2_prepared', 'final_exp'];
const PROGRAMS: Readonly<Record<string, string>> = {
  portable: 'mpin_bench',
  adx: 'mpin_bench_adx',
  ifma: 'mpin_bench_ifma',
};
/** Rounds that the programs count. */
const ROUNDS = 101;
const NS_PER_US = 1000;
/** The programs print tenths of a nanosecond. */
const DIGITS = 10_000;

/** Brings the programs up to date; their compiler's messages go to stderr. */
export function buildMicro(kernels: readonly string[]): void {
  const targets = kernels.flatMap((kernel) => PROGRAMS[kernel] ?? []);
  execFileSync('cmake', ['--build', BUILD, '-j2', '--target', ...targets], {
    stdio: ['ignore', 2, 2],
  });
}

/** The figures of one kernel, and the compiler that made it. */
export function measureMicro(kernel: string): { figures: Figure[]; compiler: string } {
  const program = PROGRAMS[kernel];
  if (program === undefined) throw new Error(`no program measures the kernel ${kernel}`);
  const env = { ...process.env, MPIN_KERNEL: kernel };
  const text = execFileSync(join(BUILD, program), { env, encoding: 'utf8' });
  const figures = NAMES.map((name): Figure => {
    const [, median, min] = new RegExp(`^${name} +([\\d.]+) +([\\d.]+)$`, 'm').exec(text) ?? [];
    if (median === undefined || min === undefined)
      throw new Error(`${program} is silent on ${name}`);
    const us = (ns: string) => Math.round((Number(ns) / NS_PER_US) * DIGITS) / DIGITS;
    return { name, unit: 'us', median: us(median), min: us(min), kernel, n: ROUNDS };
  });
  const compiler = /compiler: (.*)$/m.exec(text)?.[1] ?? 'unknown';
  // GCC says nothing but its number.
  return { figures, compiler: /^\d/.test(compiler) ? `GCC ${compiler}` : compiler };
}
