/** The private routes of the RPS: for the relying party and for operators (contract §6). */
import type { Operation } from './operation.js';
import {
  anything,
  flag,
  hex,
  int,
  isoTime,
  mpinId,
  object,
  oneOf,
  type Schema,
  text,
  token,
} from './schema.js';

const OK = object({ version: text('0.3'), message: text('OK') });
const BARRED = 'Not for this caller';

/** `userId` and `mpinId` are empty where the token names nothing. */
const outcome = (status: number, more: Readonly<Record<string, Schema>> = {}): Schema =>
  object({
    status: oneOf([status], 'The same as of the reply'),
    message: text('In words'),
    userId: text('Who it is'),
    mpinId: text('The identity'),
    ...more,
  });

const relyingParty: readonly Operation[] = [
  {
    method: 'POST',
    path: '/user/:mpinId',
    access: 'private',
    summary: 'Confirms the person behind a registration',
    params: { mpinId: mpinId() },
    body: object({ activateKey: hex(32, 'From the call to RPAVerifyUserURL') }),
    replies: {
      200: { description: 'Active', schema: OK },
      400: 'Malformed',
      401: 'No such registration',
      403: 'A wrong key, or not for this caller',
    },
  },
  {
    method: 'POST',
    path: '/authenticate',
    access: 'private',
    summary: 'Takes the outcome of a login, once',
    body: object({
      authOTT: token('That the client has brought'),
      'logoutURL?': text('Where a mobile can log out; begins with a slash'),
      'logoutData?': anything('What it is to send there'),
    }),
    replies: {
      200: {
        description: 'The right PIN',
        schema: outcome(200, { 'OTP?': text('Six digits') }),
      },
      400: 'No authOTT',
      401: { description: 'A wrong PIN', schema: outcome(401) },
      403: { description: 'Revoked, or not for this caller' },
      408: { description: 'The token names no live result', schema: outcome(408) },
      410: { description: 'Locked', schema: outcome(410) },
    },
  },
  {
    method: 'POST',
    path: '/loginResult',
    access: 'private',
    summary: 'What the relying party made of a login: releases the mobile that waits for it',
    body: object({
      authOTT: token('That it has taken'),
      status: int('200, or the 4xx that the mobile is to get'),
      'message?': text('In words'),
      'logoutURL?': text('Where the mobile can log out'),
      'logoutData?': anything('What it is to send there'),
    }),
    replies: {
      200: { description: 'Told', schema: OK },
      400: 'Malformed',
      403: BARRED,
      404: 'waitForLoginResult is off',
      408: 'Unknown, or told before',
    },
  },
  {
    method: 'POST',
    path: '/verifyOTP',
    access: 'private',
    summary: 'Uses a one-time password, once',
    body: object({ userId: text('Who brings it'), OTP: text('Six digits') }),
    replies: {
      200: { description: 'Accepted', schema: outcome(200) },
      400: 'Malformed',
      401: { description: 'Wrong, used or over', schema: outcome(401) },
      403: BARRED,
    },
  },
  {
    method: 'PUT',
    path: '/token',
    access: 'private',
    summary: 'The result of a login at a separate M-Pin server; only with MPinAuthenticationServer',
    body: object({
      authOTT: token('That the client was given'),
      signature: hex(32, 'HMAC-SHA256 of mpin_id_hex, successCode, expires, WID, OTP, authOTT'),
      token: object({
        mpin_id_hex: mpinId(),
        'mpin_id?': text('The same as text'),
        successCode: oneOf([0, -19], '0 for the right PIN'),
        expires: isoTime('When the token ends'),
        'WID?': anything('Access number or QR id; 0 for none'),
        'OTP?': anything('Six digits; 0 for none'),
        'pinError?': int('By how much the PIN was wrong'),
        'pinErrorCost?': anything('What finding that has cost'),
      }),
    }),
    replies: {
      200: { description: 'Decided and counted', schema: OK },
      400: 'Malformed',
      401: 'Not signed by the application',
      403: BARRED,
      408: 'Too old, or delivered before',
    },
  },
  {
    method: 'GET',
    path: '/manage/getStackInfo',
    access: 'private',
    summary: 'What the hosted side says of this customer',
    replies: {
      200: {
        description: 'With authority to manage for an hour',
        schema: object({
          managementConsoleURL: text('Where'),
          license_info: anything('The terms'),
          manage_auth: object({
            app_id: text('This application'),
            expires: isoTime('When it ends'),
            signature: hex(32, 'HMAC-SHA256 of both'),
          }),
        }),
      },
      403: BARRED,
      500: 'The hosted side gave no answer',
    },
  },
];

