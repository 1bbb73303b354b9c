#!/usr/bin/env node
// clang-format over our C++ sources, from the pinned package so that every machine agrees.
// node native/format.mjs [--check]
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const { clangFormatPath } = createRequire(import.meta.url)('clang-format-node');
const sources = readdirSync(here, { recursive: true })
  .filter((name) => /\.(h|cpp)$/.test(name))
  .map((name) => join(here, name));
const mode = process.argv.includes('--check') ? ['--dry-run', '-Werror'] : ['-i'];
const { status } = spawnSync(clangFormatPath, [...mode, ...sources], { stdio: 'inherit' });
process.exit(status ?? 1);
