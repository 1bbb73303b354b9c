/** Backups of the reference server (contract §9): read, so that its users can move over. */
import { createDecipheriv, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import type { JsonObject } from '../http/call.js';
import { BackupError, hexField, needPassphrase, own } from './backup-fields.js';
import { MASTER_SECRET_BYTES, type OpenedBackup } from './master-secret.js';

/** Defaults of the pbkdf2 1.3 package that the reference used. */
const KDF = { iterations: 1000, digest: 'sha1', keyBytes: 16 } as const;
const CIPHER = 'aes-128-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const START_TIME_LENGTH_MAX = 64;
const OUTDATED = 'it is in the format of the reference';

const deriveKey = promisify(pbkdf2);

/**
 * Opens `{startTime, IV, ciphertext, tag}` or `{startTime, master_secret_hex}`.
 * @param key `salt` is the text of the reference's config.py, used as text
 * @throws BackupError
 */
export async function openOldBackup(
  object: JsonObject,
  key: { readonly passphrase: string; readonly salt: string },
): Promise<OpenedBackup> {
  const startTime = startTimeOf(object);
  if (Object.hasOwn(object, 'master_secret_hex')) {
    const plain = { master_secret_hex: unlisted(own(object, 'master_secret_hex')) };
    const secret = hexField(plain, 'master_secret_hex', MASTER_SECRET_BYTES);
    return { secret, startTime, encrypted: false, outdated: OUTDATED };
  }
  if (!Object.hasOwn(object, 'IV')) throw new BackupError('it is no backup of a master secret');
  const iv = hexField(object, 'IV', IV_BYTES);
  const ciphertext = hexField(object, 'ciphertext', MASTER_SECRET_BYTES);
  const tag = hexField(object, 'tag', TAG_BYTES);
  needPassphrase(key.passphrase);
  const { iterations, keyBytes, digest } = KDF;
  const derived = await deriveKey(key.passphrase, key.salt, iterations, keyBytes, digest);
  const decipher = createDecipheriv(CIPHER, derived, iv, { authTagLength: TAG_BYTES });
  derived.fill(0);
  decipher.setAAD(Buffer.from(startTime, 'ascii')).setAuthTag(tag);
  const secret = decipher.update(ciphertext);
  try {
    decipher.final();
  } catch {
    secret.fill(0);
    throw new BackupError(
      'it does not open: the passphrase or the option salt is wrong, or the file was changed or ' +
        'damaged (nothing can tell these apart)',
    );
  }
  return { secret, startTime, encrypted: true, outdated: OUTDATED };
}

/** Text of printable ASCII: the reference took whatever its clock printed, and signed it so. */
function startTimeOf(object: JsonObject): string {
  const value = unlisted(own(object, 'startTime'));
  const known = typeof value === 'string' && value.length <= START_TIME_LENGTH_MAX;
  if (!known || !/^[\x20-\x7e]+$/.test(value)) {
    throw new BackupError('"startTime" is not a time: the file is damaged');
  }
  return value;
}

/** The reference sometimes wrote a value as a list of one (contract §9). */
function unlisted(value: unknown): unknown {
  return Array.isArray(value) && value.length === 1 ? value[0] : value;
}
