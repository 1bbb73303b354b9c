/**
 * The text of a master secret's backup: written in the format below, read in this and the old one.
 *
 *   {"format": "mpin-master-secret", "version": 1, "startTime": "YYYY-MM-DDTHH:MM:SSZ",
 *    "kdf":    {"name": "scrypt", "N", "r", "p", "salt": 64 hex},
 *    "cipher": {"name": "aes-256-gcm", "nonce": 24 hex},
 *    "ciphertext": 64 hex, "tag": 32 hex}
 *
 * Everything before the ciphertext is the header; its compact JSON, in this order, is the
 * associated data, so none of it can be changed without the passphrase. A backup that is not
 * encrypted has, after the startTime, `master_secret_hex` (the name the reference reads) and a
 * `checksum`, which finds damage but no ill will.
 *
 * While one secret takes over from another the version is 2, the header has after the startTime
 *   "rotation": {"previousStartTime", "activeFrom", "servedUntil"}
 * and the plaintext is both secrets, the new one first; unencrypted, `previous_secret_hex` is the
 * second. An earlier program refuses version 2, where it would lose the previous secret.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  randomBytes,
  type ScryptOptions,
  scrypt,
} from 'node:crypto';
import { promisify } from 'node:util';
import type { JsonObject } from '../http/call.js';
import { parseJsonText } from '../http/json.js';
import { parseIsoSeconds } from '../protocol/clock.js';
import {
  BackupError,
  fixedField,
  hexField,
  integerField,
  needPassphrase,
  objectField,
  own,
} from './backup-fields.js';
import {
  isMasterSecret,
  MASTER_SECRET_BYTES,
  type MasterSecret,
  type OpenedBackup,
  type Rotation,
  wipe,
} from './master-secret.js';
import { openOldBackup } from './old-backup.js';

const FORMAT = 'mpin-master-secret';
const VERSION = 1;
const ROTATION_VERSION = 2;
const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const SALT_BYTES = 32;
const CHECKSUM_BYTES = 32;

/** 128 MiB and some 0.4 s of one core for each guess of the passphrase (OWASP's first choice). */
const COST = { N: 2 ** 17, r: 8, p: 1 } as const;
/**
 * Costs a file may ask for. The header is proven only once the key is made, so that without upper
 * bounds a forged file could eat the memory (1 GiB at most with these).
 */
const COST_BOUNDS = {
  N: { min: 2 ** 14, max: 2 ** 20 },
  r: { min: 8, max: 8 },
  p: { min: 1, max: 4 },
} as const;

interface Header {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION | typeof ROTATION_VERSION;
  readonly startTime: string;
  readonly rotation?: RotationTimes;
}

type RotationTimes = Omit<Rotation, 'previous'>;

interface SealedHeader extends Header {
  readonly kdf: {
    readonly name: 'scrypt';
    readonly N: number;
    readonly r: number;
    readonly p: number;
    readonly salt: string;
  };
  readonly cipher: { readonly name: typeof CIPHER; readonly nonce: string };
}

/** What opens a backup. */
export interface BackupKey {
  readonly passphrase: string;
  /** Option `salt`: for files of the reference only, which do not hold theirs. */
  readonly salt: string;
}

/** The text of an encrypted backup. */
export async function sealBackup(master: MasterSecret, passphrase: string): Promise<string> {
  needPassphrase(passphrase);
  const header: SealedHeader = {
    ...headerFor(master),
    kdf: { name: 'scrypt', ...COST, salt: randomBytes(SALT_BYTES).toString('hex') },
    cipher: { name: CIPHER, nonce: randomBytes(NONCE_BYTES).toString('hex') },
  };
  const key = await deriveKey(passphrase, header.kdf);
  const nonce = Buffer.from(header.cipher.nonce, 'hex');
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  key.fill(0);
  cipher.setAAD(associatedData(header));
  const plaintext = joined(master);
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]).toString('hex');
  plaintext.fill(0);
  return render({ ...header, ciphertext, tag: cipher.getAuthTag().toString('hex') });
}

/** The text of a backup without encryption. */
export function plainBackup(master: MasterSecret): string {
  const header = headerFor(master);
  const secrets = joined(master);
  const fields = hexFields(secrets);
  const sum = checksum(header, secrets.toString('hex'));
  secrets.fill(0);
  return render({ ...header, ...fields, checksum: sum });
}

/** The one secret, or both: what is encrypted, in this order. */
function joined({ secret, rotation }: MasterSecret): Buffer {
  return Buffer.concat(rotation === undefined ? [secret] : [secret, rotation.previous]);
}

function hexFields(secrets: Buffer): JsonObject {
  const [current, previous] = [0, 1].map((index) =>
    secrets.toString('hex', index * MASTER_SECRET_BYTES, (index + 1) * MASTER_SECRET_BYTES),
  );
  return {
    master_secret_hex: current,
    ...(previous === '' ? {} : { previous_secret_hex: previous }),
  };
}

/** Takes apart what `joined` made; the given bytes are wiped. */
function parted(header: Header, secrets: Buffer): MasterSecret {
  const { startTime, rotation } = header;
  const at = (index: number) =>
    Uint8Array.from(
      secrets.subarray(index * MASTER_SECRET_BYTES, (index + 1) * MASTER_SECRET_BYTES),
    );
  const master =
    rotation === undefined
      ? { secret: at(0), startTime }
      : { secret: at(0), startTime, rotation: { previous: at(1), ...rotation } };
  secrets.fill(0);
  return master;
}

