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
  readonly usePermits: boolean;
}

export type Fields = Readonly<Record<string, unknown>>;

/** Fetches the settings of the server at `baseUrl`. */
export async function fetchSettings(transport: Transport, baseUrl: string): Promise<Settings> {
  const url = new URL('/rps/clientSettings', baseUrl).href;
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
    usePermits: fields['usePermits'] !== false,
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
