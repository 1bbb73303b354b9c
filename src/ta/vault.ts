/** Where an authority's master secret comes from: its backup, or at the first start a new one. */
import type { Logger } from 'pino';
import { type Clock, isoSeconds } from '../protocol/clock.js';
import { openBackup, plainBackup, sealBackup } from './backup.js';
import { BackupError } from './backup-fields.js';
import { type FoundBackup, readBackupFile, writeBackupFile } from './backup-file.js';
import type { MasterSecret } from './master-secret.js';

/** The options that concern the secret, as both authorities have them (contract §10). */
export interface VaultOptions {
  readonly backup: boolean;
  readonly backup_file: string;
  readonly encrypt_master_secret: boolean;
  readonly passphrase: string;
  readonly salt: string;
}

export interface VaultContext {
  readonly log: Logger;
  readonly clock: Clock;
  /** A random scalar in [1, r): `randomSecret` of the core. */
  readonly newSecret: () => Uint8Array;
}

/**
 * The master secret of an authority. It is made anew only where no backup exists, and it is used
 * only after the backup on disk has been read back and opened: a secret that could not be restored
 * would be lost with the process, and with it every token made by it.
 * @throws BackupError that names the file and what to do
 */
export async function masterSecret(
  options: VaultOptions,
  context: VaultContext,
): Promise<MasterSecret> {
  try {
    return await (options.backup ? backedUp(options, context) : inMemory(options, context));
  } catch (error) {
    if (!(error instanceof BackupError)) throw error;
    throw new BackupError(`backup ${options.backup_file}: ${error.message}`);
  }
}

async function backedUp(options: VaultOptions, context: VaultContext): Promise<MasterSecret> {
  let found = await readBackupFile(options.backup_file);
  if (found === undefined) {
    await create(options, context);
    found = await readBackupFile(options.backup_file);
  }
  if (found === undefined) throw new BackupError('vanished while it was written');
  return restore(found, options, context.log);
}

async function create(options: VaultOptions, { log, clock, newSecret }: VaultContext) {
  const master = { secret: newSecret(), startTime: isoSeconds(clock.now()) };
  try {
    const text = options.encrypt_master_secret
      ? await sealBackup(master, options.passphrase)
      : plainBackup(master);
    // False: another start was quicker, and its secret is the one to use.
    const written = await writeBackupFile(options.backup_file, text);
    if (written) log.info({ file: options.backup_file }, 'made a new master secret');
  } finally {
    master.secret.fill(0);
  }
}

async function restore(
  { text, wasOpenToOthers }: FoundBackup,
  options: VaultOptions,
  log: Logger,
): Promise<MasterSecret> {
  const file = options.backup_file;
  if (wasOpenToOthers)
    log.warn({ file }, 'the backup was open to other users: its mode is 600 now');
  const { encrypted, ...master } = await openBackup(text, options);
  if (!encrypted) {
    log.warn({ file }, 'the backup is not encrypted: whoever reads it can issue every secret');
  }
  return master;
}

/** Option `backup` off: the secret lives as long as the process. */
async function inMemory(
  { backup_file }: VaultOptions,
  { log, clock, newSecret }: VaultContext,
): Promise<MasterSecret> {
  if ((await readBackupFile(backup_file)) !== undefined) {
    throw new BackupError(
      'exists, but the option backup is off: a new secret would make the tokens made by the old ' +
        'one worthless. Turn backup on, or move the file away',
    );
  }
  log.warn('no backup: all tokens are worthless once this process ends');
  return { secret: newSecret(), startTime: isoSeconds(clock.now()) };
}
