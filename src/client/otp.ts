/** A one-time password for another system, e.g. a RADIUS login (contract §4.9). */
import { ClientError } from './errors.js';
import { type LoginRequest, proveAndAsk } from './login.js';
import type { Connected } from './parts.js';

export interface OneTimePassword {
  /** Six digits. */
  readonly otp: string;
  /** How long it is good for from now on, by the server's clock, in milliseconds. */
  readonly lifeMs: number;
  /** How long it is good for altogether, in milliseconds. */
  readonly wholeLifeMs: number;
}

const MS_PER_SECOND = 1000;

/** Proves the PIN for a one-time password instead of a login. */
export async function requestOtp(on: Connected, request: LoginRequest): Promise<OneTimePassword> {
  const { authenticateUrl } = on.settings;
  const { fields, otp } = await proveAndAsk(on, request, { authenticateUrl, otp: true });
  const { expireTime, nowTime, ttlSeconds } = fields;
  if (
    otp === undefined ||
    typeof expireTime !== 'number' ||
    typeof nowTime !== 'number' ||
    typeof ttlSeconds !== 'number'
  ) {
    throw new ClientError('protocol', 'the server gave no one-time password');
  }
  const wholeLifeMs = ttlSeconds * MS_PER_SECOND;
  return { otp, wholeLifeMs, lifeMs: Math.min(wholeLifeMs, Math.max(0, expireTime - nowTime)) };
}
