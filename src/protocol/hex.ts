/** Hex of a known length, read with nothing overlooked. */

const NOT_HEX = 0x80;
const ASCII_MAX = 0x7f;

/** Value by ASCII code, NOT_HEX where it is no hex digit. */
const NIBBLES = new Uint8Array(ASCII_MAX + 1).fill(NOT_HEX);
for (let value = 0; value < 16; value += 1) {
  const digit = value.toString(16);
  NIBBLES[digit.charCodeAt(0)] = value;
  NIBBLES[digit.toUpperCase().charCodeAt(0)] = value;
}

/**
 * The `length` bytes that `text` writes out in hex of either case; undefined when it is anything
 * else. Node's own decoding stops without a word at what is no hex, and takes U+0130 for a zero;
 * a pattern beside it would read the text twice.
 */
export function hexBytes(text: string, length: number): Uint8Array | undefined {
  if (text.length !== 2 * length) return undefined;
  const bytes = Buffer.allocUnsafe(length);
  let codes = 0;
  let nibbles = 0;
  for (let at = 0; at < length; at += 1) {
    const highCode = text.charCodeAt(2 * at);
    const lowCode = text.charCodeAt(2 * at + 1);
    const high = NIBBLES[highCode & ASCII_MAX] as number;
    const low = NIBBLES[lowCode & ASCII_MAX] as number;
    codes |= highCode | lowCode;
    nibbles |= high | low;
    bytes[at] = (high << 4) | low;
  }
  return codes <= ASCII_MAX && nibbles < NOT_HEX ? bytes : undefined;
}
