/**
 * What the RPS asks of the trusted authorities, signed (contract §7): two of them, or more. All
 * that it may ask itself count as one to clients, as it adds their shares up.
 */
import type { Credentials } from '../config/credentials.js';
import { addG1 } from '../crypto/index.js';
import type { JsonObject } from '../http/call.js';
import { isJsonObject, objectField, textField } from '../http/json.js';
import { type Outgoing, OutgoingError } from '../http/outgoing.js';
import { type Clock, isoSeconds, parseIsoSeconds } from '../protocol/clock.js';
import {
  type Service,
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
  /** Every authority that has a share of the server secret. */
  readonly sources: readonly ShareSource[];
  /** What the hosted side says of itself and of this application (contract §7). */
  apiSettings(): Promise<ApiSettings>;
}

export interface ApiSettings {
  /** Where clients may read time permits; '' when the hosted side has no such place. */
  readonly timePermitsStorageURL: string;
  readonly managementConsoleURL: string;
  /** Of a form that no source settles (contract §14). */
  readonly licenseInfo: JsonObject;
}

/** A share of the server secret, and from when on new identities are made with its secret. */
export interface DatedShare {
  /** 128 bytes; the caller wipes it. Secret. */
  readonly share: Uint8Array;
  /** Milliseconds since 1970; −∞ for the oldest there is. */
  readonly fromMs: number;
}

export interface ShareSource {
  /** `local` and `hosted`, with a number behind it where there are several. */
  readonly name: string;
  /** One share, or while the authority rotates its secret two; the oldest first. */
  shares(): Promise<readonly DatedShare[]>;
}

export interface AuthorityParts {
  /** The D-TAs that the RPS may ask itself. */
  readonly localUrls: readonly string[];
  /** Hosted ones beside that of the credentials, which clients ask themselves. */
  readonly furtherUrls: readonly string[];
  /** Read for each question, as they may change. */
  readonly credentials: Pick<Credentials, 'appId' | 'appKey' | 'apiUrl'>;
  readonly outgoing: Outgoing;
  readonly clock: Clock;
}

/** All calls reject with AuthorityError. */
export function createAuthorityClient(parts: AuthorityParts): AuthorityClient {
  const { credentials, clock } = parts;
  const localUrls = parts.localUrls.map(withSlash);
  const furtherUrls = parts.furtherUrls.map(withSlash);
  const ask = (url: string) => answered(parts.outgoing.getJson(url));
  const expiry = () => isoSeconds(clock.now() + SIGNATURE_LIFE_MS);
  const serviceQuery = (service: Service): URLSearchParams => {
    const { appId, appKey } = credentials;
    const expires = expiry();
    const signature = signService(appKey, service, { appId, expires });
    return new URLSearchParams({ app_id: appId, expires, signature });
  };
  const source = (name: string, url: () => string): ShareSource => ({
    name,
    shares: async () =>
      datedShares(await ask(`${url()}serverSecret?${serviceQuery('serverSecret')}`)),
  });

  return {
    async clientSecretShare(hashMpinId, mobile) {
      const { appId, appKey } = credentials;
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
      const replies = await Promise.all(
        localUrls.map((url) => ask(`${url}clientSecret?${params}`)),
      );
      const shares = replies.map((reply) => hexField(reply, 'clientSecret', G1_HEX));
      return { share: sumOf(shares), params };
    },

    async timePermits(hashMpinId, count) {
      const signature = signTimePermit(credentials.appKey, hashMpinId);
      const query = { hash_mpin_id: hashMpinId, signature, count: `${count}` };
      const text = new URLSearchParams(query).toString();
      const replies = await Promise.all(localUrls.map((url) => ask(`${url}timePermits?${text}`)));
      return sumsByDay(replies.map((reply) => permitsOf(objectField(reply, 'timePermits'), count)));
    },

    sources: [
      ...localUrls.map((url, index) => source(numbered('local', index), () => url)),
      source('hosted', () => withSlash(credentials.apiUrl)),
      ...furtherUrls.map((url, index) => source(numbered('hosted', index + 1), () => url)),
    ],

    async apiSettings() {
      const query = serviceQuery('apiSettings');
      const reply = await ask(`${withSlash(credentials.apiUrl)}apiSettings?${query}`);
      return {
        // Clients append `/…` (contract §1, 5).
        timePermitsStorageURL: (textField(reply, 'timePermitsStorageURL') ?? '').replace(
          /\/+$/,
          '',
        ),
        managementConsoleURL: textField(reply, 'managementConsoleURL') ?? '',
        licenseInfo: objectField(reply, 'license_info') ?? {},
      };
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

function withSlash(url: string): string {
  return `${url.replace(/\/+$/, '')}/`;
}

function numbered(name: string, index: number): string {
  return index === 0 ? name : `${name} ${index + 1}`;
}

/** The shares in the reply of `serverSecret`; `generations` is there while a secret is rotated. */
function datedShares(reply: JsonObject): readonly DatedShare[] {
  const { generations } = reply;
  const list = Array.isArray(generations) ? generations.filter(isJsonObject) : [];
  if (list.length <= 1) return [{ share: shareOf(reply), fromMs: Number.NEGATIVE_INFINITY }];
  const dated = list.map((generation) => ({
    share: shareOf(generation),
    fromMs: parseIsoSeconds(textField(generation, 'activeFrom') ?? '') ?? Number.NEGATIVE_INFINITY,
  }));
  return dated.sort((a, b) => (a.fromMs < b.fromMs ? -1 : 1));
}

function shareOf(reply: JsonObject): Uint8Array {
  return Uint8Array.from(Buffer.from(hexField(reply, 'serverSecret', G2_HEX), 'hex'));
}

/** The sum of points in hex; no sum of sound shares fails. */
function sumOf(shares: readonly string[]): string {
  const [first = '', ...others] = shares;
  try {
    return others.reduce((sum, share) => {
      const [a, b] = [sum, share].map((hex) => Uint8Array.from(Buffer.from(hex, 'hex')));
      return Buffer.from(addG1(a as Uint8Array, b as Uint8Array)).toString('hex');
    }, first);
  } catch {
    throw new AuthorityError('refused', "the authorities' shares do not add up");
  }
}

/** The days that all have given; their clocks may differ by one around midnight. */
function sumsByDay(all: readonly ReadonlyMap<number, string>[]): ReadonlyMap<number, string> {
  const [first = new Map<number, string>(), ...others] = all;
  if (others.length === 0) return first;
  const days = [...first.keys()].filter((day) => others.every((permits) => permits.has(day)));
  return new Map(days.map((day) => [day, sumOf(all.map((permits) => `${permits.get(day)}`))]));
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
