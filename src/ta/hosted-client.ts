/** A customer's calls to the hosted services: registration, a new key, the server's share. */

import { type Credentials, toCredentials } from '../config/credentials.js';
import { parseJsonObject, textField } from '../http/json.js';
import { createOutgoing, type Outgoing } from '../http/outgoing.js';
import { isoMicros, isoSeconds, systemClock } from '../protocol/clock.js';
import { SIGNATURE_LIFE_MS, sign, signService } from '../protocol/signature.js';

/** Limits of these calls, which a person waits for. */
const CALLS = { connectionsMax: 1, timeoutMs: 30_000, bodyBytesMax: 65_536 } as const;
const G2_HEX = /^[0-9a-f]{256}$/i;
const KEY_FORM = /^[\x21-\x7e]{1,256}$/;

export interface HostedServices {
  /** Credentials of a new application (contract §7). */
  register(
    baseUrl: string,
    asked: { readonly installerKey: string; readonly contactHex: string },
  ): Promise<Credentials>;
  /** A new app_key. */
  rotate(credentials: Credentials): Promise<string>;
  /** 256 hex. Secret. */
  serverSecretShare(credentials: Credentials): Promise<string>;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Runs `use` with connections of its own. Calls reject with an Error that says what the service
 * has said, and OutgoingError when it said nothing.
 */
export async function hostedServices(
  use: (services: HostedServices) => Promise<void>,
): Promise<void> {
  const outgoing = createOutgoing(CALLS);
  try {
    await use(servicesBy(outgoing));
  } finally {
    await outgoing.close();
  }
}

function servicesBy(outgoing: Outgoing): HostedServices {
  const clock = systemClock();
  const ask = async (method: 'GET' | 'POST', url: string, body?: string): Promise<Fields> => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const more = body === undefined ? {} : { body };
    const reply = await outgoing.request({ method, url, headers, ...more });
    const fields = parseJsonObject(reply.body) ?? {};
    if (reply.status === 200) return fields;
    throw new Error(`${new URL(url).host} answered ${reply.status}${saying(fields)}`);
  };
  const signedQuery = (
    { appId, appKey }: Credentials,
    service: Parameters<typeof signService>[1],
  ) => {
    const expires = isoSeconds(clock.now() + SIGNATURE_LIFE_MS);
    const signature = signService(appKey, service, { appId, expires });
    return new URLSearchParams({ app_id: appId, expires, signature });
  };
  return {
    async register(baseUrl, { installerKey, contactHex }) {
      const asked = {
        method: 'POST',
        path: 'getCommunityCredentials',
        installation_type: 'mpincore',
        timestamp: isoMicros(clock.now()),
        user_contact_hex: contactHex,
      };
      const signature = sign(installerKey, ...Object.values(asked));
      const url = `${baseUrl.replace(/\/+$/, '')}/${asked.path}`;
      return toCredentials(await ask('POST', url, JSON.stringify({ ...asked, signature })), url);
    },
    async rotate(credentials) {
      const query = signedQuery(credentials, 'rotateCredentials');
      const reply = await ask('POST', `${credentials.apiUrl}rotateCredentials?${query}`);
      return formed(reply, 'app_key', KEY_FORM);
    },
    async serverSecretShare(credentials) {
      const query = signedQuery(credentials, 'serverSecret');
      const reply = await ask('GET', `${credentials.apiUrl}serverSecret?${query}`);
      return formed(reply, 'serverSecret', G2_HEX).toLowerCase();
    },
  };
}

function formed(reply: Fields, name: string, form: RegExp): string {
  const value = textField(reply, name) ?? '';
  if (!form.test(value)) throw new Error(`the reply has no valid ${name}`);
  return value;
}

/** The service's own message, cut to a line: it comes from outside. */
function saying(fields: Fields): string {
  const MESSAGE_LENGTH_MAX = 200;
  const message = textField(fields, 'message') ?? '';
  return message === '' ? '' : `: ${message.slice(0, MESSAGE_LENGTH_MAX).replace(/\p{Cc}/gu, ' ')}`;
}
