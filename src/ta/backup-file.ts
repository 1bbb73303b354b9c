/**
 * The backup on disk. It appears whole or not at all and survives a loss of power. A start never
 * replaces one; what does is asked to by name (upgrade, new passphrase, rotation), and replaces
 * the very file that it has read. Whatever goes wrong, the older file is still there.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BackupError } from './backup-fields.js';

/** A backup has some 500 bytes; anything much larger is another file. */
const FILE_BYTES_MAX = 16_384;
const OWNER_ONLY = 0o600;
const OTHERS = 0o077;
const TEMP_NAME_BYTES = 8;

/** A backup as it was found. */
export interface FoundBackup {
  readonly text: string;
  /** Other users could read the file until now; its mode has been set to 0600. */
  readonly wasOpenToOthers: boolean;
}

/**
 * Reads a backup; undefined when there is no such file.
 * @throws BackupError when there is one that cannot be read
 */
export async function readBackupFile(file: string): Promise<FoundBackup | undefined> {
  let handle: FileHandle;
  try {
    // Without O_NONBLOCK a named pipe in this place would stop the start for ever.
    handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new BackupError(`cannot be read: ${reasonOf(error)}`);
  }
  try {
    const found = await handle.stat();
    if (!found.isFile()) throw new BackupError('is not a file');
    if (found.size > FILE_BYTES_MAX) throw new BackupError('is too large for a backup');
    if (found.size === 0) throw new BackupError('is empty: damaged or cut short');
    const wasOpenToOthers = (found.mode & OTHERS) !== 0;
    if (wasOpenToOthers) await shut(handle, found.mode);
    return { text: await handle.readFile('utf8'), wasOpenToOthers };
  } catch (error) {
    if (error instanceof BackupError) throw error;
    throw new BackupError(`cannot be read: ${reasonOf(error)}`);
  } finally {
    await handle.close();
  }
}

/** Takes the file from the other users: files of the reference have the default mode. */
async function shut(handle: FileHandle, mode: number): Promise<void> {
  try {
    await handle.chmod(OWNER_ONLY);
  } catch (error) {
    const octal = (mode & 0o777).toString(8);
    throw new BackupError(
      `is open to other users (mode ${octal}), and cannot be set to 600: ${reasonOf(error)}`,
    );
  }
}

/**
 * Writes a new backup with mode 0600: to a file beside it, flushed, then linked to its name, and
 * the folder flushed. A link, where a rename would do the same, because a rename silently replaces
 * what another process put there in the meantime.
 * @returns false when there is a file of that name; it is left as it is
 * @throws BackupError when it could not be written safely; no part of a file is left behind
 */
export async function writeBackupFile(file: string, text: string): Promise<boolean> {
  const temp = `${file}.${randomBytes(TEMP_NAME_BYTES).toString('hex')}.tmp`;
  try {
    await writeFlushed(temp, text);
    await link(temp, file);
    await flushFolder(dirname(file));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw new BackupError(`cannot be written: ${reasonOf(error)}`);
  } finally {
    // Left over only by a crash: 0600, with a secret that nobody has used yet.
    await unlink(temp).catch(() => undefined);
  }
}

/**
 * Puts `text` in the place of a backup that still reads `before`, at once and for good: a reader
 * finds one or the other, whole, and so does the next start after a crash.
 * @throws BackupError when the file is another by now, or the new one cannot be written safely;
 * the old one is then as it was
 */
export async function replaceBackupFile(file: string, before: string, text: string): Promise<void> {
  const lock = `${file}.lock`;
  const temp = `${file}.${randomBytes(TEMP_NAME_BYTES).toString('hex')}.tmp`;
  await takeLock(lock);
  try {
    if ((await readBackupFile(file))?.text !== before) {
      throw new BackupError('was changed by someone else in the meantime: nothing is written');
    }
    await writeFlushed(temp, text);
    await rename(temp, file);
  } catch (error) {
    await unlink(temp).catch(() => undefined);
    if (error instanceof BackupError) throw error;
    throw new BackupError(`cannot be written: ${reasonOf(error)}`);
  } finally {
    await unlink(lock).catch(() => undefined);
  }
  await flushFolder(dirname(file)).catch((error: unknown) => {
    throw new BackupError(
      `is replaced, but a loss of power may bring the old one back: ${reasonOf(error)}`,
    );
  });
}

/** Two commands at once would each write what it has read, and one change would be lost. */
async function takeLock(lock: string): Promise<void> {
  try {
    await (await open(lock, 'wx', OWNER_ONLY)).close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw new BackupError(`cannot be written: ${reasonOf(error)}`);
    }
    throw new BackupError(
      `is being changed by another command; if there is none, one has died: delete ${lock}`,
    );
  }
}

async function writeFlushed(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', OWNER_ONLY);
  try {
    await handle.writeFile(text, 'utf8');
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the new name in the folder as durable as the file's content. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted (or a file system without hard links)',
  ENOTSUP: 'the file system has no hard links',
  ENOENT: 'its folder does not exist',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'larger than the limit for files of this process',
  EROFS: 'the file system is read-only',
  EIO: 'the disk reports an error',
};

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const words = REASONS[code ?? ''];
  return words === undefined ? message : `${words} (${code})`;
}
