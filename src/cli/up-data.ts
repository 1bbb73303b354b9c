/** The data folder of `mpin up`: what must survive a restart, readable by its owner alone. */
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { credentialsJson, issueCredentials, readCredentials } from '../config/credentials.js';
import { CliError } from './errors.js';
import { createPrivate, replacePrivate } from './private-file.js';

export interface DataFolder {
  readonly credentials: string;
  readonly passphrase: string;
  readonly dtaBackup: string;
  readonly hostedBackup: string;
  readonly permits: string;
  readonly identities: string;
  /** True when this start has made it. */
  readonly isNew: boolean;
}

const PASSPHRASE_BYTES = 32;
const FOLDER_MODE = 0o700;

/**
 * Opens the folder, making what is missing.
 * @param apiUrl where the hosted side is reached this time; the credentials are told
 * @throws CliError when backups are there whose passphrase is not
 */
export function openDataFolder(folder: string, apiUrl: string): DataFolder {
  const files = {
    credentials: join(folder, 'credentials.json'),
    passphrase: join(folder, 'passphrase'),
    dtaBackup: join(folder, 'dta-backup.json'),
    hostedBackup: join(folder, 'hosted-backup.json'),
    permits: join(folder, 'permits'),
    identities: join(folder, 'permit-identities'),
  };
  mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
  chmodSync(folder, FOLDER_MODE);
  const isNew = !existsSync(files.credentials);
  ensurePassphrase(files);
  ensureCredentials(files.credentials, apiUrl);
  return { ...files, isNew };
}

function ensurePassphrase({ passphrase, dtaBackup, hostedBackup }: Omit<DataFolder, 'isNew'>) {
  if (existsSync(passphrase)) {
    if (readFileSync(passphrase, 'utf8').trim() !== '') return;
    throw new CliError(`${passphrase} is empty: the backups beside it cannot be opened`);
  }
  const backup = [dtaBackup, hostedBackup].find((file) => existsSync(file));
  if (backup !== undefined) {
    throw new CliError(`${passphrase} is missing, and ${backup} cannot be opened without it`);
  }
  createPrivate(passphrase, `${randomBytes(PASSPHRASE_BYTES).toString('hex')}\n`);
}

/** Identity and key of the application stay; only the address may move with the options. */
function ensureCredentials(file: string, apiUrl: string): void {
  if (!existsSync(file)) {
    createPrivate(file, credentialsJson(issueCredentials(apiUrl)));
    return;
  }
  const credentials = readCredentials(file);
  if (credentials.apiUrl !== apiUrl)
    replacePrivate(file, credentialsJson({ ...credentials, apiUrl }));
}