/**
 * The master secret in a backup of any known format.
 * @throws BackupError that says what is wrong
 */
export async function openBackup(text: string, key: BackupKey): Promise<OpenedBackup> {
  const object = parseJsonText(text);
  if (object === undefined) throw new BackupError('it is no JSON object: damaged or cut short');
  const master = await openObject(object, key);
  const { secret, rotation } = master;
  if (isMasterSecret(secret) && isMasterSecret(rotation?.previous ?? secret)) return master;
  wipe(master);
  throw new BackupError('the secret in it is not in [1, r): the file is damaged');
}

async function openObject(object: JsonObject, key: BackupKey): Promise<OpenedBackup> {
  if (!Object.hasOwn(object, 'format')) return openOldBackup(object, key);
  fixedField(object, 'format', FORMAT);
  const header = readHeader(object);
  if (Object.hasOwn(object, 'master_secret_hex')) return openPlain(header, object);
  return openSealed(sealedHeader(header, object), object, key.passphrase);
}

function openPlain(header: Header, object: JsonObject): OpenedBackup {
  const names = ['master_secret_hex', ...(header.rotation ? ['previous_secret_hex'] : [])];
  const secrets = Buffer.concat(names.map((name) => hexField(object, name, MASTER_SECRET_BYTES)));
  const expected = hexField(object, 'checksum', CHECKSUM_BYTES).toString('hex');
  if (checksum(header, secrets.toString('hex')) !== expected) {
    throw new BackupError('its checksum does not fit: the file was changed or damaged');
  }
  return { ...parted(header, secrets), encrypted: false };
}

async function openSealed(
  header: SealedHeader,
  object: JsonObject,
  passphrase: string,
): Promise<OpenedBackup> {
  needPassphrase(passphrase);
  const count = header.rotation === undefined ? 1 : 2;
  const ciphertext = hexField(object, 'ciphertext', count * MASTER_SECRET_BYTES);
  const tag = hexField(object, 'tag', TAG_BYTES);
  const key = await deriveKey(passphrase, header.kdf);
  const nonce = Buffer.from(header.cipher.nonce, 'hex');
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  key.fill(0);
  decipher.setAAD(associatedData(header)).setAuthTag(tag);
  const secrets = decipher.update(ciphertext);
  try {
    decipher.final();
  } catch {
    secrets.fill(0);
    throw new BackupError(
      'it does not open: the passphrase is wrong, or the file was changed or damaged (nothing ' +
        'can tell these apart)',
    );
  }
  const outdated = header.kdf.N < COST.N ? { outdated: 'its key is cheaper to guess' } : {};
  return { ...parted(header, secrets), encrypted: true, ...outdated };
}

function headerFor({ startTime, rotation }: MasterSecret): Header {
  if (rotation === undefined) return { format: FORMAT, version: VERSION, startTime };
  const { previousStartTime, activeFrom, servedUntil } = rotation;
  const times = { previousStartTime, activeFrom, servedUntil };
  return { format: FORMAT, version: ROTATION_VERSION, startTime, rotation: times };
}

function readHeader(object: JsonObject): Header {
  const startTime = timeField(object, 'startTime');
  if (own(object, 'version') !== ROTATION_VERSION) {
    return { format: FORMAT, version: fixedField(object, 'version', VERSION), startTime };
  }
  const times = objectField(object, 'rotation');
  return {
    format: FORMAT,
    version: ROTATION_VERSION,
    startTime,
    rotation: {
      previousStartTime: timeField(times, 'previousStartTime'),
      activeFrom: timeField(times, 'activeFrom'),
      servedUntil: timeField(times, 'servedUntil'),
    },
  };
}

function sealedHeader(header: Header, object: JsonObject): SealedHeader {
  const kdf = objectField(object, 'kdf');
  const cipher = objectField(object, 'cipher');
  const N = integerField(kdf, 'N', COST_BOUNDS.N);
  if (!Number.isInteger(Math.log2(N))) throw new BackupError('"N" is not a power of two');
  return {
    ...header,
    kdf: {
      name: fixedField(kdf, 'name', 'scrypt'),
      N,
      r: integerField(kdf, 'r', COST_BOUNDS.r),
      p: integerField(kdf, 'p', COST_BOUNDS.p),
      salt: hexField(kdf, 'salt', SALT_BYTES).toString('hex'),
    },
    cipher: {
      name: fixedField(cipher, 'name', CIPHER),
      nonce: hexField(cipher, 'nonce', NONCE_BYTES).toString('hex'),
    },
  };
}

function timeField(object: JsonObject, name: string): string {
  const value = own(object, name);
  if (typeof value !== 'string' || parseIsoSeconds(value) === undefined) {
    throw new BackupError(`"${name}" is not a time: the file is damaged`);
  }
  return value;
}

function deriveKey(passphrase: string, kdf: SealedHeader['kdf']): Promise<Buffer> {
  const { N, r, p } = kdf;
  // Node's own limit of 32 MiB is below our cost; twice what is needed leaves room for its sums.
  const maxmem = 2 * 128 * N * r;
  return scryptAsync(passphrase, Buffer.from(kdf.salt, 'hex'), KEY_BYTES, { N, r, p, maxmem });
}

const scryptAsync = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

function associatedData(header: SealedHeader): Buffer {
  return Buffer.from(JSON.stringify(header), 'utf8');
}

function checksum(header: Header, secretHex: string): string {
  return createHash('sha256').update(JSON.stringify(header)).update(secretHex).digest('hex');
}

function render(content: JsonObject): string {
  return `${JSON.stringify(content, null, 2)}\n`;
}
