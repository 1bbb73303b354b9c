/**
 * The protocol by milagro-crypto-js, an implementation that shares nothing with ours, behind
 * functions of the same shapes as our face.
 */
import { createRequire } from 'node:module';

type Octets = number[];

/** The part of its MPIN object that is used here. */
interface Mpin {
  HASH_ID(sha: number, id: Octets): Octets;
  GET_SERVER_SECRET(s: Octets, out: Octets): number;
  GET_CLIENT_SECRET(s: Octets, hash: Octets, out: Octets): number;
  GET_CLIENT_PERMIT(sha: number, date: number, s: Octets, hash: Octets, out: Octets): number;
  RECOMBINE_G1(a: Octets, b: Octets, out: Octets): number;
  RECOMBINE_G2(a: Octets, b: Octets, out: Octets): number;
  EXTRACT_PIN(sha: number, id: Octets, pin: number, token: Octets): number;
  CLIENT_1(
    sha: number,
    date: number,
    id: Octets,
    rng: null,
    x: Octets,
    pin: number,
    token: Octets,
    sec: Octets,
    u: Octets,
    ut: Octets | null,
    permit: Octets | null,
  ): number;
  CLIENT_2(x: Octets, y: Octets, sec: Octets): number;
  SERVER_1(sha: number, date: number, id: Octets, hid: Octets, htid: Octets): void;
  SERVER_2(
    date: number,
    hid: Octets,
    htid: Octets,
    y: Octets,
    secret: Octets,
    u: Octets,
    ut: Octets,
    v: Octets,
    e: Octets | null,
    f: Octets | null,
  ): number;
}

const CTX = createRequire(import.meta.url)('milagro-crypto-js') as new (
  curve: string,
) => { MPIN: Mpin };
const { MPIN } = new CTX('BN254CX');
const SHA256 = 32;

const octets = (bytes: Uint8Array): Octets => Array.from(bytes);

/** Runs a function of theirs that fills its last array. */
function output(run: (out: Octets) => number): Uint8Array {
  const out: Octets = [];
  const status = run(out);
  if (status !== 0) throw new Error(`milagro-crypto-js returned ${status}`);
  return Uint8Array.from(out);
}

export const hashId = (mpinId: Uint8Array): Uint8Array =>
  Uint8Array.from(MPIN.HASH_ID(SHA256, octets(mpinId)));

export const serverSecretShare = (master: Uint8Array): Uint8Array =>
  output((out) => MPIN.GET_SERVER_SECRET(octets(master), out));

export const clientSecretShare = (master: Uint8Array, hash: Uint8Array): Uint8Array =>
  output((out) => MPIN.GET_CLIENT_SECRET(octets(master), octets(hash), out));

export const timePermitShare = (master: Uint8Array, hash: Uint8Array, date: number): Uint8Array =>
  output((out) => MPIN.GET_CLIENT_PERMIT(SHA256, date, octets(master), octets(hash), out));

export const addG1 = (a: Uint8Array, b: Uint8Array): Uint8Array =>
  output((out) => MPIN.RECOMBINE_G1(octets(a), octets(b), out));

export const addG2 = (a: Uint8Array, b: Uint8Array): Uint8Array =>
  output((out) => MPIN.RECOMBINE_G2(octets(a), octets(b), out));

export function extractPin(mpinId: Uint8Array, pin: number, clientSecret: Uint8Array): Uint8Array {
  const token = octets(clientSecret);
  const status = MPIN.EXTRACT_PIN(SHA256, octets(mpinId), pin, token);
  if (status !== 0) throw new Error(`milagro-crypto-js returned ${status}`);
  return Uint8Array.from(token);
}

export function clientPass1(input: {
  mpinId: Uint8Array;
  pin: number;
  token: Uint8Array;
  timePermit?: Uint8Array | undefined;
  date?: number | undefined;
  x: Uint8Array;
}): { x: Uint8Array; u: Uint8Array; ut?: Uint8Array; sec: Uint8Array } {
  const { mpinId, pin, token, timePermit, date = 0, x } = input;
  const [sec, u, ut] = [[], [], []] as [Octets, Octets, Octets];
  const permit = timePermit === undefined ? null : octets(timePermit);
  const [id, xs, theirs] = [octets(mpinId), octets(x), octets(token)];
  const status = MPIN.CLIENT_1(SHA256, date, id, null, xs, pin, theirs, sec, u, ut, permit);
  if (status !== 0) throw new Error(`milagro-crypto-js returned ${status}`);
  const result = { x, u: Uint8Array.from(u), sec: Uint8Array.from(sec) };
  return date === 0 ? result : { ...result, ut: Uint8Array.from(ut) };
}

export function clientPass2(input: { x: Uint8Array; y: Uint8Array; sec: Uint8Array }): Uint8Array {
  const v = octets(input.sec);
  const status = MPIN.CLIENT_2(octets(input.x), octets(input.y), v);
  if (status !== 0) throw new Error(`milagro-crypto-js returned ${status}`);
  return Uint8Array.from(v);
}

/** Their whole check, hashing included: 0, −19 or −14. */
export function verify(
  serverSecret: Uint8Array,
  proof: {
    mpinId: Uint8Array;
    date: number;
    u: Uint8Array;
    ut?: Uint8Array | undefined;
    y: Uint8Array;
    v: Uint8Array;
  },
): number {
  const [hid, htid] = [[], []] as [Octets, Octets];
  MPIN.SERVER_1(SHA256, proof.date, octets(proof.mpinId), hid, htid);
  const u = octets(proof.u);
  const ut = octets(proof.ut ?? new Uint8Array(0));
  const y = octets(proof.y);
  const v = octets(proof.v);
  return MPIN.SERVER_2(proof.date, hid, htid, y, octets(serverSecret), u, ut, v, null, null);
}
