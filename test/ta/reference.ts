/** Secrets and backups as tests need them: of the reference server, and with a cheap key. */
import { createCipheriv, pbkdf2Sync, randomBytes, scryptSync } from 'node:crypto';
import { join } from 'node:path';
import { pino } from 'pino';
import type { MasterSecret } from '../../src/ta/master-secret.js';
import type { VaultOptions } from '../../src/ta/vault.js';

export const START_TIME = '2016-10-11T13:58:15Z';

/** A master secret, surely in [1, r). */
export const newSecret = () => new Uint8Array(randomBytes(32).fill(1, 0, 1));

/** A backup as the reference wrote it, made from contract §9 alone. */
export function referenceBackup(
  secret: Uint8Array,
  passphrase: string,
  salt: string,
  startTime = START_TIME,
): string {
  const key = pbkdf2Sync(Buffer.from(passphrase, 'utf8'), salt, 1000, 16, 'sha1');
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-128-gcm', key, iv);
  cipher.setAAD(Buffer.from(startTime, 'ascii'));
  const ciphertext = Buffer.concat([cipher.update(secret), cipher.final()]).toString('hex');
  const tag = cipher.getAuthTag().toString('hex');
  return JSON.stringify({ startTime, IV: iv.toString('hex'), ciphertext, tag });
}

export const KEY = { passphrase: 'correct horse', salt: '' };

export const newMaster = (): MasterSecret => ({ secret: newSecret(), startTime: START_TIME });

export function vault(folder: string, more: Partial<VaultOptions> = {}): VaultOptions {
  const backup_file = join(folder, 'backup.json');
  return { backup: true, backup_file, encrypt_master_secret: true, ...KEY, ...more };
}

/** A context that keeps what was logged. */
export function context() {
  const lines: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
  const clock = { now: () => Date.parse(START_TIME) };
  return { log, clock, newSecret, logged: () => lines.join('') };
}

/** A backup of our format whose passphrase costs the least that is allowed, made independently. */
export function cheapBackup({ secret, startTime }: MasterSecret): string {
  const [salt, nonce] = [randomBytes(32), randomBytes(12)];
  const cost = { N: 16_384, r: 8, p: 1 };
  const header = {
    format: 'mpin-master-secret',
    version: 1,
    startTime,
    kdf: { name: 'scrypt', ...cost, salt: salt.toString('hex') },
    cipher: { name: 'aes-256-gcm', nonce: nonce.toString('hex') },
  };
  const cipher = createCipheriv('aes-256-gcm', scryptSync(KEY.passphrase, salt, 32, cost), nonce);
  cipher.setAAD(Buffer.from(JSON.stringify(header)));
  const ciphertext = Buffer.concat([cipher.update(secret), cipher.final()]).toString('hex');
  return JSON.stringify({ ...header, ciphertext, tag: cipher.getAuthTag().toString('hex') });
}
