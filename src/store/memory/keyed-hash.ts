import { randomBytes } from 'node:crypto';

const SECRET = randomBytes(8);
const K0 = SECRET.readInt32LE(0);
const K1 = SECRET.readInt32LE(4);
/** The constants of HalfSipHash. */
const C2 = 0x6c796765;
const C3 = 0x74656462;
const FINAL_ROUNDS = 3;

/**
 * HalfSipHash-1-3 of the first `count` words and their length in bytes, as a signed number. Keyed
 * anew in each process: clients choose identities, and must not be able to choose ones that fall
 * on one place of a table.
 */
export function keyedHash(words: Int32Array, count: number, byteLength: number): number {
  let v0 = K0;
  let v1 = K1;
  let v2 = K0 ^ C2;
  let v3 = K1 ^ C3;
  for (let index = 0; index <= count + FINAL_ROUNDS; index += 1) {
    const word = index < count ? (words[index] as number) : index === count ? byteLength : 0;
    if (index === count + 1) v2 ^= 0xff;
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  return v1 ^ v3;
}
