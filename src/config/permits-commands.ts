/** Options of `mpin permits run` and `status`: those of the hosted side, from the same file. */
import { authorityOptions } from './dta.js';
import { hostedOptions } from './hosted.js';
import { bool, int, type OptionsOf, type OptionTable, text } from './option.js';
import { permitsOptions } from './permits.js';

export const permitsStatusOptions = {
  permitsIdentitiesFolder: permitsOptions.permitsIdentitiesFolder,
} as const satisfies OptionTable;

export const permitsRunOptions = {
  ...permitsOptions,
  credentialsFile: hostedOptions.credentialsFile,
  applicationsFolder: hostedOptions.applicationsFolder,
  revocationFile: hostedOptions.revocationFile,
  backup: authorityOptions.backup,
  backup_file: hostedOptions.backup_file,
  encrypt_master_secret: authorityOptions.encrypt_master_secret,
  passphrase: authorityOptions.passphrase,
  salt: authorityOptions.salt,
  cryptoProvider: authorityOptions.cryptoProvider,
  cryptoThreads: int(2, 'threads', 'Worker threads that make shares; each keeps one core busy', {
    min: 1,
    max: 64,
  }),
  again: bool(false, 'Publish all days anew, also what was published before'),
  logLevel: text('WARNING', 'Least severe messages that are logged', {
    choices: ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'],
  }),
} as const satisfies OptionTable;

export type PermitsRunOptions = OptionsOf<typeof permitsRunOptions>;
