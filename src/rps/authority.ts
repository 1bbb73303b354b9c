/** What the RPS asks of the two trusted authorities, signed (contract §7). */
import type { Credentials } from '../config/credentials.js';
import { objectField, textField } from '../http/json.js';
import { type Outgoing, OutgoingError } from '../http/outgoing.js';
import { type Clock, isoSeconds } from '../protocol/clock.js';
import {
  SIGNATURE_LIFE_MS,
  signClientSecret,
  signService,
  signTimePermit,
} from '../protocol/signature.js';

const G1_HEX = /^[0-9a-f]{130}$/i;
const G2_HEX = /^[0-9a-f]{256}$/i;

/** Why an authority gave nothing. The message names the host and never what was asked. */
export class AuthorityError extends Error {
  /** `unavailable`: it may answer later; `refused`: it answered, and that will not change soon. */
  readonly reason: 'unavailable' | 'refused';

  constructor(reason: 'unavailable' | 'refused', message: string) {
    super(message);
    this.name = 'AuthorityError';
    this.reason = reason;
  }
}

export interface AuthorityClient {
  /** The local share of a client secret (130 hex), and the query for the hosted one. */
  clientSecretShare(
    hashMpinId: string,
    mobile: 0 | 1,
  ): Promise<{ readonly share: string; readonly params: string }>;
  /** Local time permit shares (130 hex) by day, for `count` days from today. */
  timePermits(hashMpinId: string, count: number): Promise<ReadonlyMap<number, string>>;
  /** One share of the server secret, 128 bytes; the caller wipes it. */
  serverSecretShare(authority: 'local' | 'hosted'): Promise<Uint8Array>;
  /** Where clients may read time permits; '' when the hosted side has no such place. */
  permitsStorageURL(): Promise<string>;
}

export interface AuthorityParts {
  readonly localUrl: string;
  readonly credentials: Pick<Credentials, 'appId' | 'appKey' | 'apiUrl'>;
  readonly outgoing: Outgoing;
  readonly clock: Clock;
}

/** All calls reject with AuthorityError. */
export function createAuthorityClient(parts: AuthorityParts): AuthorityClient {
  const { credentials, clock } = parts;
  const { appId, appKey, apiUrl } = credentials;
  const localUrl = `${parts.localUrl.replace(/\/+$/, '')}/`;
  const ask = (url: string) => answered(parts.outgoing.getJson(url));
  const expiry = () => isoSeconds(clock.now() + SIGNATURE_LIFE_MS);

  return {
    async clientSecretShare(hashMpinId, mobile) {
      const expires = expiry();
      const signature = signClientSecret(appKey, { appId, hashMpinId, expires });
      const query = {
        app_id: appId,
        expires,
        hash_mpin_id: hashMpinId,
        // Both authorities sign over it and know it empty (contract §13, 23).
        hash_user_id: '',
        mobile: `${mobile}`,
        signature,
      };
      const params = new URLSearchParams(query).toString();
      const reply = await ask(`${localUrl}clientSecret?${params}`);
      return { share: hexField(reply, 'clientSecret', G1_HEX), params };
    },

    async timePermits(hashMpinId, count) {
      const signature = signTimePermit(appKey, hashMpinId);
      const query = { hash_mpin_id: hashMpinId, signature, count: `${count}` };
      const reply = await ask(`${localUrl}timePermits?${new URLSearchParams(query)}`);
      return permitsOf(objectField(reply, 'timePermits'), count);
    },

    async serverSecretShare(authority) {
      const expires = expiry();
      const signature = signService(appKey, 'serverSecret', { appId, expires });
      const query = new URLSearchParams({ app_id: appId, expires, signature });
      const reply = await ask(`${authority === 'local' ? localUrl : apiUrl}serverSecret?${query}`);
      return Uint8Array.from(Buffer.from(hexField(reply, 'serverSecret', G2_HEX), 'hex'));
    },

    async permitsStorageURL() {
      const expires = expiry();
      const signature = signService(appKey, 'apiSettings', { appId, expires });
      const query = new URLSearchParams({ app_id: appId, expires, signature });
      const reply = await ask(`${apiUrl}apiSettings?${query}`);
      // Clients append `/…` (contract §1, 5).
      return (textField(reply, 'timePermitsStorageURL') ?? '').replace(/\/+$/, '');
    },
  };
}

async function answered<T>(reply: Promise<T>): Promise<T> {
  try {
    return await reply;
  } catch (error) {
    if (!(error instanceof OutgoingError)) throw error;
    const { status } = error;
    const refused = status !== undefined && status !== 408 && status < 500;
    throw new AuthorityError(refused ? 'refused' : 'unavailable', error.message);
  }
}

function hexField(reply: Record<string, unknown>, name: string, form: RegExp): string {
  const value = textField(reply, name);
  if (value === undefined || !form.test(value)) {
    throw new AuthorityError('refused', `the authority's reply has no valid ${name}`);
  }
  return value.toLowerCase();
}

/** A list that is longer than asked for, or holds anything else, is none of ours. */
function permitsOf(
  reply: Record<string, unknown> | undefined,
  count: number,
): ReadonlyMap<number, string> {
  const fields = Object.entries(reply ?? {});
  const sound = fields.every(([day, permit]) => /^\d{1,6}$/.test(day) && G1_HEX.test(`${permit}`));
  if (!sound || fields.length === 0 || fields.length > count) {
    throw new AuthorityError('refused', "the authority's reply has no valid timePermits");
  }
  return new Map(fields.map(([day, permit]) => [Number(day), `${permit}`.toLowerCase()]));
}
