/** One identity with all of its login that does not depend on the server's y, made ahead. */
import {
  addG1,
  clientPass1,
  clientSecretShare,
  hashId,
  timePermitShare,
} from '../../src/crypto/index.js';

export interface PreparedLogin {
  /** Lower-case hex. */
  readonly mpinId: string;
  /** The whole message of pass 1, as JSON. */
  readonly pass1: string;
  /** Needed for V = −(x + y)·sec. */
  readonly x: Uint8Array;
  readonly sec: Uint8Array;
}

/** What a client has once it is registered. */
export interface Identity {
  /** Raw bytes. */
  readonly mpinId: Uint8Array;
  readonly pin: number;
  readonly token: Uint8Array;
  readonly timePermit: Uint8Array | undefined;
  /** Day of the time permit; 0 without. */
  readonly date: number;
}

const ONE = new Uint8Array(32).fill(1, 31);

/** Does pass 1 of a registered client. */
export function prepareLogin(identity: Identity): PreparedLogin {
  const mpinId = hexOf(identity.mpinId);
  const { x, u, ut, sec } = clientPass1(identity);
  return { mpinId, pass1: pass1Message(mpinId, u, ut), x, sec };
}

/**
 * The same for an identity nobody has registered, from the master secret s (both authorities'
 * sum, 32 bytes). With x = s, U is the client secret and UT = s·(A + T) is also what V is made
 * with: two scalar multiplications instead of seven, for points that are no less different and
 * cost the server the same.
 */
export function issueLogin(master: Uint8Array, mpinId: string, date: number): PreparedLogin {
  const hash = hashId(Buffer.from(mpinId, 'hex'));
  const u = clientSecretShare(master, hash);
  const sec = addG1(u, timePermitShare(master, hash, date));
  return { mpinId, pass1: pass1Message(mpinId, u, sec), x: master, sec };
}

/** The `sec` of somebody who typed a PIN one too high: a multiple of A more. */
export function wrongSecOf({ mpinId, sec }: PreparedLogin): Uint8Array {
  return addG1(sec, clientSecretShare(ONE, hashId(Buffer.from(mpinId, 'hex'))));
}

function pass1Message(mpinId: string, u: Uint8Array, ut: Uint8Array | undefined): string {
  const UT = ut === undefined ? '' : hexOf(ut);
  return JSON.stringify({ mpin_id: mpinId, UT, U: hexOf(u), pass: 1 });
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
