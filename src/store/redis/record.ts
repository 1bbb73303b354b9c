/**
 * Challenges and results as bytes. The heads of challenges are written and read by the scripts
 * (scripts/challenges.ts); what follows them is opaque there but for id and peer.
 */
import { assertChallenge, POINT_BYTES, SCALAR_BYTES } from '../challenge.js';
import type { Challenge, LoginStatus, TakenResult } from '../store.js';

/** When it ends (6 bytes), failures in its life, and the length of what follows. */
const HEAD_BYTES = 8;
const LENGTH_AT = HEAD_BYTES - 1;

/** Most that one byte can say of a length. */
const BYTE_MAX = 255;
const OTP = /^\d{6}$/;
const OTP_DIGITS = 6;
/** By the first byte of a result. */
const STATUSES: readonly LoginStatus[] = [200, 401, 410];
/** The same of a right PIN whose identity is revoked: nothing that is kept begins with it. */
export const REVOKED = STATUSES.length;

/**
 * A challenge without its head: id and peer, each after its length, U, y, and UT if there is one.
 * @throws RangeError for fields of another length than the readers expect
 */
export function encodeChallenge(challenge: Challenge): Buffer {
  assertChallenge(challenge);
  const { id, peer, u, ut, y } = challenge;
  const uAt = 2 + id.length + peer.length;
  const bytes = Buffer.allocUnsafe(uAt + POINT_BYTES + SCALAR_BYTES + ut.length);
  bytes[0] = id.length;
  bytes.write(id, 1, 'latin1');
  bytes[1 + id.length] = peer.length;
  bytes.write(peer, 2 + id.length, 'latin1');
  bytes.set(u, uAt);
  bytes.set(y, uAt + POINT_BYTES);
  bytes.set(ut, uAt + POINT_BYTES + SCALAR_BYTES);
  return bytes;
}

/** @param bytes any number of challenges with their heads, one after the other */
export function decodeChallenges(bytes: Buffer): Challenge[] {
  const challenges: Challenge[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + HEAD_BYTES + (bytes[at + LENGTH_AT] as number);
    challenges.push(decodeChallenge(bytes, at + HEAD_BYTES, end));
    at = end;
  }
  return challenges;
}

function decodeChallenge(bytes: Buffer, at: number, end: number): Challenge {
  const idAt = at + 1;
  const peerAt = idAt + (bytes[at] as number) + 1;
  const uAt = peerAt + (bytes[peerAt - 1] as number);
  const yAt = uAt + POINT_BYTES;
  const utAt = yAt + SCALAR_BYTES;
  return {
    id: bytes.toString('latin1', idAt, peerAt - 1),
    peer: bytes.toString('latin1', peerAt, uAt),
    u: bytes.subarray(uAt, yAt),
    y: bytes.subarray(yAt, utAt),
    ut: bytes.subarray(utAt, end),
  };
}

/**
 * A result without its status, which the script puts before it: the one-time password and what the
 * login is about, each after its length, and the identity.
 * @param about place of the identity (keys.ts), or id of the meeting of a mobile's login
 * @throws RangeError for a one-time password that is none, or an id that is too long
 */
export function encodeResult(mpinId: string, otp: string | undefined, about: string): Buffer {
  if (otp !== undefined && !OTP.test(otp)) {
    throw new RangeError(`a one-time password has ${OTP_DIGITS} digits`);
  }
  const aboutBytes = Buffer.byteLength(about);
  if (aboutBytes > BYTE_MAX) throw new RangeError(`a meeting's id has at most ${BYTE_MAX} bytes`);
  const otpBytes = otp === undefined ? 0 : OTP_DIGITS;
  const bytes = Buffer.allocUnsafe(2 + otpBytes + aboutBytes + mpinId.length / 2);
  bytes[0] = otpBytes;
  bytes.write(otp ?? '', 1, 'latin1');
  bytes[1 + otpBytes] = aboutBytes;
  bytes.write(about, 2 + otpBytes);
  bytes.write(mpinId, 2 + otpBytes + aboutBytes, 'hex');
  return bytes;
}

/** A whole result, as the script makes it. */
export function withStatus(status: LoginStatus, result: Buffer): Buffer {
  return Buffer.concat([Buffer.of(STATUSES.indexOf(status)), result]);
}

/** What {@link encodeResult} was given, and what the scripts have put before it. */
export function decodeResult(bytes: Buffer): {
  readonly result: TakenResult;
  readonly about: string;
} {
  const first = bytes[0] as number;
  const status = first === REVOKED ? 200 : STATUSES[first];
  if (status === undefined) throw new Error('a result in Redis has no known status');
  const aboutAt = 3 + (bytes[1] as number);
  const mpinIdAt = aboutAt + (bytes[aboutAt - 1] as number);
  const about = bytes.toString('utf8', aboutAt, mpinIdAt);
  const result: TakenResult = {
    status,
    mpinId: bytes.toString('hex', mpinIdAt),
    ...(aboutAt === 3 ? {} : { otp: bytes.toString('latin1', 2, aboutAt - 1) }),
    ...(first === REVOKED ? { revoked: true } : {}),
  };
  return { result, about };
}
