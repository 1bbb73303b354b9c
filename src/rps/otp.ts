/**
 * One-time passwords (contract §4.9). Pass 2 shows one to the person, whether or not the PIN was
 * right; it is worth something once the RPA has taken a login that was. POST /verifyOTP, private,
 * lets the RPA, or a RADIUS server behind it, use it once within its life.
 */
import { hash } from 'node:crypto';
import { type Answer, answer, type Call, HttpError, type Route } from '../http/call.js';
import { parseJsonObject, textField } from '../http/json.js';
import { isUserId } from '../protocol/user-id.js';
import type { Awaitable, Store } from '../store/store.js';
import type { RpsParts } from './parts.js';

const MS_PER_SECOND = 1000;
const OTP = /^\d{6}$/;

type OtpParts = Pick<RpsParts, 'store' | 'audit'>;

export function otpRoutes(parts: OtpParts): Route[] {
  return [
    {
      method: 'POST',
      path: '/verifyOTP',
      access: 'private',
      handle: (call) => verifyOtp(parts, call),
    },
  ];
}

/** From now on the person can use it for `lifeSeconds`. */
export function keepOtp(
  store: Pick<Store, 'putOtp'>,
  { userId, mpinId, otp }: { userId: string; mpinId: string; otp: string },
  lifeSeconds: number,
): Awaitable<void> {
  return store.putOtp(personOf(userId), { otp, mpinId }, lifeSeconds * MS_PER_SECOND);
}

/**
 * By person and not by identity, as a RADIUS server knows only who logs in. One answer for wrong,
 * used and overdue ones, and for those that too many wrong tries have ended.
 */
async function verifyOtp({ store, audit }: OtpParts, call: Call): Promise<Answer> {
  const body = parseJsonObject(call.body) ?? {};
  const userId = textField(body, 'userId');
  const otp = textField(body, 'OTP');
  if (userId === undefined) throw new HttpError(400, 'Missing userId');
  if (otp === undefined) throw new HttpError(400, 'Missing OTP');
  const mpinId = OTP.test(otp) ? await store.takeOtp(personOf(userId), otp) : undefined;
  const user = isUserId(userId) ? userId : undefined;
  audit({ event: 'otp', mpinId, userId: user, peer: call.peer, ok: mpinId !== undefined });
  return mpinId === undefined
    ? answer(401, { status: 401, message: 'Wrong one-time password', userId, mpinId: '' })
    : answer(200, { status: 200, message: 'One-time password accepted', userId, mpinId });
}

function personOf(userId: string): string {
  return hash('sha256', userId, 'hex');
}
