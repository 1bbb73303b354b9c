/** Options of the commands on a backup: `mpin dta change-passphrase`, `verify-backup` and so on. */
import { authorityOptions } from './dta.js';
import { bool, int, type OptionsOf, type OptionTable, path, secret } from './option.js';

/** Which backup, and what opens it. */
export const backupOptions = {
  backup_file: path('./backup.json', 'The backup; also that of a hosted side'),
  passphrase: authorityOptions.passphrase,
  salt: authorityOptions.salt,
} as const satisfies OptionTable;

export const changePassphraseOptions = {
  ...backupOptions,
  newPassphrase: secret('', 'Opens the backup from then on; asked for at the terminal when absent'),
} as const satisfies OptionTable;

export const rotateOptions = {
  ...backupOptions,
  leadMinutes: int(
    60,
    'minutes',
    'Time for every RPS to hear of the new secret before a client gets one of it; longer than ' +
      'their serverSecretRefreshSeconds',
    { min: 0, max: 10_080 },
  ),
  overlapDays: int(
    90,
    'days',
    'How long the secret before is served after that: who has not registered anew by then must',
    { min: 0, max: 3650 },
  ),
} as const satisfies OptionTable;

export const retireOptions = {
  ...backupOptions,
  now: bool(false, 'Also before its time is over: every token of the secret before is worthless'),
} as const satisfies OptionTable;

export type BackupOptions = OptionsOf<typeof backupOptions>;
