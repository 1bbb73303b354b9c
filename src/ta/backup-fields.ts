/** Reading the fields of a backup, and the error that says what is wrong with one. */
import type { JsonObject } from '../http/call.js';
import { isJsonObject } from '../http/json.js';

/** A backup that cannot be used. The message is for the operator and holds no secret. */
export class BackupError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BackupError';
  }
}

/** The bytes of a field that must be exactly that many bytes in hex. */
export function hexField(object: JsonObject, name: string, bytes: number): Buffer {
  const value = own(object, name);
  if (typeof value !== 'string' || !/^[0-9a-fA-F]*$/.test(value) || value.length !== 2 * bytes) {
    throw new BackupError(`"${name}" is not ${2 * bytes} hex digits: the file is damaged`);
  }
  return Buffer.from(value, 'hex');
}

/** A field that must be one of these values. */
export function fixedField<T extends string | number>(
  object: JsonObject,
  name: string,
  value: T,
): T {
  if (own(object, name) !== value) {
    throw new BackupError(`"${name}" is not ${JSON.stringify(value)}: a later version or damage`);
  }
  return value;
}

/** A field that must be an object. */
export function objectField(object: JsonObject, name: string): JsonObject {
  const value = own(object, name);
  if (!isJsonObject(value)) throw new BackupError(`"${name}" is missing: the file is damaged`);
  return value;
}

/** A whole number within inclusive bounds. */
export function integerField(
  object: JsonObject,
  name: string,
  { min, max }: { readonly min: number; readonly max: number },
): number {
  const value = own(object, name);
  if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
    throw new BackupError(`"${name}" is not a whole number from ${min} to ${max}`);
  }
  return value as number;
}

/** The value the sender wrote; undefined when there is none. */
export function own(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** Sealed backups need a passphrase: an empty one is none. */
export function needPassphrase(passphrase: string): void {
  if (passphrase === '') throw new BackupError('it needs a passphrase, and none was given');
}
