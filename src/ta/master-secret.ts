/** The secret scalar s of a trusted authority: all its shares are multiples by s. */

import { fillRandom } from '../protocol/tokens.js';

export const MASTER_SECRET_BYTES = 32;

/** Order r of the groups (contract §8). */
const GROUP_ORDER = 0x2400000008702a0db0bddf647a6366d2c43fd6ee0cc906cebe11c0a636eb1f6dn;

export interface MasterSecret {
  /** 32 bytes, big-endian, in [1, r). Wiped by whoever holds it last. */
  readonly secret: Uint8Array;
  /** When it was made, `YYYY-MM-DDTHH:MM:SSZ`; shown by `status` and `serverSecret`. */
  readonly startTime: string;
}

/** r has 254 bits: without the two above them more than every second draw is below it. */
const TOP_BYTE_MASK = 0x3f;

/** A secret from the generator that configured entropy was mixed into; drawn until it fits. */
export function drawMasterSecret(): Uint8Array {
  const secret = new Uint8Array(MASTER_SECRET_BYTES);
  do {
    fillRandom(secret);
    secret[0] = (secret[0] ?? 0) & TOP_BYTE_MASK;
  } while (!isMasterSecret(secret));
  return secret;
}

/** A master secret as it was read from a backup. */
export interface OpenedBackup extends MasterSecret {
  readonly encrypted: boolean;
}

/**
 * True for 32 bytes in [1, r). The comparison takes variable time: the bytes are random, so all it
 * can tell is whether a file holds a secret at all.
 */
export function isMasterSecret(bytes: Uint8Array): boolean {
  if (bytes.length !== MASTER_SECRET_BYTES) return false;
  const value = BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
  return value > 0n && value < GROUP_ORDER;
}
