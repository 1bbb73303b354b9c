/**
 * Identities that get nothing more, by hash_mpin_id, from a file that an operator or a program of
 * theirs writes: one hash a line, `#` for comments. It is read again when it changes. A file that
 * cannot be read or understood never ends a revocation: the list before it holds.
 */
import { readFileSync, statSync } from 'node:fs';
import type { Logger } from 'pino';
import { type FileWatch, watchFileChanges } from '../ops/watched-file.js';

/** Largest list in bytes: a million lines of 65, some 150 MB in memory. */
const FILE_BYTES_MAX = 65_000_000;

export interface Revocations {
  has(hashMpinId: string): boolean;
  stop(): Promise<void>;
}

/**
 * Reads the list; without a file nobody is revoked.
 * @throws an Error that names the file and the first bad line
 */
export function openRevocations(file: string, log: Logger): Revocations {
  if (file === '') return { has: () => false, stop: () => Promise.resolve() };
  let revoked = readRevocations(file);
  const watch: FileWatch = watchFileChanges(file, async () => {
    try {
      revoked = readRevocations(file);
      log.info({ file, identities: revoked.size }, 'read the revocations anew');
    } catch (error) {
      log.error(`the list of revocations stays as it was: ${(error as Error).message}`);
    }
  });
  return { has: (hash) => revoked.has(hash), stop: () => watch.stop() };
}

function readRevocations(file: string): ReadonlySet<string> {
  if (statSync(file).size > FILE_BYTES_MAX) throw new Error(`${file}: too large`);
  const revoked = new Set<string>();
  for (const [index, line] of readFileSync(file, 'utf8').split('\n').entries()) {
    const hash = line.replace(/#.*$/, '').trim().toLowerCase();
    if (hash === '') continue;
    if (!/^[0-9a-f]{64}$/.test(hash)) {
      throw new Error(`${file}: line ${index + 1} is not a hash_mpin_id of 64 hex digits`);
    }
    revoked.add(hash);
  }
  return revoked;
}
