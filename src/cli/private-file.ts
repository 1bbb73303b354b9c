/** Files that only their owner may read: keys and passphrases. */
import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { CliError } from './errors.js';

const FILE_MODE = 0o600;
const GROUP_READS = 0o040;

/**
 * A crash leaves the old file or the new one, never half of it. Whoever owned the old one owns the
 * new, and a group that could read it still can: that is how a service under another user does.
 */
export function replacePrivate(file: string, text: string): void {
  const { uid, gid, mode } = statSync(file);
  let draft: string;
  try {
    draft = draftOf(file, text);
  } catch (error) {
    throw new CliError(`${file} cannot be written, and is as it was: ${(error as Error).message}`);
  }
  try {
    chownSync(draft, uid, gid);
    chmodSync(draft, FILE_MODE | (mode & GROUP_READS));
    renameSync(draft, file);
  } catch (error) {
    unlinkSync(draft);
    throw error;
  }
  flush(dirname(file));
}

/** Writes a file that must not be there yet. @throws CliError when there is one */
export function createPrivate(file: string, text: string): void {
  const draft = draftOf(file, text);
  try {
    // A link does not replace what is there, as a rename would.
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new CliError(`${file} exists already, and is not replaced`);
  } finally {
    unlinkSync(draft);
  }
  flush(dirname(file));
}

function draftOf(file: string, text: string): string {
  const draft = `${file}.${randomUUID()}`;
  const descriptor = openSync(draft, 'wx', FILE_MODE);
  try {
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } catch (error) {
    unlinkSync(draft);
    throw error;
  } finally {
    closeSync(descriptor);
  }
  return draft;
}

function flush(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
