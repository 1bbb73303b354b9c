/**
 * Today's time permit from its shares (contract §4.5): one from the RPS, and of each hosted
 * authority one.
 */
import { ClientError } from './errors.js';
import { fromHex, toHex } from './hex.js';
import { type Connected, mobileFlag, POINT_BYTES } from './parts.js';
import { type Fields, fieldsOf } from './settings.js';
import type { CachedPermit } from './storage.js';

export interface TimePermit {
  /** Days since 1970-01-01 UTC. */
  readonly date: number;
  /** 65 bytes. */
  readonly permit: Uint8Array;
  /** The hosted share, to be kept for the next login of that day. */
  readonly cached: CachedPermit;
}

/** A storage is there to be quick: when it is not, the hosted side is asked. */
const STORAGE_MS_MAX = 3_000;
const SHARE_FORM = /^[0-9a-fA-F]{130}$/;
/** Answers that mean: this identity gets no more permits (contract §2.1). */
const REVOKED: ReadonlySet<number> = new Set([401, 403, 410]);

/** Fetches the permit of the server's today; `cached` spares asking the hosted side. */
export async function fetchTimePermit(
  on: Connected,
  { mpinId, cached }: { mpinId: string; cached: CachedPermit | undefined },
): Promise<TimePermit> {
  on.onStep?.('permit');
  const url = `${on.settings.timePermitsUrl}/${mpinId}`;
  const reply = await on.transport.request({ method: 'GET', url });
  if (REVOKED.has(reply.status)) throw new ClientError('revoked', 'this identity was revoked');
  const fields = fieldsOf(reply, 'time permit');
  const { date } = fields;
  if (typeof date !== 'number' || !Number.isInteger(date) || date <= 0) {
    throw new ClientError('protocol', 'the time permit has no date');
  }
  const ours = fromHex(fields['timePermit'], 'time permit share', POINT_BYTES);
  const share = cached?.date === date ? cached.share : await hostedShare(on, { date, fields });
  const hosted = fromHex(share, 'hosted time permit share', POINT_BYTES);
  return { date, permit: await on.crypto.add(ours, hosted), cached: { date, share } };
}

/** What all hosted authorities give together; the first one's may lie in the storage. */
async function hostedShare(on: Connected, day: { date: number; fields: Fields }): Promise<string> {
  const [first = '', ...others] = on.settings.hostedUrls;
  let sum = (await fromStorage(on, day)) ?? (await fromHosted(on, first, day.fields));
  for (const hostedUrl of others) {
    const [a, b] = [sum, await fromHosted(on, hostedUrl, day.fields)].map((share) =>
      fromHex(share, 'hosted time permit share', POINT_BYTES),
    ) as [Uint8Array, Uint8Array];
    sum = toHex(await on.crypto.add(a, b));
  }
  return sum;
}

/** Published permits are bare hex; anything else means: not published, ask the hosted side. */
async function fromStorage(
  { transport, settings: { appId, timePermitsStorageUrl } }: Connected,
  { date, fields }: { date: number; fields: Fields },
): Promise<string | undefined> {
  if (timePermitsStorageUrl === undefined) return undefined;
  const url = `${timePermitsStorageUrl}/${appId}/${date}/${fields['storageId']}`;
  const request = { method: 'GET', url, timeoutMs: STORAGE_MS_MAX } as const;
  const reply = await transport.request(request).catch(() => undefined);
  return reply?.status === 200 && SHARE_FORM.test(reply.text) ? reply.text : undefined;
}

async function fromHosted(on: Connected, hostedUrl: string, fields: Fields): Promise<string> {
  const { appId } = on.settings;
  const query = new URLSearchParams({
    app_id: appId,
    mobile: String(mobileFlag(on)),
    hash_mpin_id: String(fields['storageId']),
    signature: String(fields['signature']),
  });
  const url = `${hostedUrl}timePermit?${query}`;
  const reply = await on.transport.request({ method: 'GET', url });
  if (REVOKED.has(reply.status)) throw new ClientError('revoked', 'this identity was revoked');
  const share = fieldsOf(reply, 'hosted time permit')['timePermit'];
  if (typeof share !== 'string') throw new ClientError('protocol', 'the reply lacks timePermit');
  return share;
}
