/** GET status: the service is up (contract §4.11), at the root and under the prefix. */
import { answer, type Route } from '../http/call.js';
import type { RpsParts } from './parts.js';
import { VERSION } from './replies.js';

export function statusRoutes({ urls }: Pick<RpsParts, 'urls'>): Route[] {
  return ['/status', `${urls.prefix}/status`].map((path) => ({
    method: 'GET',
    path,
    access: 'public',
    handle: () => answer(200, { version: VERSION, message: 'active' }),
  }));
}
