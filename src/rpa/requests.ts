/** What the demo reads from the requests of browsers. */
import { timingSafeEqual } from 'node:crypto';
import type { Call } from '../http/call.js';
import type { Session } from './sessions.js';

/** Headers by which a browser says which page sends a request. */
export const ORIGIN_HEADERS = ['origin', 'sec-fetch-site'] as const;

/**
 * Whether a browser says that a page of another origin sends this. Other programs say nothing of
 * the kind, and nobody can make them send anything.
 */
export function fromElsewhere({ headers }: Call, ownOrigin: string): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  // Older browsers, and all of them where there is no https.
  const origin = headers['origin'];
  return origin !== undefined && origin !== ownOrigin;
}

/** The fields of a form that a page sent. */
export function formOf({ body }: Call): URLSearchParams {
  return new URLSearchParams(Buffer.from(body).toString('utf8'));
}

/** Whether the form came from a page of this very session. */
export function isOwnForm(form: URLSearchParams, { formToken }: Session): boolean {
  return sameSecret(form.get('token') ?? '', formToken);
}

/** Compares without telling by its time how much of `given` is right. */
export function sameSecret(given: string, secret: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(secret)];
  return a.length === b.length && timingSafeEqual(a, b);
}
