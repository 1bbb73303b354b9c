/**
 * Random identifiers and secrets, all from the operating system's generator. Further entropy can
 * be mixed in: it is stretched into a key stream that is added to what the system gives, so that
 * the sum is at least as good as the better of the two, whatever the other is worth.
 */
import { createCipheriv, createHmac, randomBytes, randomFillSync } from 'node:crypto';

/** Bytes of regOTT, webOTT and authOTT (contract §3); option OTTLength may raise it. */
export const OTT_BYTES = 16;

const POOL_BYTES = 8192;
const pool = Buffer.allocUnsafeSlow(POOL_BYTES);
let used = POOL_BYTES;

/** A stream of the mixed entropy that is never used twice; none by default. */
let mixed: { readonly key: Buffer; refills: bigint } | undefined;
const MIXED_KEY_BYTES = 32;

/** Mixes entropy from elsewhere into all that is drawn from now on. */
export function mixIn(entropy: Uint8Array): void {
  const before = mixed?.key ?? Buffer.alloc(MIXED_KEY_BYTES);
  mixed = { key: createHmac('sha256', before).update(entropy).digest(), refills: 0n };
  pool.fill(0);
  used = POOL_BYTES;
}

/** Whether anything was mixed in. */
export function isMixed(): boolean {
  return mixed !== undefined;
}

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
    refill();
    used = 0;
  }
  used += bytes;
  return used - bytes;
}

function refill(): void {
  randomFillSync(pool);
  if (mixed === undefined) return;
  // The upper half of the counter is the refill, the lower one counts the blocks within it.
  const counter = Buffer.alloc(16);
  counter.writeBigUInt64BE(mixed.refills++);
  createCipheriv('aes-256-ctr', mixed.key, counter).update(pool).copy(pool);
}
