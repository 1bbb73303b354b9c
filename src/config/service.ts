/** Options on what mobile apps are told of this service (contract §4.11, §10). */
import { bool, jsonArray, jsonObject, type OptionTable, text } from './option.js';

export const serviceOptions = {
  mobileUseNative: bool(false, 'There is a native app, and mobileConfig is given to it', {
    dynamic: true,
  }),
  mobileConfig: jsonArray([], 'What GET mobileConfig gives to native apps, as it is', {
    dynamic: true,
  }),
  mobileService: jsonObject(
    {},
    'What GET service says in place of serviceName and the three others: an object with the ' +
      'texts name, url, rps_prefix, logo_url and type',
    { dynamic: true },
  ),
  serviceType: text('online', 'Kind of this service; apps know no other than online', {
    dynamic: true,
  }),
} as const satisfies OptionTable;