const identity = object({
  version: text('0.3'),
  message: text('OK'),
  userId: text('Who it is'),
  changed: flag('This call has changed something'),
  failures: int('Failures that lock'),
  otherFailures: int('Failures that do not'),
  locked: flag('Gets 410'),
  revoked: flag('Gets 403, and no time permits'),
});

const administer = (name: string, summary: string): Operation => ({
  method: 'POST',
  path: `/manage/${name}`,
  access: 'private',
  summary,
  body: object({ mpinId: mpinId() }),
  replies: {
    200: { description: 'How the identity stands now', schema: identity },
    400: 'Malformed',
    403: BARRED,
  },
});

const administration: readonly Operation[] = [
  administer('identity', 'How an identity stands'),
  administer('unlock', 'Ends the lock of an identity'),
  administer('revoke', 'Revokes an identity'),
  administer('reinstate', 'Takes a revocation back'),
];

const dynamicOptions: readonly Operation[] = [
  {
    method: 'GET',
    path: '/dynamicOptions',
    access: 'private',
    summary: 'The options that dynamicOptionsURL may change, as they are',
    replies: {
      200: {
        description: 'Their values',
        schema: object({
          'time_synchronization?': flag('syncTime'),
          'time_synchronization_period?': int('timePeriod, in milliseconds'),
          'mobile_use_native?': flag('mobileUseNative'),
          'mobile_client_config?': anything('mobileConfig'),
          'mobile_service?': anything('mobileService'),
        }),
      },
      403: 'There is no dynamicOptionsURL, or not for this caller',
    },
  },
  {
    method: 'POST',
    path: '/dynamicOptions',
    access: 'private',
    summary: 'Has them fetched from dynamicOptionsURL now',
    replies: {
      200: { description: 'Fetched and in force', schema: OK },
      403: 'There is no dynamicOptionsURL, or not for this caller',
      500: 'They could not be fetched',
    },
  },
];

const operation: readonly Operation[] = [
  {
    method: 'GET',
    path: '/health/live',
    access: 'private',
    summary: 'The process can answer',
    replies: {
      200: { description: 'It can', schema: object({ status: text('live') }) },
      403: BARRED,
    },
  },
  {
    method: 'GET',
    path: '/health/ready',
    access: 'private',
    summary: 'It can do its work',
    replies: {
      200: { description: 'It can', schema: object({ status: text('ready') }) },
      403: BARRED,
      503: {
        description: 'It cannot',
        schema: object({
          status: text('not ready'),
          message: text('In words'),
          missing: { type: 'array', items: text('What is missing') },
        }),
      },
    },
  },
  {
    method: 'GET',
    path: '/metrics',
    access: 'private',
    summary: 'Metrics for Prometheus',
    replies: {
      200: {
        description: 'The text format',
        type: 'text/plain',
        schema: text('Lines'),
      },
      403: BARRED,
    },
  },
  {
    method: 'GET',
    path: '/openapi.json',
    access: 'private',
    summary: 'This description',
    replies: {
      200: { description: 'OpenAPI 3.1', schema: { type: 'object' } },
      403: BARRED,
    },
  },
];

export const RPS_PRIVATE = {
  'Relying party': relyingParty,
  Administration: administration,
  Operation: [...operation, ...dynamicOptions],
} as const;
