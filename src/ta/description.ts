/** GET openapi.json: the description of the routes of an authority. Private. */
import { openApiDocument } from '../api/document.js';
import { answer, type Route } from '../http/call.js';
import { packageVersion } from '../ops/version.js';

export function descriptionRoute(role: 'dta' | 'hosted'): Route {
  const handle = () => answer(200, openApiDocument(role, { version: packageVersion() }));
  return { method: 'GET', path: '/openapi.json', access: 'private', handle };
}
