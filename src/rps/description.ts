/** GET openapi.json: the description of all these routes. Private. */
import { openApiDocument } from '../api/document.js';
import { answer, type Route } from '../http/call.js';
import { packageVersion } from '../ops/version.js';
import type { RpsParts } from './parts.js';

export function descriptionRoutes(
  { urls: { prefix } }: Pick<RpsParts, 'urls'>,
  role: 'rps' | 'auth',
): Route[] {
  const handle = () => answer(200, openApiDocument(role, { version: packageVersion(), prefix }));
  return [{ method: 'GET', path: '/openapi.json', access: 'private', handle }];
}
