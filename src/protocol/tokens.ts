/** Random identifiers and secrets, all from the operating system's generator. */
import { randomBytes, randomFillSync } from 'node:crypto';

/** Bytes of regOTT, webOTT and authOTT (contract §3); option OTTLength may raise it. */
export const OTT_BYTES = 16;

const POOL_BYTES = 8192;
const pool = Buffer.allocUnsafeSlow(POOL_BYTES);
let used = POOL_BYTES;

/**
 * A fresh one-time token in lower-case hex. Drawn from a block of OS randomness, because a system
 * call a token costs more than everything else a request does with it; spent bytes are wiped.
 */
export function randomToken(bytes: number = OTT_BYTES): string {
  if (bytes > POOL_BYTES) return randomBytes(bytes).toString('hex');
  if (used + bytes > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  const token = pool.toString('hex', used, used + bytes);
  pool.fill(0, used, used + bytes);
  used += bytes;
  return token;
}
