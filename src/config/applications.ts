/** Options of `mpin credentials`, for customers, and `mpin applications`, for the hosted side. */

import { hostedOptions } from './hosted.js';
import { bool, type OptionsOf, type OptionTable, path, secret, text } from './option.js';

export const credentialsOptions = {
  credentialsFile: path('./credentials.json', 'The credentials.json that is written or read', {
    aliases: ['keysFile'],
  }),
} as const satisfies OptionTable;

export const getCredentialsOptions = {
  ...credentialsOptions,
  registrationURL: text('', 'Base URL of the registration service, as https://api.example.com/v3/'),
  installerKey: secret('', 'Signs the request; given by those who run the registration service'),
  userContact: text('', 'Who registers: an e-mail address'),
  serverSecret: bool(false, 'Get the hosted share of the server secret as well'),
} as const satisfies OptionTable;

/** For every command on the store of applications. */
export const applicationsOptions = {
  applicationsFolder: path('./applications', 'Where registered applications are kept'),
} as const satisfies OptionTable;

export const applicationOptions = {
  ...applicationsOptions,
  appId: text('', 'The app_id of the application'),
} as const satisfies OptionTable;

/** Where new keys go, which are never shown. */
const issueOptions = {
  credentialsFile: path('./credentials.json', 'The credentials.json to write for the customer'),
  apiUrl: text('', 'Public base URL of the hosted side, the api_url of the credentials'),
} as const satisfies OptionTable;

export const addApplicationOptions = {
  ...applicationsOptions,
  ...issueOptions,
  userContact: text('', 'Whose it is: an e-mail address'),
} as const satisfies OptionTable;

export const rotateApplicationOptions = {
  ...applicationOptions,
  ...issueOptions,
  keyOverlapHours: hostedOptions.keyOverlapHours,
} as const satisfies OptionTable;

export type GetCredentialsOptions = OptionsOf<typeof getCredentialsOptions>;
