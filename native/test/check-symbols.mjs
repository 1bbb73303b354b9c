#!/usr/bin/env node
// node check-symbols.mjs OBJECT...: no kernel's code may be merged with another's by the linker.
// Weak symbols of a unit with its own instruction set must name a type that only this kernel has,
// or a program could run them on a CPU without those instructions. Constants ("u") are no code.
import { execFileSync } from 'node:child_process';

const own = { 'kernel_adx.cpp': null, 'kernel_ifma.cpp': /\bmpin::(FpX8|ifma::)/ };
let seen = 0;
let wrong = 0;
for (const [unit, type] of Object.entries(own)) {
  const object = process.argv.slice(2).find((path) => path.includes(unit));
  if (object === undefined) continue;
  seen++;
  const lines = execFileSync('nm', ['-C', '--defined-only', object], { encoding: 'utf8' });
  for (const line of lines.split('\n').filter((text) => / [VW] /.test(text))) {
    if (type?.test(line)) continue;
    process.stderr.write(`${unit}: ${line.slice(19)}\n`);
    wrong++;
  }
}
process.stdout.write(`${seen} kernels of their own, ${wrong} symbols to be confused\n`);
process.exit(seen > 0 && wrong === 0 ? 0 : 1);
