/**
 * POST /pass: the one-pass protocol (contract §4.11, §8), where y comes from the time and the
 * commitment instead of from us. Off unless option onePass says otherwise.
 *
 * What makes up for the challenge: the client's time must be near ours, and a message that was
 * right is taken once while its time is. A wrong one counts as a wrong PIN each time it comes.
 */
import { hash } from 'node:crypto';
import { type Answer, type Call, HttpError, JSON_TYPE, type Route } from '../http/call.js';
import { parseJsonObject } from '../http/json.js';
import type { Challenge } from '../store/store.js';
import { Dance } from './dance.js';
import { readMpinId, readPass2, readPoint } from './pass-messages.js';
import { PASS_BYTES_MAX, type PassParts, pass2Text } from './pass-routes.js';

/** How far a client's clock may be off, either way, in milliseconds. */
const CLOCK_ERROR_MS_MAX = 60_000;
/** A time that is just too early when it comes first is too late for ever after this. */
const NONCE_LIFE_MS = 2 * CLOCK_ERROR_MS_MAX + 1_000;

const MS_PER_SECOND = 1000;
const TIME_BYTES = 4;
const TIME_MAX = 2 ** (8 * TIME_BYTES) - 1;

export function onePassRoutes(parts: PassParts): Route[] {
  if (!parts.options.onePass) return [];
  const dance = new Dance(parts);
  return [
    {
      method: 'POST',
      path: `${parts.urls.prefix}/pass`,
      access: 'public',
      bodyBytesMax: PASS_BYTES_MAX,
      beginsWork: true,
      refuse: () => parts.admission.begin(),
      handle: (call) => pass(parts, dance, call),
    },
  ];
}

async function pass(parts: PassParts, dance: Dance, call: Call): Promise<Answer> {
  const { options, clock, store } = parts;
  const body = parseJsonObject(call.body);
  if (body === undefined) throw new HttpError(403, 'The body is not a JSON object');
  const mpinId = readMpinId(body);
  const time = readTime(body['T']);
  const pass2 = readPass2(body);
  const commitment = readPoint(body, options.usePermits ? 'UT' : 'U');
  if (Math.abs(time * MS_PER_SECOND - clock.now()) > CLOCK_ERROR_MS_MAX) {
    throw new HttpError(403, 'T is too far from the present');
  }
  const message = Buffer.concat([timeBytes(time), commitment]);
  const claim = async (): Promise<void> => {
    const nonce = hash('sha256', Buffer.concat([message, Buffer.from(mpinId, 'hex')]), 'hex');
    const fresh = await store.takeNonce('one-pass', nonce, NONCE_LIFE_MS);
    if (!fresh) throw new HttpError(403, 'This message was taken before');
  };
  const challenge = challengeOf(message, commitment, options.usePermits);
  const end = await dance.finishWith(mpinId, pass2, challenge, call.peer, claim);
  return { status: 200, body: pass2Text(end), contentType: JSON_TYPE };
}

/** What a pass 1 would have left. With permits U is not sent; a right proof has no use for it. */
function challengeOf(message: Uint8Array, commitment: Uint8Array, permitted: boolean): Challenge {
  return {
    id: '',
    peer: '',
    u: commitment,
    ut: permitted ? commitment : new Uint8Array(0),
    // The core takes it modulo the order.
    y: hash('sha256', message, 'buffer'),
  };
}

/** Seconds since 1970-01-01 UTC, a number or its digits. */
function readTime(value: unknown): number {
  const time = typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : value;
  const sound = typeof time === 'number' && Number.isInteger(time) && time >= 0;
  if (!sound || time > TIME_MAX) throw new HttpError(403, 'Missing or malformed T');
  return time;
}

function timeBytes(time: number): Buffer {
  const bytes = Buffer.alloc(TIME_BYTES);
  bytes.writeUInt32BE(time);
  return bytes;
}
