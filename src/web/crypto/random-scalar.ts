/** The secret x of a login, from the platform's own randomness. */

/** Order of the groups of BN254CX (contract §8). */
const ORDER = 0x2400000008702a0db0bddf647a6366d2c43fd6ee0cc906cebe11c0a636eb1f6dn;
const SCALAR_BYTES = 32;
/** The order has 254 bits: with the two above cut off, more than half of all draws are below it. */
const TOP_BYTE_MASK = 0x3f;

/**
 * A uniform scalar in [1, r), 32 bytes, big-endian, by rejection. The old clients used the
 * library's generator and never seeded it, so that every page had the same x (contract §1, 11).
 */
export function randomScalar(
  fill: (bytes: Uint8Array<ArrayBuffer>) => unknown = (bytes) => crypto.getRandomValues(bytes),
): Uint8Array {
  const bytes = new Uint8Array(SCALAR_BYTES);
  for (;;) {
    fill(bytes);
    bytes[0] = (bytes[0] ?? 0) & TOP_BYTE_MASK;
    const value = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    if (value > 0n && value < ORDER) return bytes;
  }
}
