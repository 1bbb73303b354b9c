/** The client's side: the token behind the PIN, and the two passes of a login (contract §8). */
import { addon } from './addon.js';
import { demandBytes, demandDate, demandObject, demandPin } from './arguments.js';
import { hashId, randomSecret } from './authority.js';
import { demandOk } from './errors.js';
import { G1_BYTES, SCALAR_BYTES } from './sizes.js';

export interface Pass1Input {
  /** The identity's raw bytes, of any length. */
  readonly mpinId: Uint8Array;
  /** An integer in 0 … 9999. */
  readonly pin: number;
  readonly token: Uint8Array;
  /** Sum of the day's time permit shares; given if and only if `date` is given and not 0. */
  readonly timePermit?: Uint8Array | undefined;
  readonly date?: number | undefined;
  /** The client's secret scalar in [1, r); drawn afresh when absent, as it should be. */
  readonly x?: Uint8Array | undefined;
}

export interface Pass1Output {
  /** Kept for pass 2. Secret. */
  readonly x: Uint8Array;
  /** x·A, sent in pass 1. */
  readonly u: Uint8Array;
  /** x·(A + T), sent in pass 1; absent without time permit. */
  readonly ut?: Uint8Array;
  /** token + PIN·A (+ permit), kept for pass 2. Secret. */
  readonly sec: Uint8Array;
}

export interface Pass2Input {
  readonly x: Uint8Array;
  /** The server's challenge, 32 bytes, taken mod r. */
  readonly y: Uint8Array;
  readonly sec: Uint8Array;
}

/**
 * clientSecret − pin·A, the token a client keeps: 65 bytes. RangeError for a PIN outside 0…9999;
 * throws −14 for a bad point, or when nothing but infinity is left.
 */
export function extractPin(mpinId: Uint8Array, pin: number, clientSecret: Uint8Array): Uint8Array {
  demandBytes('mpinId', mpinId);
  demandPin(pin);
  demandBytes('clientSecret', clientSecret, G1_BYTES);
  const token = new Uint8Array(G1_BYTES);
  demandOk(addon.extractPin(token, hashId(mpinId), pin, clientSecret));
  return token;
}

/** Starts a login. Throws −14 for a bad token or permit and −11 for an x out of range. */
export function clientPass1(input: Pass1Input): Pass1Output {
  demandObject('input', input);
  const { mpinId, pin, token, timePermit, date = 0 } = input;
  demandBytes('mpinId', mpinId);
  demandPin(pin);
  demandBytes('token', token, G1_BYTES);
  demandDate(date, 0);
  if (timePermit !== undefined) demandBytes('timePermit', timePermit, G1_BYTES);
  if ((timePermit !== undefined) !== (date !== 0)) {
    throw new TypeError('timePermit and date must be given together');
  }
  if (input.x !== undefined) demandBytes('x', input.x, SCALAR_BYTES);

  const x = input.x === undefined ? randomSecret() : Uint8Array.from(input.x);
  const u = new Uint8Array(G1_BYTES);
  const ut = new Uint8Array(G1_BYTES);
  const sec = new Uint8Array(G1_BYTES);
  const hash = hashId(mpinId);
  demandOk(addon.clientPass1(u, ut, sec, hash, pin, token, timePermit ?? null, date, x));
  return date === 0 ? { x, u, sec } : { x, u, ut, sec };
}

/**
 * V = −(x + y)·sec, the proof of pass 2: 65 bytes. Throws −14 for a bad sec, and −11 for an x out
 * of range or the one y in r that cancels it.
 */
export function clientPass2(input: Pass2Input): Uint8Array {
  demandObject('input', input);
  const { x, y, sec } = input;
  demandBytes('x', x, SCALAR_BYTES);
  demandBytes('y', y, SCALAR_BYTES);
  demandBytes('sec', sec, G1_BYTES);
  const v = new Uint8Array(G1_BYTES);
  demandOk(addon.clientPass2(v, x, y, sec));
  return v;
}
