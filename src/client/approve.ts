/** The phone's half of a login that happens in a browser elsewhere (contract §4.8, §4.10). */
import { ClientError } from './errors.js';
import { type LoginRequest, outcome, proveAndAsk } from './login.js';
import type { Connected } from './parts.js';
import { type Fields, parseObject } from './settings.js';

export interface ApproveRequest extends LoginRequest {
  /** The access number that the browser shows, or what its QR code holds after the `#`. */
  readonly code: string;
}

/** How the phone ends the browser's session; absent when the relying party offers no way. */
export interface RemoteLogout {
  readonly url: string;
  readonly data: Fields;
}

/** What the browser's application says of itself after a scan. */
export interface AppDetails {
  readonly name: string;
  readonly logoUrl: string;
}

/** Proves the PIN for the browser that shows `code`. */
export async function approve(
  on: Connected,
  request: ApproveRequest,
): Promise<RemoteLogout | undefined> {
  const { mobileAuthenticateUrl: authenticateUrl } = on.settings;
  if (authenticateUrl === undefined) {
    throw new ClientError('protocol', 'the server has no logins by phone');
  }
  const { fields } = await proveAndAsk(on, request, { authenticateUrl, wid: request.code });
  const { logoutURL, logoutData } = fields;
  if (typeof logoutURL !== 'string' || logoutURL === '') return undefined;
  const data = typeof logoutData === 'object' && logoutData !== null ? (logoutData as Fields) : {};
  return { url: new URL(logoutURL, on.baseUrl).href, data };
}

/** Ends the session of the browser that was logged in with `approve`. */
export async function logoutRemotely(on: Connected, { url, data }: RemoteLogout): Promise<void> {
  outcome(await on.transport.request({ method: 'POST', url, body: data }));
}

/** Tells the browser that its code was scanned; gives what its application is called. */
export async function announceScan(on: Connected, wid: string): Promise<AppDetails> {
  const fields = await announce(on, { status: 'wid', wid });
  const text = (...names: string[]): string => {
    const value = names.map((name) => fields[name]).find((field) => typeof field === 'string');
    return typeof value === 'string' ? value : '';
  };
  return { name: text('appName', 'AppName'), logoUrl: text('appLogoURL', 'AppLogoUrl') };
}

/** Tells the browser who is about to log it in. */
export async function announceUser(on: Connected, wid: string, userId: string): Promise<void> {
  await announce(on, { status: 'user', wid, userId });
}

/** The browser only shows these: a login must not fail for them. */
async function announce({ transport, settings }: Connected, body: Fields): Promise<Fields> {
  const { codeStatusUrl: url } = settings;
  if (url === undefined) return {};
  const reply = await transport.request({ method: 'POST', url, body }).catch(() => undefined);
  return reply?.status === 200 ? (parseObject(reply.text) ?? {}) : {};
}
