/** The public routes of the RPS for browsers and apps (contract §4.1 to §4.7, §4.11). */
import type { Operation } from './operation.js';
import {
  anything,
  flag,
  hex,
  int,
  mpinId,
  object,
  oneOf,
  point,
  type Schema,
  text,
  token,
} from './schema.js';

const BUSY = 'Full, or not ready yet: try again after Retry-After';
const url = (description: string): Schema => text(description);
const OK = object({ version: text('0.3'), message: text('OK') });

const ONE_ID = { mpinId: mpinId() };

const clientSettings: Operation = {
  method: 'GET',
  path: '/rps/clientSettings',
  access: 'public',
  summary: 'All that a client needs to know to start',
  replies: {
    200: {
      description: 'Addresses and options; never cached',
      schema: object({
        appID: text('This application'),
        certivoxURL: url('Base of the hosted side; ends in a slash'),
        'authorityURLs?': { type: 'array', items: url('Further hosted sides') },
        mpinAuthServerURL: url('Base of pass1 and pass2'),
        registerURL: url('PUT user'),
        signatureURL: url('GET signature'),
        setupDoneURL: url('POST setupDone'),
        timePermitsURL: url('GET timePermit'),
        'timePermitsStorageURL?': url('Where stored time permits are'),
        authenticateURL: url('Of the relying party: where browsers take their authOTT'),
        mobileAuthenticateURL: url('Where mobiles take theirs'),
        'accessNumberURL?': url('Poll of a browser that waits for a mobile'),
        'getAccessNumberURL?': url('POST getAccessNumber'),
        getQrUrl: url('POST getQrUrl'),
        codeStatusURL: url('POST codeStatus'),
        seedValue: text('Fresh randomness for clients without any, hex'),
        requestOTP: flag('Logins end in a one-time password'),
        usePermits: flag('Logins need a time permit'),
        useWebSocket: flag('Clients should use authenticationToken'),
        setDeviceName: flag('Clients should ask for a name of the device'),
        useNFC: flag('Clients may use NFC'),
        accessNumberUseCheckSum: flag('Access numbers have a check digit'),
        accessNumberDigits: oneOf([6, 7], 'Their length'),
        cSum: int('The check digit algorithm'),
        maxInvalidLoginAttempts: int('Wrong PINs in a row that lock an identity', { minimum: 1 }),
      }),
    },
  },
};

const userBody = object({
  userId: text('Name of the person, as an e-mail address', { minLength: 1, maxLength: 254 }),
  'mobile?': oneOf([0, 1, '0', '1'], '1 from a mobile'),
  'deviceName?': text('Name of the device', { maxLength: 256 }),
  'deviceId?': text('The same by its other name', { maxLength: 256 }),
  'userData?': anything('Handed to the relying party as it is'),
  'activateCode?': anything('Handed to the relying party as it is'),
  'regOTT?': token('Of an earlier registration of this identity: it is begun again'),
});

const userReplies: Operation['replies'] = {
  200: {
    description: 'Registered, perhaps active already',
    schema: object({
      mpinId: mpinId('The identity; maybe another than asked for'),
      regOTT: token('Needed to go on with it'),
      expireTime: text('When the registration ends'),
      nowTime: text('The time here'),
      active: flag('The person is confirmed'),
    }),
  },
  400: 'Malformed, a wrong regOTT, or no RPAVerifyUserURL is configured',
  403: 'The relying party refuses; so it may with any other 4xx',
  413: 'The body is too long',
  500: 'The relying party cannot be asked',
  503: BUSY,
};

const registration: readonly Operation[] = [
  {
    method: 'PUT',
    path: '/rps/user',
    access: 'public',
    summary: 'Begins the registration of a new identity',
    body: userBody,
    replies: userReplies,
  },
  {
    method: 'PUT',
    path: '/rps/user/:mpinId',
    access: 'public',
    summary: 'Begins a registration again; an unknown identity becomes a new one',
    params: ONE_ID,
    body: userBody,
    replies: userReplies,
  },
  {
    method: 'GET',
    path: '/rps/signature/:mpinId',
    access: 'public',
    summary: 'Gives a confirmed person the local share of the client secret',
    params: ONE_ID,
    query: { regOTT: token('From PUT user') },
    replies: {
      200: {
        description: 'The share, and the signed query by which the hosted one is to be had',
        schema: object({
          clientSecretShare: point('The local share'),
          params: text('Query for <certivoxURL>clientSecret'),
        }),
      },
      400: 'Unknown or ended registration, or a wrong regOTT',
      401: 'Not active yet, revoked, or the D-TA cannot be asked',
      503: BUSY,
    },
  },
  {
    method: 'POST',
    path: '/rps/setupDone/:mpinId',
    access: 'public',
    summary: 'Ends a registration whose key was issued',
    params: ONE_ID,
    body: object({}),
    replies: { 200: { description: 'Always', schema: OK } },
  },
  {
    method: 'GET',
    path: '/rps/timePermit/:mpinId',
    access: 'public',
    summary: "Gives the local share of today's time permit",
    params: ONE_ID,
    replies: {
      200: {
        description: 'The share, and where the hosted one may be stored',
        schema: object({
          version: text('0.3'),
          message: text('M-Pin Time Permit Generated'),
          date: int('Days since 1970-01-01 UTC'),
          timePermit: point('The local share'),
          storageId: hex(32, 'SHA-256 of the mpin_id'),
          signature: hex(32, 'For the hosted side'),
        }),
      },
      400: 'Not an mpin_id',
      410: 'Revoked; the 4xx of the relying party with permitStatusOfRPA',
      500: 'The relying party or the D-TA gave no usable answer',
      503: BUSY,
    },
  },
];

