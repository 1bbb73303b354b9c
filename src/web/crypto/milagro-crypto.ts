/** The client's cryptography by milagro-crypto-js: takes some 50 ms, so it belongs in a worker. */
import type { ClientCrypto, Pass1Input } from '../../client/crypto.js';
import { mpinOfMilagro as mpin, type Octets } from './milagro.js';
import { randomScalar } from './random-scalar.js';

/** Its code for SHA-256. */
const SHA256 = 32;
const UNCOMPRESSED = 0x04;

export const milagroCrypto = {
  add: (a: Uint8Array, b: Uint8Array): Uint8Array => {
    const sum: Octets = [];
    done(mpin.RECOMBINE_G1(point(a), point(b), sum));
    return Uint8Array.from(sum);
  },

  extractPin: (mpinId: Uint8Array, pin: number, clientSecret: Uint8Array): Uint8Array => {
    const token = point(clientSecret);
    done(mpin.EXTRACT_PIN(SHA256, [...mpinId], pin, token));
    return taken(token);
  },

  pass1: ({ mpinId, pin, token, timePermit, date = 0 }: Pass1Input) => {
    const x = randomScalar();
    const [sec, u, ut]: [Octets, Octets, Octets] = [[], [], []];
    const permit = timePermit === undefined ? null : point(timePermit);
    const id = [...mpinId];
    const day = permit === null ? 0 : date;
    done(mpin.CLIENT_1(SHA256, day, id, null, [...x], pin, point(token), sec, u, ut, permit));
    const result = { x, u: taken(u), sec: taken(sec) };
    return permit === null ? result : { ...result, ut: taken(ut) };
  },

  pass2: ({ x, y, sec }: { x: Uint8Array; y: Uint8Array; sec: Uint8Array }): Uint8Array => {
    const v = [...sec];
    done(mpin.CLIENT_2([...x], [...y], v));
    return taken(v);
  },
} satisfies ClientCrypto;

/** Uncompressed, as on this wire: the library would take other first bytes for a compressed one. */
function point(bytes: Uint8Array): Octets {
  if (bytes[0] !== UNCOMPRESSED) done(mpin.INVALID_POINT);
  return [...bytes];
}

/** The bytes of a list, which is wiped: it may have held a secret. */
function taken(octets: Octets): Uint8Array {
  const bytes = Uint8Array.from(octets);
  octets.fill(0);
  return bytes;
}

/** Every failure means that a point is none: the server sent it, or the store is damaged. */
function done(status: number): void {
  if (status !== 0) throw new Error(`not a point of the curve (${status})`);
}
