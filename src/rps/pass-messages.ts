/** The messages of the two passes, read from the wire (contract §4.6, §4.7, §1 rule 12). */
import { HttpError, type JsonObject } from '../http/call.js';
import { looseFlag, textField } from '../http/json.js';
import { hexBytes } from '../protocol/hex.js';
import { canonicalMpinId } from '../protocol/mpin-id.js';

const POINT_BYTES = 65;
/** First byte of a point that is not compressed: the only form on this wire. */
const UNCOMPRESSED = 4;

const NO_BYTES = new Uint8Array(0);

export interface Pass1 {
  readonly u: Uint8Array;
  /** Empty when logins need no time permit. */
  readonly ut: Uint8Array;
}

export interface Pass2 {
  readonly v: Uint8Array;
  /** The client wants a one-time password. */
  readonly wantsOtp: boolean;
  /** Access number or QR id of the browser to be logged in; '' for none. */
  readonly wid: string;
}

/** The identity in canonical form; throws 403 (HttpError) for anything else. */
export function readMpinId(body: JsonObject): string {
  const mpinId = canonicalMpinId(body['mpin_id']);
  if (mpinId === undefined) throw malformed('mpin_id');
  return mpinId;
}

/** Throws 403 (HttpError) for a missing or malformed field. */
export function readPass1(body: JsonObject, usePermits: boolean): Pass1 {
  // The mode is ours to set: an empty UT is never taken for "without permit" (contract §13, 10).
  return { u: readPoint(body, 'U'), ut: usePermits ? readPoint(body, 'UT') : NO_BYTES };
}

/** Throws 403 (HttpError) for a missing or malformed field. */
export function readPass2(body: JsonObject): Pass2 {
  return {
    v: readPoint(body, 'V'),
    wantsOtp: looseFlag(body, 'OTP'),
    wid: readWid(body),
  };
}

/** A point in form; throws 403 (HttpError) for anything else. */
export function readPoint(body: JsonObject, name: string): Uint8Array {
  const point = hexBytes(textField(body, name) ?? '', POINT_BYTES);
  // Whether it is one of the curve is seen when it is used.
  if (point?.[0] !== UNCOMPRESSED) throw malformed(name);
  return point;
}

/** A text or a number; "0", 0, "", null and absence mean none, which is ''. */
function readWid(body: JsonObject): string {
  const wid = body['WID'] ?? '';
  if (typeof wid !== 'string' && typeof wid !== 'number') throw malformed('WID');
  return String(wid) === '0' ? '' : String(wid).toLowerCase();
}

function malformed(name: string): HttpError {
  return new HttpError(403, `Missing or malformed ${name}`);
}
