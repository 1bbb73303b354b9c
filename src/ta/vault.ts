/** Where an authority's master secret comes from: its backup, or at the first start a new one. */
import type { Logger } from 'pino';
import { type Clock, isoSeconds, parseIsoSeconds } from '../protocol/clock.js';
import { openBackup, plainBackup, sealBackup } from './backup.js';
import { BackupError } from './backup-fields.js';
import {
  type FoundBackup,
  readBackupFile,
  replaceBackupFile,
  writeBackupFile,
} from './backup-file.js';
import { type MasterSecret, type OpenedBackup, wipe } from './master-secret.js';

/** Characters of `YYYY-MM-DDTHH:MM:SS`. */
const ISO_SECONDS_LENGTH = 19;

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
  const opened = await openBackup(text, options);
  const isSealed = (await upgrade(text, opened, options, log)) || opened.encrypted;
  if (!isSealed) {
    log.warn({ file }, 'the backup is not encrypted: whoever reads it can issue every secret');
  }
  const { encrypted, outdated, ...master } = opened;
  return master;
}

/**
 * Writes a backup anew as one is written today: of the reference, with a cheaper key, or plain
 * where it should be encrypted. Not being able to is no reason not to start.
 * @returns true when it is encrypted now
 */
async function upgrade(
  text: string,
  opened: OpenedBackup,
  options: VaultOptions,
  log: Logger,
): Promise<boolean> {
  const { backup_file: file, passphrase, encrypt_master_secret: wanted } = options;
  // Whoever gave a file its encryption does not lose it by an option.
  const sealed = (wanted || opened.encrypted) && passphrase !== '';
  const why = opened.outdated ?? (sealed && !opened.encrypted ? 'it is not encrypted' : undefined);
  if (why === undefined) return false;
  try {
    await rewriteBackup(
      { file, before: text, master: opened },
      {
        passphrase: sealed ? passphrase : undefined,
      },
    );
    log.info({ file, why }, 'the backup was written anew');
    return sealed;
  } catch (error) {
    if (!(error instanceof BackupError)) throw error;
    log.warn({ file, why }, `the backup should be written anew, but ${error.message}`);
    return false;
  }
}

export interface Rewrite {
  readonly file: string;
  /** The text that the file has now. */
  readonly before: string;
  readonly master: MasterSecret;
}

/**
 * Replaces a backup by one of this secret, sealed unless the passphrase is undefined. The new text
 * is opened and compared before it takes the place of the old one.
 * @throws BackupError; the old file is then as it was
 */
export async function rewriteBackup(
  { file, before, master }: Rewrite,
  { passphrase }: { readonly passphrase: string | undefined },
): Promise<void> {
  const kept = { ...master, startTime: knownTime(master.startTime) };
  const text = passphrase === undefined ? plainBackup(kept) : await sealBackup(kept, passphrase);
  const reread = await openBackup(text, { passphrase: passphrase ?? '', salt: '' });
  const same = sameSecrets(reread, master);
  wipe(reread);
  if (!same) throw new BackupError('what would be written does not open to the same secret');
  await replaceBackupFile(file, before, text);
}

function sameSecrets(a: MasterSecret, b: MasterSecret): boolean {
  const pairs = [
    [a.secret, b.secret],
    [a.rotation?.previous ?? new Uint8Array(), b.rotation?.previous ?? new Uint8Array()],
  ] as const;
  return pairs.every(([one, other]) => Buffer.compare(one, other) === 0);
}

/**
 * A startTime as our format takes it, in whole seconds: the reference's clock printed fractions.
 * @throws BackupError for what is no time at all
 */
export function knownTime(text: string): string {
  const time = `${text.replace(' ', 'T').slice(0, ISO_SECONDS_LENGTH)}Z`;
  if (parseIsoSeconds(time) !== undefined) return time;
  throw new BackupError(`its startTime "${text}" is none that can be kept`);
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
