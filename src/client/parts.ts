/** What a client is put together from. */
import type { ClientCrypto } from './crypto.js';
import { type Fields, fetchSettings, type Settings } from './settings.js';
import type { IdentityStorage } from './storage.js';
import type { Transport } from './transport.js';

/** What a client is about to do, for progress bars and the curious. */
export type Step =
  | 'settings'
  | 'register'
  | 'share'
  | 'hosted-share'
  | 'token'
  | 'permit'
  | 'pass1'
  | 'pass2'
  | 'authenticate';

export interface ClientParts {
  /** Where the relying party is: `http://127.0.0.1:8005`. */
  readonly baseUrl: string;
  readonly transport: Transport;
  readonly crypto: ClientCrypto;
  readonly storage: IdentityStorage;
  /** Path or URL of the settings, relative to `baseUrl`; `/rps/clientSettings` when absent. */
  readonly settingsUrl?: string;
  /** Identities are issued for a mobile, which logs in a browser elsewhere. */
  readonly mobile?: boolean;
  /** Called before each step. */
  readonly onStep?: (step: Step) => void;
  /** Last word on the body of a registration, e.g. to add `userData` for the relying party. */
  readonly formatRegistration?: (body: Fields) => Fields;
  /** Last word on the body that goes to the relying party's authenticateURL. */
  readonly formatAuthentication?: (body: Fields) => Fields;
}

/** A client that knows its server's settings. */
export interface Connected extends ClientParts {
  readonly settings: Settings;
}

/** Asks the server how it wants to be used. */
export async function connect(parts: ClientParts): Promise<Connected> {
  parts.onStep?.('settings');
  const { transport, baseUrl, settingsUrl } = parts;
  return { ...parts, settings: await fetchSettings(transport, baseUrl, settingsUrl) };
}

/** The `mobile` field of messages and signed queries. */
export function mobileFlag({ mobile }: ClientParts): 0 | 1 {
  return mobile === true ? 1 : 0;
}

/** Encoded length of a G1 point, and of a scalar, in bytes (crypto.md §2). */
export const POINT_BYTES = 65;
export const SCALAR_BYTES = 32;