const passed = object({
  version: text('0.3'),
  pass: oneOf([2], 'Which step it is'),
  authOTT: token('Stands for the outcome'),
  'OTP?': text('Six digits, where they were wanted', { pattern: '^\\d{6}$' }),
});

const passes: readonly Operation[] = [
  {
    method: 'POST',
    path: '/rps/pass1',
    access: 'public',
    summary: 'First step of a login: the commitment, for a challenge',
    body: object({
      mpin_id: mpinId(),
      U: point('x·A'),
      'UT?': text('x·(A+T); empty or absent without time permits', {
        pattern: '^(04[0-9a-fA-F]{128})?$',
      }),
      'pass?': oneOf([1], 'Which step it is'),
    }),
    replies: {
      200: {
        description: 'The challenge, good for 15 s',
        schema: object({
          version: text('0.3'),
          message: text('OK'),
          pass: oneOf([1], 'Which step it is'),
          y: hex(32, 'The challenge'),
        }),
      },
      403: 'Malformed',
      503: BUSY,
    },
  },
  {
    method: 'POST',
    path: '/rps/pass2',
    access: 'public',
    summary: 'Second step of a login: the proof, for a token that stands for its outcome',
    description: 'Right or wrong, the answer is the same; the relying party learns which it was.',
    body: object({
      mpin_id: mpinId(),
      V: point('The proof'),
      'OTP?': { enum: [true, false, 0, 1, '0', '1'], description: 'A one-time password is wanted' },
      'WID?': {
        type: ['string', 'integer', 'null'],
        description: 'Access number or QR id of the browser to log in; "0" or nothing for none',
      },
      'pass?': oneOf([2], 'Which step it is'),
    }),
    replies: {
      200: {
        description: 'Decided, counted and kept for 60 s',
        schema: passed,
      },
      403: 'Malformed',
      500: 'Invalid pass one data: no challenge lives, or it was used meanwhile',
      503: BUSY,
    },
  },
  {
    method: 'POST',
    path: '/rps/pass',
    access: 'public',
    summary: 'A login in one step; only with option onePass',
    body: object({
      mpin_id: mpinId(),
      'U?': text('x·A, without time permits'),
      'UT?': text('x·(A+T)'),
      V: point('The proof'),
      T: { type: ['integer', 'string'], description: 'The time in seconds since the epoch' },
      'OTP?': anything('As in pass2'),
      'WID?': anything('As in pass2'),
    }),
    replies: {
      200: { description: 'As of pass2', schema: passed },
      403: 'Malformed, from another time, or taken before',
      503: BUSY,
    },
  },
  {
    method: 'GET',
    path: '/rps/authenticationToken',
    access: 'public',
    summary: 'A WebSocket for the same two steps',
    description:
      'One JSON text frame each way and step: {pass:1, mpin_id, U, UT} for {pass:1, y}, then ' +
      '{pass:2, V, OTP, WID} for {pass:2, authOTT}. A fault is {pass:0, message} and a close.',
    replies: {
      101: { description: 'Upgraded' },
      403: 'The page may not call',
      426: 'Not a WebSocket request',
      503: BUSY,
    },
  },
];

const serviceReply = object({
  name: text('Name of the service'),
  url: text('Its public base'),
  rps_prefix: text('Prefix of these routes'),
  logo_url: text('Its icon'),
  type: text('online'),
});

const about: readonly Operation[] = [
  ...['/service', '/rps/service'].map(
    (path): Operation => ({
      method: 'GET',
      path,
      access: 'public',
      summary: 'What an app shows of this service',
      replies: {
        200: { description: 'Name, address and icon', schema: serviceReply },
        403: 'Neither serviceName nor mobileService is set',
      },
    }),
  ),
  {
    method: 'GET',
    path: '/rps/mobileConfig',
    access: 'public',
    summary: 'Configuration of native apps, opaque to the server',
    replies: {
      200: { description: 'mobileConfig as it is', schema: { type: 'array', items: {} } },
      403: 'None is configured',
      404: 'mobileUseNative is off',
    },
  },
  ...['/status', '/rps/status'].map(
    (path): Operation => ({
      method: 'GET',
      path,
      access: 'public',
      summary: 'Says that the service is up',
      replies: {
        200: {
          description: 'It is',
          schema: object({ version: text('0.3'), message: text('active') }),
        },
      },
    }),
  ),
];

export const RPS_PUBLIC = {
  Registration: [clientSettings, ...registration],
  Login: passes,
  About: about,
} as const;
