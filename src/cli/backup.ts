/** `mpin dta verify-backup|change-passphrase|rotate|retire`: what is done to a backup by name. */
import type { Command } from 'commander';
import {
  type BackupOptions,
  backupOptions,
  changePassphraseOptions,
  retireOptions,
  rotateOptions,
} from '../config/backup.js';
import { ConfigError } from '../config/load.js';
import type { OptionsOf } from '../config/option.js';
import { addOptions, optionsOf } from './options.js';
import { oldPassphrase } from './passphrase.js';
import { canPrompt, promptNew } from './prompt.js';
import { ALL_TABLES } from './tables.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const HELP = `
A running authority takes over what is done here within seconds, without a restart; after
change-passphrase it needs the new passphrase at its next start, and to take over anything more.
`;

export function addBackupCommands(dta: Command): void {
  const verify = dta.command('verify-backup').description('open the backup, and say what is in it');
  addOptions(verify, backupOptions)
    .addHelpText('after', HELP)
    .action(() => runVerify(optionsOf(verify, backupOptions, ALL_TABLES)));
  const change = dta.command('change-passphrase').description('seal the backup under another one');
  addOptions(change, changePassphraseOptions)
    .addHelpText('after', HELP)
    .action(() => runChange(optionsOf(change, changePassphraseOptions, ALL_TABLES)));
  const rotate = dta.command('rotate').description('put a new master secret beside the old one');
  addOptions(rotate, rotateOptions)
    .addHelpText('after', HELP)
    .action(() => runRotate(optionsOf(rotate, rotateOptions, ALL_TABLES)));
  const retire = dta.command('retire').description('delete the old master secret after a rotation');
  addOptions(retire, retireOptions)
    .addHelpText('after', HELP)
    .action(() => runRetire(optionsOf(retire, retireOptions, ALL_TABLES)));
}

async function runVerify(options: BackupOptions): Promise<void> {
  const { verifyBackup } = await import('../ta/backup-changes.js');
  const { startTime, encrypted, outdated, rotation } = await verifyBackup(await placeOf(options));
  say(`${options.backup_file} opens`);
  say(`master secret of ${startTime}, ${encrypted ? 'encrypted' : 'NOT encrypted'}`);
  if (outdated !== undefined) say(`written anew at the next start: ${outdated}`);
  if (rotation === undefined) return;
  say(`in use from ${rotation.activeFrom} on`);
  say(`before it that of ${rotation.previousStartTime}, served until ${rotation.servedUntil}`);
}

async function runChange(options: OptionsOf<typeof changePassphraseOptions>): Promise<void> {
  const { changePassphrase } = await import('../ta/backup-changes.js');
  const place = await placeOf(options);
  const passphrase = await newPassphrase(options);
  await changePassphrase(place, passphrase);
  say(`${options.backup_file} has a new passphrase; copies of the file still have the old one`);
}

async function newPassphrase({ newPassphrase: given }: { readonly newPassphrase: string }) {
  if (given !== '') return given;
  if (!canPrompt()) {
    throw new ConfigError('--new-passphrase-file is missing, and there is no terminal to ask at');
  }
  const passphrase = await promptNew('passphrase');
  if (passphrase === '') throw new ConfigError('an empty passphrase protects nothing');
  return passphrase;
}

async function runRotate(options: OptionsOf<typeof rotateOptions>): Promise<void> {
  const [{ rotateBackup }, { randomSecret }, { systemClock }] = await Promise.all([
    import('../ta/backup-changes.js'),
    import('../crypto/index.js'),
    import('../protocol/clock.js'),
  ]);
  const newSecret = randomSecret();
  const plan = {
    newSecret,
    nowMs: systemClock().now(),
    leadMs: options.leadMinutes * MINUTE_MS,
    overlapMs: options.overlapDays * DAY_MS,
  };
  const { rotation } = await rotateBackup(await placeOf(options), plan);
  newSecret.fill(0);
  say(`a new master secret is in ${options.backup_file}: back the file up`);
  say(`new identities are made with it from ${rotation?.activeFrom} on`);
  say(`those made before work until ${rotation?.servedUntil}; then they must register anew`);
}

async function runRetire(options: OptionsOf<typeof retireOptions>): Promise<void> {
  const [{ retireBackup }, { systemClock }] = await Promise.all([
    import('../ta/backup-changes.js'),
    import('../protocol/clock.js'),
  ]);
  const nowMs = systemClock().now();
  await retireBackup(await placeOf(options), { nowMs, now: options.now });
  say(`the earlier master secret is no longer in ${options.backup_file}; delete old copies of it`);
}

async function placeOf(options: BackupOptions) {
  const { backup_file: file, salt } = options;
  return { file, salt, passphrase: await oldPassphrase(options.passphrase, file) };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
