/** What apps read of this service before they know any more of it (contract §4.11). */
import { type Answer, answer, HttpError, type Route } from '../http/call.js';
import type { RpsParts } from './parts.js';

type ServiceParts = Pick<RpsParts, 'options' | 'urls'>;

const JSON_TYPE = 'application/json; charset=utf-8';

export function serviceRoutes(parts: ServiceParts): Route[] {
  const { prefix } = parts.urls;
  const route = (path: string, handle: Route['handle']): Route => ({
    method: 'GET',
    path,
    access: 'public',
    handle,
  });
  return [
    // At the root as apps have it from a QR code, whose base is ours.
    ...['', prefix].map((base) => route(`${base}/service`, () => service(parts))),
    route(`${prefix}/mobileConfig`, () => mobileConfig(parts)),
  ];
}

/** Five texts, all of which the app must find. */
function service({ options, urls }: ServiceParts): Answer {
  const { mobileService, serviceName, serviceType, serviceIconUrl } = options;
  if (Object.keys(mobileService).length > 0) return answer(200, { ...mobileService });
  if (serviceName === '') throw new HttpError(403, 'This service has no name');
  return answer(200, {
    name: serviceName,
    // Without the prefix, which the app appends itself.
    url: urls.base,
    rps_prefix: urls.prefix.slice(1),
    logo_url: serviceIconUrl,
    type: serviceType,
  });
}

/** The one array on this wire; no client of contract.md reads it. */
function mobileConfig({
  options: { mobileConfig: config, mobileUseNative },
}: ServiceParts): Answer {
  if (config.length === 0) throw new HttpError(403, 'No config is available');
  if (!mobileUseNative) throw new HttpError(404, 'Native client is disabled');
  return { status: 200, body: JSON.stringify(config), contentType: JSON_TYPE };
}
