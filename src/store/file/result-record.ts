/** The frozen outcome of a login as bytes: status, one-time password if any, and the identity. */
import type { LoginResult, LoginStatus } from '../store.js';

/** Longest token in characters: the hex of 64 bytes, the longest that can be configured. */
const TOKEN_CHARS_MAX = 128;
const OTP = /^\d{6}$/;
const OTP_DIGITS = 6;
const STATUS_BYTES = 2;

export function encodeResult({ status, mpinId, otp = '' }: LoginResult): Buffer {
  const head = Buffer.allocUnsafe(STATUS_BYTES + 1);
  head.writeUInt16BE(status, 0);
  head[STATUS_BYTES] = otp.length;
  return Buffer.concat([head, Buffer.from(otp, 'latin1'), Buffer.from(mpinId, 'hex')]);
}

export function decodeResult(payload: Buffer): LoginResult {
  const status = payload.readUInt16BE(0) as LoginStatus;
  const otpEnd = STATUS_BYTES + 1 + payload.readUInt8(STATUS_BYTES);
  const otp = payload.toString('latin1', STATUS_BYTES + 1, otpEnd);
  const mpinId = payload.toString('hex', otpEnd);
  return otp === '' ? { status, mpinId } : { status, mpinId, otp };
}

/** Whether a result could ever have been kept under this token. */
export function isToken(authOTT: string): boolean {
  return authOTT.length <= TOKEN_CHARS_MAX;
}

/** Throws RangeError for what no result can be kept under or with. */
export function assertKeepable(authOTT: string, otp: string | undefined): void {
  if (!isToken(authOTT)) {
    throw new RangeError(`an authOTT has at most ${TOKEN_CHARS_MAX} characters`);
  }
  if (otp !== undefined && !OTP.test(otp)) {
    throw new RangeError(`a one-time password has ${OTP_DIGITS} digits`);
  }
}
