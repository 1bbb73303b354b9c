/** The bodies and headers that the routes of the RPS have in common (contract §2). */
import { PoolError } from '../crypto/pool.js';
import { type Answer, answer, HttpError, type JsonObject } from '../http/call.js';
import type { ReplyBodies } from '../http/server.js';
import { StoreError } from '../store/store.js';

/** Of every reply (contract §3). */
export const VERSION = '0.3';

/** What is refused for want of room or of a neighbour may come again after this many seconds. */
export const RETRY_LATER: Readonly<Record<string, string>> = { 'Retry-After': '1' };

export const rpsReplies: ReplyBodies = {
  error: errorBody,
  notFound: () => ({
    version: VERSION,
    service_name: 'M-Pin authentication server',
    message: 'URI NOT FOUND',
  }),
  preflight: () => ({ version: VERSION, message: 'options request' }),
};

function errorBody(_status: number, message: string): JsonObject {
  return { version: VERSION, message };
}

/** 503: what is asked for cannot be done now, and can be soon. */
export function unavailable(message: string): HttpError {
  return new HttpError(503, message, RETRY_LATER);
}

/** Answers for the errors of what the routes draw on; the server words all others. */
export function rpsErrorAnswer(error: unknown): Answer | undefined {
  if (!(error instanceof StoreError || error instanceof PoolError)) return undefined;
  return answer(503, errorBody(503, 'Busy, try again'), RETRY_LATER);
}
