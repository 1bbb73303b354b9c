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
  /** While the secret takes over from an earlier one. */
  readonly rotation?: Rotation;
}

/** What is still served of the secret before. All times are `YYYY-MM-DDTHH:MM:SSZ`. */
export interface Rotation {
  /** As {@link MasterSecret}'s. */
  readonly previous: Uint8Array;
  readonly previousStartTime: string;
  /** From when on client secrets are made with the new one; until then it is only announced. */
  readonly activeFrom: string;
  /** Until when the previous one is served. */
  readonly servedUntil: string;
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
  /** Why it should be written anew, in words; absent for a file that is as we write it. */
  readonly outdated?: string;
}

/** Ends the use of a secret, and of the one before it. */
export function wipe({ secret, rotation }: MasterSecret): void {
  secret.fill(0);
  rotation?.previous.fill(0);
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
