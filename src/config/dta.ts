/** Options of `mpin dta`, the customer's trusted authority (contract §10, DTA). */

import { tlsOptions } from './access.js';
import { autoReload } from './auto-reload.js';
import { entropyOptions } from './entropy.js';
import { logLevel } from './log-level.js';
import {
  bool,
  int,
  list,
  type OptionsOf,
  type OptionTable,
  path,
  port,
  secret,
  text,
} from './option.js';
import { timeOptions } from './time.js';

/** What every trusted authority is configured with, the customer's and the hosted one. */
export const authorityOptions = {
  backup: bool(
    true,
    'Keep the master secret in a file. Without it a restart makes a new one, and every token and ' +
      'server secret handed out before is worthless',
  ),
  encrypt_master_secret: bool(
    true,
    'Encrypt the backup under the passphrase. Off only where the disk itself is encrypted',
  ),
  passphrase: secret('', 'Opens the backup; asked for at the terminal when absent'),
  salt: text('', 'Salt of a backup written by the reference server, exactly as in its config.py'),
  replayProtection: bool(
    false,
    'Answer each signed query once within its life. Clients that ask again after a lost reply, ' +
      'as they may, are then refused',
  ),
  cryptoThreads: int(1, 'threads', 'Worker threads that make shares; each keeps one core busy', {
    min: 1,
    max: 64,
  }),
  cryptoProvider: text('core', 'Who computes; amcl only in a build that found AMCL, and slower', {
    choices: ['core', 'amcl'],
  }),
  logLevel: logLevel(),
  autoReload,
  ...entropyOptions,
  allowOrigin: list(['*'], 'Origins whose pages may read the answers; * for any'),
  ...tlsOptions,
} as const satisfies OptionTable;

export const dtaOptions = {
  address: text('127.0.0.1', 'Address to listen on. The D-TA must never be reachable in public'),
  allowPublicAddress: bool(
    false,
    'Listen on an address beyond this machine without TLS: its network is a private one. Without ' +
      'this such an address ends the start',
  ),
  port: port(8001, 'Port to listen on; 0 for any free one'),
  allowFrom: list(
    ['127.0.0.0/8', '::1/128'],
    'Networks (CIDR) whose hosts may ask: those of the RPS. Others get 403',
  ),
  credentialsFile: path(
    './credentials.json',
    'The credentials.json of the application whose RPS may ask',
    { aliases: ['keysFile'] },
  ),
  backup_file: path('./backup.json', 'Where the master secret is kept between starts'),
  ...authorityOptions,
  ...timeOptions,
} as const satisfies OptionTable;

export type AuthorityOptions = OptionsOf<typeof authorityOptions>;
export type DtaOptions = OptionsOf<typeof dtaOptions>;
