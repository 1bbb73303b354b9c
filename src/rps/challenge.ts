import { networkOf } from '../http/peers.js';
import { fillRandom, randomToken } from '../protocol/tokens.js';
import type { Challenge } from '../store/store.js';
import type { Pass1 } from './pass-messages.js';

/** The order r of the groups of BN254CX (crypto.md §1). */
const ORDER = Buffer.from(
  '2400000008702a0db0bddf647a6366d2c43fd6ee0cc906cebe11c0a636eb1f6d',
  'hex',
);
const ZERO = new Uint8Array(ORDER.length);
/** r has 254 bits: without the two above them more than every second draw is below it. */
const TOP_BYTE_MASK = 0x3f;

/** Enough to tell apart the few challenges of one identity. */
const CHALLENGE_ID_BYTES = 8;

/** The challenge that answers a pass 1 from `peer`. */
export function newChallenge({ u, ut }: Pass1, peer: string): Challenge {
  return { id: randomToken(CHALLENGE_ID_BYTES), peer: networkOf(peer), u, ut, y: randomY() };
}

/** Uniform in [1, r), 32 bytes: drawn until it fits, never reduced. */
export function randomY(): Uint8Array {
  const y = new Uint8Array(ORDER.length);
  do {
    fillRandom(y);
    y[0] = (y[0] ?? 0) & TOP_BYTE_MASK;
  } while (Buffer.compare(y, ORDER) >= 0 || Buffer.compare(y, ZERO) === 0);
  return y;
}
