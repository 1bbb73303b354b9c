import { randomToken } from '../protocol/tokens.js';
import type { Challenge } from '../store/store.js';
import type { Pass1 } from './pass-messages.js';

/** The order r of the groups of BN254CX (crypto.md §1), in lower-case hex. */
const ORDER_HEX = '2400000008702a0db0bddf647a6366d2c43fd6ee0cc906cebe11c0a636eb1f6d';
const SCALAR_BYTES = ORDER_HEX.length / 2;
const ZERO_HEX = '0'.repeat(ORDER_HEX.length);
/** r has 254 bits: without the two above them every second draw is below it. */
const TOP_DIGIT_MASK = 3;

/** Enough to tell apart the few challenges of one identity. */
const CHALLENGE_ID_BYTES = 8;
/** IPv6 groups of the network that a provider gives one customer: a /64. */
const NETWORK_GROUPS = 4;

/** The challenge that answers a pass 1 from `peer`. */
export function newChallenge({ u, ut }: Pass1, peer: string): Challenge {
  const y = Buffer.from(randomY(), 'hex');
  return { id: randomToken(CHALLENGE_ID_BYTES), peer: networkOf(peer), u, ut, y };
}

/** Uniform in [1, r), as 64 hex: drawn until it fits, never reduced. */
export function randomY(): string {
  for (;;) {
    const drawn = randomToken(SCALAR_BYTES);
    const topDigit = Number.parseInt(drawn.slice(0, 1), 16) & TOP_DIGIT_MASK;
    const y = `${topDigit}${drawn.slice(1)}`;
    if (y < ORDER_HEX && y !== ZERO_HEX) return y;
  }
}

/**
 * Whose address it is: one IPv6 host has 2⁶⁴ of them, and could otherwise pass for as many peers
 * when challenges must make room.
 */
export function networkOf(peer: string): string {
  if (!peer.includes(':')) return peer;
  const [head = '', tail] = peer.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array<string>(Math.max(0, zeros)).fill('0'), ...after];
  return `${groups.slice(0, NETWORK_GROUPS).join(':')}::/64`;
}
