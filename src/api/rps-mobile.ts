/** The public routes by which a mobile logs a browser in (contract §4.8, §4.10). */
import type { Operation } from './operation.js';
import { anything, int, object, oneOf, type Schema, text, token } from './schema.js';

const BUSY = 'Full: try again after Retry-After';

const shown = (what: Readonly<Record<string, Schema>>): Schema =>
  object({
    ...what,
    webOTT: token('With which the browser asks what became of it'),
    ttlSeconds: int('How long it is shown'),
    localTimeStart: int('Now, in milliseconds since the epoch'),
    localTimeEnd: int('The end of that time, likewise'),
  });

const asked: Operation['body'] = object({ webOTT: token('From getAccessNumber or getQrUrl') });

const ofBrowsers: readonly Operation[] = [
  {
    method: 'POST',
    path: '/rps/getAccessNumber',
    access: 'public',
    summary: 'A number under which a mobile can log this browser in',
    replies: {
      200: {
        description: 'The number and its time',
        schema: shown({ accessNumber: text('To be typed into the mobile') }),
      },
      503: BUSY,
    },
  },
  {
    method: 'POST',
    path: '/rps/getQrUrl',
    access: 'public',
    summary: 'A URL for a QR code under which a mobile can log this browser in',
    body: object({ 'prerollid?': text('A name of the browser for itself', { maxLength: 128 }) }),
    replies: {
      200: {
        description: 'The URL and its time',
        schema: shown({ qrUrl: text('Its fragment is the WID') }),
      },
      400: 'prerollid is too long',
      503: BUSY,
    },
  },
  {
    method: 'POST',
    path: '/rps/access',
    access: 'public',
    summary: 'What became of it: asked every few seconds',
    body: asked,
    replies: {
      200: {
        description: 'The state, also of what is unknown or over',
        schema: object({
          status: oneOf(
            ['new', 'wid', 'user', 'abort', 'authenticate', 'expired'],
            'authenticate once the mobile has logged in',
          ),
          statusCode: int('0'),
          userId: text('Who is about to log in, or has'),
          redirectURL: text('Always empty'),
          authOTT: text('For the relying party, with status authenticate'),
        }),
      },
    },
  },
  {
    method: 'POST',
    path: '/rps/accessnumber',
    access: 'public',
    summary: 'The same for older pages',
    body: asked,
    replies: {
      200: {
        description: 'Logged in',
        schema: object({ authOTT: token('For the relying party') }),
      },
      401: 'Not yet, or unknown',
    },
  },
];

const ofMobiles: readonly Operation[] = [
  {
    method: 'POST',
    path: '/rps/codeStatus',
    access: 'public',
    summary: 'What an app says of itself after it has scanned a QR code',
    body: object({
      status: oneOf(['wid', 'user', 'abort'], 'How far it is'),
      'wid?': text('The fragment of the QR URL'),
      'userId?': text('Who is about to log in'),
    }),
    replies: {
      200: {
        description: 'Taken, or unknown; with status wid, who this service is',
        schema: object({
          'Status?': text('OK'),
          'prerollId?': text('Of the browser'),
          'appName?': text('Name of this service'),
          'appLogoURL?': text('Icon of this service'),
        }),
      },
      400: 'Malformed, or an unknown status',
    },
  },
  {
    method: 'POST',
    path: '/rps/authenticate',
    access: 'public',
    summary: 'A mobile presents its login and waits for its browser',
    body: object({ mpinResponse: object({ authOTT: token('From pass2') }) }),
    replies: {
      200: {
        description: 'The browser is logged in',
        schema: object({
          logoutURL: text('Where the mobile can log it out again; empty for nowhere'),
          logoutData: anything('What to send there'),
        }),
      },
      400: 'No authOTT',
      401: 'Wrong PIN',
      403: 'Revoked',
      408: 'The browser did not come in time',
      410: 'Wrong PIN, and locked: the token is useless',
      412: 'The access number is unknown or over',
    },
  },
];

export const RPS_MOBILE = { 'Login by mobile': [...ofBrowsers, ...ofMobiles] } as const;
