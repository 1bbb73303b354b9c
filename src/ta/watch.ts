/** A running authority takes over what an operator did to its backup, without a restart. */
import type { Logger } from 'pino';
import { type FileWatch, watchFileChanges } from '../ops/watched-file.js';
import { openBackup } from './backup.js';
import { readBackupFile } from './backup-file.js';
import type { Keyring } from './keyring.js';
import { type MasterSecret, wipe } from './master-secret.js';
import type { VaultOptions } from './vault.js';

/** A backup that does not open, or opens to a secret unrelated to ours, changes nothing. */
export function watchBackup(options: VaultOptions, keyring: Keyring, log: Logger): FileWatch {
  const { backup_file: file } = options;
  const changed = async (): Promise<void> => {
    try {
      const found = await readBackupFile(file);
      if (found === undefined) return;
      const master = await openBackup(found.text, options);
      try {
        await takeOver(master);
      } finally {
        wipe(master);
      }
    } catch (error) {
      log.error({ file }, `the changed backup is not taken over: ${(error as Error).message}`);
    }
  };
  const takeOver = async (master: MasterSecret): Promise<void> => {
    const { startTime, rotation } = master;
    switch (keyring.relationTo(master)) {
      case 'same':
        return;
      case 'foreign':
        log.error({ file }, 'the changed backup holds another secret altogether: not taken over');
        return;
      case 'kin':
        await keyring.replace(master);
        log.info({ file, startTime, rotating: rotation !== undefined }, 'took over a new backup');
    }
  };
  return watchFileChanges(file, changed);
}
