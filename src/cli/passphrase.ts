/** Where the passphrase of a backup comes from: an option, a systemd credential, the terminal. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../config/load.js';
import { canPrompt, promptHidden, promptNew } from './prompt.js';

/** The name under which `LoadCredential=` or `SetCredentialEncrypted=` of systemd passes it. */
const SYSTEMD_CREDENTIAL = 'passphrase';

interface AuthoritySecrets {
  readonly backup: boolean;
  readonly encrypt_master_secret: boolean;
  readonly passphrase: string;
  readonly backup_file: string;
}

/** Gets the backup's passphrase where it is needed and was not given. */
export async function withPassphrase<T extends AuthoritySecrets>(options: T): Promise<T> {
  const { backup, encrypt_master_secret: encrypted, backup_file: file } = options;
  if (!backup || !encrypted) return options;
  const asked = () => (existsSync(file) ? promptOld(file) : promptNew('passphrase'));
  return { ...options, passphrase: await passphraseOf(options.passphrase, asked) };
}

/** The passphrase of a backup that is there. */
export function oldPassphrase(given: string, file: string): Promise<string> {
  return passphraseOf(given, () => promptOld(file));
}

function promptOld(file: string): Promise<string> {
  return promptHidden(`Passphrase of ${file}: `);
}

async function passphraseOf(given: string, ask: () => Promise<string>): Promise<string> {
  const known = given || fromSystemd();
  if (known !== '') return known;
  if (!canPrompt()) {
    throw new ConfigError(
      'a passphrase for the backup of the master secret is missing: give --passphrase-file, ' +
        'MPIN_PASSPHRASE_FILE, MPIN_PASSPHRASE or the systemd credential "passphrase", or start ' +
        'at a terminal',
    );
  }
  const passphrase = await ask();
  if (passphrase === '') throw new ConfigError('an empty passphrase protects nothing');
  return passphrase;
}

function fromSystemd(): string {
  const folder = process.env['CREDENTIALS_DIRECTORY'] ?? '';
  const file = join(folder, SYSTEMD_CREDENTIAL);
  if (folder === '' || !existsSync(file)) return '';
  return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
}
