/** Random identifiers and secrets, all from the operating system's generator. */
import { randomBytes, randomFillSync } from 'node:crypto';

/** Bytes of regOTT, webOTT and authOTT (contract §3); option OTTLength may raise it. */
export const OTT_BYTES = 16;

const POOL_BYTES = 8192;
const pool = Buffer.allocUnsafeSlow(POOL_BYTES);
let used = POOL_BYTES;

/** A fresh one-time token in lower-case hex. */
export function randomToken(bytes: number = OTT_BYTES): string {
  if (bytes > POOL_BYTES) return randomBytes(bytes).toString('hex');
  const at = draw(bytes);
  const token = pool.toString('hex', at, used);
  pool.fill(0, at, used);
  return token;
}

/** Fills an array of at most {@link POOL_BYTES} bytes with randomness. */
export function fillRandom(out: Uint8Array): void {
  // Byte by byte: for so few, calls of native functions would cost more.
  for (let from = draw(out.length), at = 0; from < used; from += 1, at += 1) {
    out[at] = pool[from] as number;
    pool[from] = 0;
  }
}

/**
 * Where the next bytes of the pool begin; they end at `used`. A block of OS randomness serves many
 * requests, because a system call each costs more than everything else they do with it. Callers
 * wipe what they have taken.
 */
function draw(bytes: number): number {
  if (used + bytes > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return used - bytes;
}
