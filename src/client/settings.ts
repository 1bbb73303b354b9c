/** What clientSettings tells a client (contract §4.1), and how replies of any step are read. */
import { ClientError } from './errors.js';
import type { Reply, Transport } from './transport.js';

export interface Settings {
  readonly appId: string;
  readonly registerUrl: string;
  readonly signatureUrl: string;
  readonly setupDoneUrl: string | undefined;
  readonly timePermitsUrl: string;
  readonly timePermitsStorageUrl: string | undefined;
  /** Bases of the hosted authorities, each with its final slash: usually one. */
  readonly hostedUrls: readonly string[];
  /** Base of pass 1, pass 2 and the WebSocket. */
  readonly authServerUrl: string;
  readonly authenticateUrl: string;
  /** Where a mobile confirms a login of a browser elsewhere. */
  readonly mobileAuthenticateUrl: string | undefined;
  /** Where the browser asks how that login is doing. */
  readonly accessNumberUrl: string | undefined;
  readonly getAccessNumberUrl: string | undefined;
  readonly getQrUrl: string | undefined;
  readonly codeStatusUrl: string | undefined;
  readonly accessNumber: AccessNumberForm;
  readonly usePermits: boolean;
  readonly requestOtp: boolean;
  /** Wrong PINs in a row that lock an identity; undefined where the server does not tell. */
  readonly maxAttempts: number | undefined;
  readonly useWebSocket: boolean;
  readonly setDeviceName: boolean;
  readonly successLoginUrl: string | undefined;
  /** What the name of a new identity must look like, as the source of a RegExp. */
  readonly identityCheckRegex: string | undefined;
}

/** How many digits an access number has, and whether (and how) its last one checks it. */
export interface AccessNumberForm {
  readonly digits: number;
  readonly check: 'none' | 'weighted' | 'old';
}

const DEFAULT_SETTINGS_URL = '/rps/clientSettings';
const DEFAULT_ACCESS_NUMBER_DIGITS = 7;

export type Fields = Readonly<Record<string, unknown>>;

/** Fetches the settings of the server at `baseUrl`. */
export async function fetchSettings(
  transport: Transport,
  baseUrl: string,
  settingsUrl = DEFAULT_SETTINGS_URL,
): Promise<Settings> {
  const url = new URL(settingsUrl, baseUrl).href;
  const fields = fieldsOf(await transport.request({ method: 'GET', url }), 'client settings');
  const optional = (name: string): string | undefined => {
    const value = fields[name];
    return typeof value === 'string' && value !== '' ? absolute(value, baseUrl) : undefined;
  };
  const need = (name: string): string => {
    const value = optional(name);
    if (value === undefined) throw new ClientError('protocol', `client settings lack ${name}`);
    return value;
  };
  const { authorityURLs } = fields;
  const further = (Array.isArray(authorityURLs) ? authorityURLs : []).map((url: unknown) =>
    absolute(String(url), baseUrl),
  );
  return {
    appId: typeof fields['appID'] === 'string' ? fields['appID'] : '',
    registerUrl: need('registerURL'),
    signatureUrl: need('signatureURL'),
    setupDoneUrl: optional('setupDoneURL'),
    timePermitsUrl: need('timePermitsURL'),
    timePermitsStorageUrl: optional('timePermitsStorageURL'),
    hostedUrls: [need('certivoxURL'), ...further].map((url) => `${url.replace(/\/+$/, '')}/`),
    authServerUrl: need('mpinAuthServerURL'),
    authenticateUrl: need('authenticateURL'),
    mobileAuthenticateUrl: optional('mobileAuthenticateURL'),
    accessNumberUrl: optional('accessNumberURL'),
    getAccessNumberUrl: optional('getAccessNumberURL'),
    getQrUrl: optional('getQrUrl'),
    codeStatusUrl: optional('codeStatusURL'),
    accessNumber: accessNumberForm(fields),
    usePermits: fields['usePermits'] !== false,
    requestOtp: fields['requestOTP'] === true || fields['requestOTP'] === '1',
    maxAttempts: attemptsOf(fields['maxInvalidLoginAttempts']),
    useWebSocket: fields['useWebSocket'] === true,
    setDeviceName: fields['setDeviceName'] === true,
    // The two documents spell it differently (contract §12).
    successLoginUrl: optional('successLoginURL') ?? optional('successfulLoginURL'),
    identityCheckRegex:
      typeof fields['identityCheckRegex'] === 'string' ? fields['identityCheckRegex'] : undefined,
  };
}

function attemptsOf(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && Number(value) > 0 ? Number(value) : undefined;
}

function accessNumberForm(fields: Fields): AccessNumberForm {
  const { accessNumberDigits: digits, accessNumberUseCheckSum: use, cSum } = fields;
  return {
    digits: typeof digits === 'number' ? digits : DEFAULT_ACCESS_NUMBER_DIGITS,
    check: use === false ? 'none' : cSum === 1 ? 'weighted' : 'old',
  };
}

/**
 * The JSON object of a 200.
 * @throws ClientError `busy` for 503, otherwise `protocol`; check statuses of your own before
 */
export function fieldsOf({ status, text }: Reply, what: string): Fields {
  if (status === 503) {
    throw new ClientError('busy', 'the server is busy or not ready yet: try again in a moment');
  }
  if (status !== 200) {
    throw new ClientError('protocol', `${what}: the server answered ${status}${saying(text)}`);
  }
  const fields = parseObject(text);
  if (fields === undefined) throw new ClientError('protocol', `${what}: the reply is no JSON`);
  return fields;
}

/** The object in a JSON text, or undefined. */
export function parseObject(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Fields)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Replies relative to the page, and `ws` for `http`, are both allowed (contract §2). */
function absolute(url: string, baseUrl: string): string {
  return new URL(url, baseUrl).href.replace(/^ws/, 'http').replace(/\/+$/, '');
}

/** The server's own message, cut to a line: it comes from outside. */
function saying(text: string): string {
  const MESSAGE_LENGTH_MAX = 200;
  const message = parseObject(text)?.['message'];
  if (typeof message !== 'string' || message === '') return '';
  return `: ${message.slice(0, MESSAGE_LENGTH_MAX).replace(/\p{Cc}/gu, ' ')}`;
}
