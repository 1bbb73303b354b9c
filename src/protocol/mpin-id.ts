/**
 * The M-Pin identity: hex of UTF-8 JSON `{"mobile", "issued", "userID", "salt"}` (contract §3).
 * Its bytes are opaque once issued: they are hashed and compared, never serialised again.
 */
import { hash, randomBytes } from 'node:crypto';

/** Largest accepted mpin_id in bytes: the longest e-mail address (254) escaped, and the rest. */
export const MPIN_ID_BYTES_MAX = 2048;
const SALT_BYTES = 16;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** What the identity says of itself. */
export interface MpinIdentity {
  readonly userID: string;
  readonly mobile: 0 | 1;
  readonly issued: string;
}

/**
 * A new identity in lower-case hex, in the order and spacing of the reference. Non-ASCII
 * characters are written as \u escapes, because browsers' clients read raw UTF-8 in it as Latin-1
 * (contract §2).
 */
export function issueMpinId(userId: string, mobile: 0 | 1, nowMs: number): string {
  const issued = `${new Date(nowMs).toISOString().slice(0, 23).replace('T', ' ')}000`;
  const salt = randomBytes(SALT_BYTES).toString('hex');
  const json =
    `{"mobile": ${mobile}, "issued": "${issued}", ` +
    `"userID": ${asciiJson(userId)}, "salt": "${salt}"}`;
  return Buffer.from(json, 'ascii').toString('hex');
}

/**
 * Canonical (lower-case) form of an mpin_id from the wire, or undefined when it is not hex, empty
 * or longer than {@link MPIN_ID_BYTES_MAX}. Its content is not looked at.
 */
export function canonicalMpinId(text: unknown): string | undefined {
  if (typeof text !== 'string' || text.length === 0 || text.length > 2 * MPIN_ID_BYTES_MAX) {
    return undefined;
  }
  return text.length % 2 === 0 && /^[0-9a-fA-F]+$/.test(text) ? text.toLowerCase() : undefined;
}

/** Reads an identity; undefined when it is not hex of the JSON object described above. */
export function parseMpinId(hex: string): MpinIdentity | undefined {
  // Node decodes hex up to the first character that is none: the rest must not go unseen.
  if (canonicalMpinId(hex) === undefined) return undefined;
  try {
    const bytes = Buffer.from(hex, 'hex');
    const value: unknown = JSON.parse(utf8.decode(bytes));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    const { userID, mobile, issued } = value as Record<string, unknown>;
    if (typeof userID !== 'string') return undefined;
    return {
      userID,
      mobile: Number(mobile) === 1 ? 1 : 0,
      issued: typeof issued === 'string' ? issued : '',
    };
  } catch {
    return undefined;
  }
}

/** hash_mpin_id = storageId = SHA-256 over the bytes of a canonical mpin_id: 32 bytes. */
export function hashMpinId(hex: string): Buffer {
  return hash('sha256', Buffer.from(hex, 'hex'), 'buffer');
}

function asciiJson(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
