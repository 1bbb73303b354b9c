/** The browser's half of a login by phone: it shows a code and waits (contract §4.8). */
import { ClientError } from './errors.js';
import { outcome } from './login.js';
import type { Connected } from './parts.js';
import { type Fields, fieldsOf } from './settings.js';

/** What the browser shows, as a number to type or a URL in a QR code. */
export interface PhoneCode {
  readonly accessNumber: string | undefined;
  readonly qrUrl: string | undefined;
  /** How long it is good for, in milliseconds. */
  readonly lifeMs: number;
  /** Asks for the outcome. Secret: whoever has it gets the login. */
  readonly webOTT: string;
}

/** What the phone is doing: nothing yet, code read, user chosen, done, too late. */
export type PhoneState =
  | { readonly state: 'waiting' | 'scanned' | 'expired' }
  | { readonly state: 'user'; readonly userId: string }
  | { readonly state: 'approved'; readonly authOTT: string };

const MS_PER_SECOND = 1000;

/** Asks for a number to type on the phone. */
export function requestAccessNumber(on: Connected): Promise<PhoneCode> {
  return requestCode(on, on.settings.getAccessNumberUrl, {});
}

/** Asks for a URL to show as a QR code. */
export function requestQrCode(on: Connected, prerollid?: string): Promise<PhoneCode> {
  return requestCode(on, on.settings.getQrUrl, prerollid === undefined ? {} : { prerollid });
}

async function requestCode(
  { transport }: Connected,
  url: string | undefined,
  body: Fields,
): Promise<PhoneCode> {
  if (url === undefined) throw new ClientError('protocol', 'the server has no logins by phone');
  const fields = fieldsOf(await transport.request({ method: 'POST', url, body }), 'phone login');
  const { accessNumber, qrUrl, webOTT, ttlSeconds } = fields;
  if (typeof webOTT !== 'string' || typeof ttlSeconds !== 'number') {
    throw new ClientError('protocol', 'the server gave no access number');
  }
  const text = (value: unknown) =>
    typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  return {
    accessNumber: text(accessNumber),
    qrUrl: text(qrUrl),
    lifeMs: ttlSeconds * MS_PER_SECOND,
    webOTT,
  };
}

/** Asks once what the phone is doing. */
export async function phoneState(on: Connected, { webOTT }: PhoneCode): Promise<PhoneState> {
  const { accessNumberUrl: url } = on.settings;
  if (url === undefined) throw new ClientError('protocol', 'the server has no logins by phone');
  const reply = await on.transport.request({ method: 'POST', url, body: { webOTT } });
  // The older path of the documents says 401 until it is done, and then only the authOTT.
  if (reply.status === 401) return { state: 'waiting' };
  const { status, userId, authOTT } = fieldsOf(reply, 'phone login');
  if (typeof authOTT === 'string' && authOTT !== '' && (status ?? 'authenticate') !== 'expired') {
    return { state: 'approved', authOTT };
  }
  if (status === 'expired') return { state: 'expired' };
  if (status === 'user') return { state: 'user', userId: String(userId ?? '') };
  return { state: status === 'wid' ? 'scanned' : 'waiting' };
}

/** Logs the browser in with what the phone has proved. */
export async function completePhoneLogin(on: Connected, authOTT: string): Promise<Fields> {
  on.onStep?.('authenticate');
  const body = { mpinResponse: { authOTT } };
  const formatted = on.formatAuthentication?.(body) ?? body;
  const { authenticateUrl: url } = on.settings;
  return outcome(await on.transport.request({ method: 'POST', url, body: formatted }));
}
