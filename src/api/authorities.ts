/** The routes of a D-TA, and of the hosted side in front of one (contract §7). */
import type { Operation, Operations } from './operation.js';
import { anything, hex, int, isoTime, object, oneOf, point, type Schema, text } from './schema.js';

const MESSAGE = { message: text('OK') };
const ERRORS = {
  401: 'Not signed by this application',
  403: 'A field is missing or malformed, or not for this caller',
} as const;
const EXPIRED = { 408: 'It was signed, and has expired' } as const;
const FAILED = { 500: 'It could not be made', 503: 'Busy: try again after Retry-After' } as const;

const signature = hex(32, 'HMAC-SHA256 under the app_key');
const hashMpinId = hex(32, 'SHA-256 of the mpin_id');
const service = { app_id: text('Who asks'), expires: isoTime('The end of it'), signature };
const ofPermit = { hash_mpin_id: hashMpinId, signature, 'app_id?': text('Who asks') };
const ofSecret = {
  ...service,
  hash_mpin_id: hashMpinId,
  'hash_user_id?': text('Empty or absent'),
  'mobile?': oneOf(['0', '1'], '1 for a mobile'),
};

const get = (
  path: string,
  summary: string,
  replies: Operation['replies'],
  query?: Readonly<Record<string, Schema>>,
): Omit<Operation, 'access'> => ({
  method: 'GET',
  path,
  summary,
  replies,
  ...(query === undefined ? {} : { query }),
});

/** What both offer, and clients cannot tell apart. */
const shares = (more: Readonly<Record<string, Schema>>): Omit<Operation, 'access'>[] => [
  get(
    '/clientSecret',
    'A share of the secret of an identity',
    {
      200: {
        description: 'The share',
        schema: object({ clientSecret: point('s·A'), ...MESSAGE, ...more }),
      },
      ...ERRORS,
      ...EXPIRED,
      ...FAILED,
    },
    ofSecret,
  ),
  get(
    '/serverSecret',
    'A share of the server secret',
    {
      200: {
        description: 'The share',
        schema: object({
          serverSecret: hex(128, 's·Q'),
          startTime: text('When the master secret was made'),
          'generations?': {
            type: 'array',
            description: 'While a rotation lasts: this share and the next, with their times',
            items: { type: 'object' },
          },
          ...MESSAGE,
          ...more,
        }),
      },
      ...ERRORS,
      ...EXPIRED,
      ...FAILED,
    },
    service,
  ),
  get(
    '/timePermit',
    "A share of today's time permit",
    {
      200: {
        description: 'The share',
        schema: object({ timePermit: point('s·T'), ...MESSAGE, ...more }),
      },
      ...ERRORS,
      ...FAILED,
    },
    ofPermit,
  ),
];

const statusOf = (name: string, more: Readonly<Record<string, Schema>>) =>
  get('/status', 'Says that it works', {
    200: {
      description: 'It does',
      schema: object({
        startTime: { type: 'array', items: text('When the master secret was made') },
        service_name: text(name),
        ...MESSAGE,
        ...more,
      }),
    },
    ...(name === 'D-TA proxy' ? FAILED : { 403: ERRORS[403] }),
  });

const description = get('/openapi.json', 'This description', {
  200: { description: 'OpenAPI 3.1', schema: { type: 'object' } },
  403: 'Not for this caller',
});

const all = (access: Operation['access'], operations: Omit<Operation, 'access'>[]): Operation[] =>
  operations.map((operation) => ({ ...operation, access }));

export const DTA: Operations = {
  Shares: all('private', [
    ...shares({}),
    get(
      '/timePermits',
      'Shares of time permits, from today on',
      {
        200: {
          description: 'The shares by day number',
          schema: object({
            timePermits: { type: 'object', additionalProperties: point('s·T') },
            ...MESSAGE,
          }),
        },
        ...ERRORS,
        ...FAILED,
      },
      {
        hash_mpin_id: hashMpinId,
        signature,
        count: int('How many days', { minimum: 1, maximum: 31 }),
      },
    ),
  ]),
  Operation: all('private', [statusOf('D-TA server', {}), description]),
};

const CREDENTIALS = object({
  app_id: text('Its name'),
  app_key: text('Its key: a secret'),
  api_url: text('Public base of the hosted side'),
});

const VERSION = { version: text('3') };

export const HOSTED: Operations = {
  Shares: all('public', shares(VERSION)),
  About: all('public', [
    get(
      '/apiSettings',
      'Where things are; signed, with the terms of the application',
      {
        200: {
          description: 'Addresses',
          schema: object({
            timePermitsStorageURL: text('Where stored time permits are'),
            managementConsoleURL: text('A console, or nothing'),
            'license_info?': anything('The terms'),
            ...MESSAGE,
            ...VERSION,
          }),
        },
        ...ERRORS,
        ...EXPIRED,
      },
      { 'app_id?': service.app_id, 'expires?': service.expires, 'signature?': signature },
    ),
    get('/time', 'The time here', {
      200: { description: 'The time', schema: object({ Time: isoTime('UTC') }) },
    }),
    statusOf('D-TA proxy', VERSION),
  ]),
  Permits: all('public', [
    {
      method: 'GET',
      path: '/permits/:appId/:date/:storageId',
      summary: 'A stored share of a time permit',
      params: {
        appId: text('Of the application'),
        date: int('Days since 1970-01-01 UTC'),
        storageId: hex(32, 'SHA-256 of the mpin_id'),
      },
      replies: {
        200: { description: 'Its hex and nothing else', type: 'text/plain', schema: point('s·T') },
        304: { description: 'The one that the client has, by its ETag' },
        404: 'Not stored: timePermit has it',
      },
    },
  ]),
  Registration: all('public', [
    {
      method: 'POST',
      path: '/getCommunityCredentials',
      summary: 'Registers a new application; only with a folder of applications',
      body: object({
        method: text('POST'),
        path: text('getCommunityCredentials'),
        installation_type: text('mpincore'),
        timestamp: text('UTC with microseconds and no zone'),
        user_contact_hex: text('Whom it is for', { pattern: '^([0-9a-fA-F]{2})+$' }),
        signature: hex(32, 'HMAC-SHA256 of these five under the installer key'),
      }),
      replies: {
        200: { description: 'The content of a credentials.json', schema: CREDENTIALS },
        401: 'Not signed by the installer key, or sent before',
        403: 'A field is missing or malformed',
        408: 'From another time',
        429: 'Too many registrations',
        503: 'No room for further applications',
      },
    },
    {
      method: 'POST',
      path: '/rotateCredentials',
      summary: 'Gives an application a new key; only with a folder of applications',
      query: service,
      replies: {
        200: { description: 'The content of a credentials.json', schema: CREDENTIALS },
        ...ERRORS,
        ...EXPIRED,
      },
    },
  ]),
  Operation: all('private', [description]),
};
