/**
 * PUT /token: the result of a login that was checked by a separate M-Pin server (contract §6, 4).
 * Private, and only where MPinAuthenticationServer names one.
 */
import {
  type Answer,
  answer,
  type Call,
  HttpError,
  type JsonObject,
  type Route,
} from '../http/call.js';
import { numberField, objectField, parseJsonObject, textField } from '../http/json.js';
import { isWid } from '../protocol/access-number.js';
import { type Clock, isoSeconds, parseIsoSeconds } from '../protocol/clock.js';
import { canonicalMpinId } from '../protocol/mpin-id.js';
import { SIGNATURE_LIFE_MS, signedWithOneOf, signToken } from '../protocol/signature.js';
import type { RpsParts } from './parts.js';
import { VERSION } from './replies.js';
import { concludeHere, type Proof, type Verdict } from './verdict.js';

/** What successCode can say (contract §8): the PIN was right, or wrong. */
const SUCCESS = 0;
const WRONG_PIN = -19;

/** Wire for "none", of a WID and of a one-time password. */
const NONE = '0';
const OTP = /^\d{6}$/;
/** Two clocks may differ by so much, in milliseconds. */
const CLOCK_ERROR_MS_MAX = 5_000;
/** After it, a token that was taken is refused for its age. */
const NONCE_LIFE_MS = SIGNATURE_LIFE_MS + 2 * CLOCK_ERROR_MS_MAX;
/** Longest body in bytes: the identity twice, as hex and as text in escapes. */
const BODY_BYTES_MAX = 32_768;

type TokenParts = Pick<RpsParts, 'options' | 'credentials' | 'clock' | 'store' | 'onLogin'>;

export function tokenRoutes(parts: TokenParts): Route[] {
  if (parts.options.MPinAuthenticationServer === '') return [];
  const conclude = concludeHere(parts);
  return [
    {
      method: 'PUT',
      path: '/token',
      access: 'private',
      bodyBytesMax: BODY_BYTES_MAX,
      handle: async (call): Promise<Answer> => {
        const verdict = await readVerdict(parts, call);
        parts.onLogin?.(await conclude(verdict), call.peer, verdict.mpinId);
        return answer(200, { version: VERSION, message: 'OK' });
      },
    },
  ];
}

/** The body of PUT /token. `pinError` and its cost are not signed, as in the documents. */
export function tokenBody(verdict: Verdict, appKey: string, clock: Clock): JsonObject {
  const { mpinId, proof, authOTT, otp = NONE } = verdict;
  const { error = 0, costMs = 0 } = (proof.proven ? undefined : proof.pinError) ?? {};
  const token = {
    WID: verdict.wid === '' ? NONE : verdict.wid,
    expires: isoSeconds(clock.now() + SIGNATURE_LIFE_MS),
    pinError: error,
    successCode: proof.proven ? SUCCESS : WRONG_PIN,
    OTP: otp,
    mpin_id: Buffer.from(mpinId, 'hex').toString('utf8'),
    mpin_id_hex: mpinId,
    pinErrorCost: costMs,
  };
  const signed = { mpinId, ...token, authOTT };
  return { token, authOTT, signature: signToken(appKey, signed) };
}

/** Throws 400 (HttpError) for bad form, 401 for a bad signature, 408 for an old or used token. */
async function readVerdict(parts: TokenParts, call: Call): Promise<Verdict> {
  const { clock, credentials, options, store } = parts;
  const body = parseJsonObject(call.body) ?? {};
  const fields = readFields(objectField(body, 'token') ?? {}, body, 2 * options.OTTLength);
  const signature = textField(body, 'signature') ?? '';
  if (!signedWithOneOf(credentials.appKeys, signature, (key) => signToken(key, fields))) {
    throw new HttpError(401, 'Invalid signature');
  }
  const leftMs = (parseIsoSeconds(fields.expires) ?? 0) - clock.now();
  if (leftMs <= -CLOCK_ERROR_MS_MAX || leftMs > SIGNATURE_LIFE_MS + CLOCK_ERROR_MS_MAX) {
    throw new HttpError(408, 'The token is too old, or its clock is wrong');
  }
  const { authOTT, mpinId, WID, OTP: otp, proof } = fields;
  if (!(await store.takeNonce('token', authOTT, NONCE_LIFE_MS))) {
    throw new HttpError(408, 'The token was delivered before');
  }
  return {
    mpinId,
    proof,
    authOTT,
    otp: otp === NONE ? undefined : otp,
    wid: WID === NONE ? '' : WID,
  };
}

/**
 * The fields in strict form: nothing separates them under the signature, so that each must be one
 * that cannot be read as part of its neighbours (contract §13, 21).
 */
function readFields(token: JsonObject, body: JsonObject, authOTTLength: number) {
  const mpinId = canonicalMpinId(token['mpin_id_hex']);
  const successCode = numberField(token, 'successCode');
  const expires = textField(token, 'expires') ?? '';
  const WID = String(token['WID'] ?? NONE);
  const otp = String(token['OTP'] ?? NONE);
  const authOTT = textField(body, 'authOTT') ?? '';
  const sound =
    (successCode === SUCCESS || successCode === WRONG_PIN) &&
    parseIsoSeconds(expires) !== undefined &&
    (WID === NONE || isWid(WID)) &&
    (otp === NONE || OTP.test(otp)) &&
    authOTT.length === authOTTLength &&
    /^[0-9a-f]+$/.test(authOTT);
  if (mpinId === undefined || !sound) throw new HttpError(400, 'Missing or malformed fields');
  const proof = readProof(token, successCode);
  return { mpinId, successCode, expires, WID, OTP: otp, authOTT, proof };
}

function readProof(token: JsonObject, successCode: number): Proof {
  if (successCode === SUCCESS) return { proven: true };
  const error = numberField(token, 'pinError') ?? 0;
  if (error === 0) return { proven: false };
  return { proven: false, pinError: { error, costMs: numberField(token, 'pinErrorCost') ?? 0 } };
}
