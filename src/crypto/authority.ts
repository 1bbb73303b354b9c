/** The trusted authority's side: master secrets and the shares made with them (contract §8). */
import { addon } from './addon.js';
import { demandBytes, demandDate } from './arguments.js';
import { demandOk } from './errors.js';
import { type CryptoProvider, providerOf } from './provider.js';
import { G1_BYTES, G2_BYTES, HASH_BYTES, SCALAR_BYTES } from './sizes.js';

/** SHA-256 of an identity's raw bytes: 32 bytes, the `hashId` and `hash_mpin_id` of all calls. */
export function hashId(mpinId: Uint8Array): Uint8Array {
  demandBytes('mpinId', mpinId);
  const hash = new Uint8Array(HASH_BYTES);
  demandOk(addon.hashId(hash, mpinId));
  return hash;
}

/** A scalar uniform in [1, r) from the operating system: 32 bytes, big-endian. */
export function randomSecret(): Uint8Array {
  const secret = new Uint8Array(SCALAR_BYTES);
  if (addon.randomScalar(secret) !== 0) throw new Error('the operating system has no randomness');
  return secret;
}

/** s·Q, a share of the server secret: 128 bytes. Throws −11 unless master is in [1, r). */
export function serverSecretShare(
  master: Uint8Array,
  provider: CryptoProvider = 'core',
): Uint8Array {
  demandBytes('master', master, SCALAR_BYTES);
  const share = new Uint8Array(G2_BYTES);
  demandOk(providerOf(provider).serverSecretShare(share, master));
  return share;
}

/** s·map(hashId), a share of a client secret: 65 bytes. Throws −11 unless master is in [1, r). */
export function clientSecretShare(
  master: Uint8Array,
  hashId: Uint8Array,
  provider: CryptoProvider = 'core',
): Uint8Array {
  demandBytes('master', master, SCALAR_BYTES);
  demandBytes('hashId', hashId, HASH_BYTES);
  const share = new Uint8Array(G1_BYTES);
  demandOk(providerOf(provider).clientSecretShares(share, master, hashId));
  return share;
}

/**
 * s·map(SHA-256(date ‖ hashId)), a share of the time permit of one day: 65 bytes.
 * `date` is an integer in 1 … 2³²−1; throws −11 unless master is in [1, r).
 */
export function timePermitShare(master: Uint8Array, hashId: Uint8Array, date: number): Uint8Array {
  return timePermitShares(master, hashId, [date]);
}

/** The shares of several days in one array, 65 bytes each: cheaper than one by one. */
export function timePermitShares(
  master: Uint8Array,
  hashId: Uint8Array,
  dates: readonly number[],
  provider: CryptoProvider = 'core',
): Uint8Array {
  demandBytes('master', master, SCALAR_BYTES);
  demandBytes('hashId', hashId, HASH_BYTES);
  for (const date of dates) demandDate(date, 1);
  const shares = new Uint8Array(dates.length * G1_BYTES);
  demandOk(providerOf(provider).timePermitShares(shares, master, hashId, Uint32Array.from(dates)));
  return shares;
}

/** a + b in G1: 65 bytes. Throws −14 for a bad point and for an infinite sum. */
export function addG1(a: Uint8Array, b: Uint8Array): Uint8Array {
  demandBytes('a', a, G1_BYTES);
  demandBytes('b', b, G1_BYTES);
  const sum = new Uint8Array(G1_BYTES);
  demandOk(addon.addG1(sum, a, b));
  return sum;
}

/** a + b in G2: 128 bytes. Throws −14 for a bad point and for an infinite sum. */
export function addG2(a: Uint8Array, b: Uint8Array): Uint8Array {
  demandBytes('a', a, G2_BYTES);
  demandBytes('b', b, G2_BYTES);
  const sum = new Uint8Array(G2_BYTES);
  demandOk(addon.addG2(sum, a, b));
  return sum;
}
