/** Backups as the reference server wrote them. */
import { createCipheriv, pbkdf2Sync, randomBytes } from 'node:crypto';

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
