/** Bytes and their hex, without anything of Node: this also runs in browsers. */
import { ClientError } from './errors.js';

export function toHex(bytes: Uint8Array): string {
  let hex = '';
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0');
  return hex;
}

/**
 * Reads hex of exactly `length` bytes (any length when absent).
 * @throws ClientError `protocol`, naming `what`, when it is anything else
 */
export function fromHex(hex: unknown, what: string, length?: number): Uint8Array {
  const right =
    typeof hex === 'string' &&
    /^(?:[0-9a-fA-F]{2})+$/.test(hex) &&
    (length === undefined || hex.length === 2 * length);
  if (!right) throw new ClientError('protocol', `the server sent no valid ${what}`);
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++)
    bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}
