/** Before a service opens the file of its store, another process looks whether that can be done. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { RpsOptions } from '../config/rps.js';
import { CliError } from './errors.js';

const PROGRAM = fileURLToPath(new URL('./mpin.js', import.meta.url));

/**
 * A damaged page ends the process that reads it, without a word of ours: so one reads everything
 * that has nothing else to do.
 * @throws CliError for a file that is damaged, or is none of ours
 */
export async function demandSoundStore(options: RpsOptions): Promise<void> {
  const { storage, fileStorageLocation: file } = options;
  if (storage !== 'file' && storage !== 'json') return;
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  // The store says what is wrong with a place where there is no file yet.
  if (size === 0) return;
  const child = fork(PROGRAM, ['store', 'check', file], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let said = '';
  child.stderr?.on('data', (data) => {
    said += data;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (code === 0) return;
  const ours = /^mpin store: (.*)$/m.exec(said)?.[1];
  throw new CliError(
    ours ??
      `fileStorageLocation: ${file} is damaged: reading it ends with ${signal ?? code}. Put it ` +
        'aside, with its -lock and -gate, and begin with a new one: mpin store import brings ' +
        'back what was exported',
  );
}
