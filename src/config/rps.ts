/** Options of `mpin rps`, the relying party service (contract §10). */
import { auditOptions, privateOptions, rpaCallOptions, tlsOptions } from './access.js';
import { autoReload } from './auto-reload.js';
import { entropyOptions } from './entropy.js';
import { fileStoreOptions } from './file-store.js';
import { logLevel } from './log-level.js';
import {
  bool,
  int,
  list,
  notHttpUrl,
  notPlainUrl,
  type OptionsOf,
  type OptionTable,
  path,
  port,
  secret,
  text,
  url,
} from './option.js';
import { redisOptions } from './redis.js';
import { rpsLoginOptions } from './rps-logins.js';
import { serviceOptions } from './service.js';
import { timeOptions } from './time.js';

/** Most entries a Map of V8 can hold: no table of the memory store can be larger. */
const MAP_ENTRIES_MAX = 16_000_000;

const entries = (initial: number, why: string) =>
  int(initial, 'entries', why, { min: 1, max: MAP_ENTRIES_MAX });

/** Says what is wrong with one of several URLs, separated by commas. */
function notHttpUrls(value: string): string | undefined {
  const faults = value.split(',').map((one) => notHttpUrl(one.trim()));
  return faults.find((fault) => fault !== undefined);
}

/** Where the hosted share of the server secret may come from, when it is not given itself. */
const SERVER_SECRET_WORDS = ['dta', 'credentials.json', 'manual'] as const;
/** A point of G2 in hex (contract §8). */
const G2_HEX = /^[0-9a-f]{256}$/i;

/** Limits of the state in memory. When one is reached, what is new gets 503. */
const storeOptions = {
  storage: text(
    'memory',
    'Where state is kept: memory is not shared between instances, redis is; then the limits of ' +
      'the state in memory do not apply, but the maxmemory of Redis. file (or json, as it was ' +
      'called) is shared by the instances of one machine',
    { choices: ['memory', 'redis', 'file', 'json'] },
  ),
  registrationsMax: entries(100_000, 'Registrations under way, about 1 KB each'),
  challengesMax: entries(1_000_000, 'Challenges between pass 1 and pass 2, about 250 bytes each'),
  resultsMax: entries(1_000_000, 'Login results that no RPA has taken yet, about 110 bytes each'),
  failingIdentitiesMax: entries(
    1_000_000,
    'Identities with failures counted against them, locked ones included',
  ),
  identityBytesMax: int(
    600_000_000,
    'bytes',
    'Memory for the identities of challenges, results and failures: three million of 160 bytes. ' +
      'Failing ones may take a third of it',
    { min: 1_000_000, max: 100_000_000_000 },
  ),
  meetingsMax: entries(
    100_000,
    'Access numbers and QR codes being shown, about 1 KB each; a tenth of all access numbers',
  ),
  otpUsersMax: entries(100_000, 'People with live one-time passwords, about 300 bytes each'),
  noncesMax: entries(
    1_000_000,
    'Messages of one-pass logins and M-Pin servers not to be taken twice, about 200 bytes each',
  ),
  revocationsMax: entries(1_000_000, 'Revoked identities, about 300 bytes each'),
  permitIdentitiesMax: entries(
    200_000,
    'Identities whose time permit shares are cached, about 1 KB each; the oldest make room',
  ),
} as const satisfies OptionTable;

/** What is refused when there is too much of it. */
const overloadOptions = {
  connectionsMax: int(
    16_384,
    'connections',
    'Open connections; a further one gets 503. Each takes a file descriptor and some KB',
    { min: 1, max: 1_000_000 },
  ),
  socketsMax: int(
    10_000,
    'WebSockets',
    'Open WebSockets, about 10 KB each; a further one gets 503',
    { min: 1, max: 1_000_000 },
  ),
  loginsInFlightMax: int(
    512,
    'logins',
    'Logins being checked or waiting for it at which none is begun: pass 1 and new WebSockets ' +
      'get 503, so that those begun can end. Less than verifyQueueMax',
    { min: 1, max: 1_000_000 },
  ),
  loginWaitMsMax: int(
    50,
    'ms',
    'Expected wait for a worker beyond which none is begun either, from 64 logins in flight on',
    { min: 1, max: 60_000 },
  ),
  turnMsMax: int(
    50,
    'ms',
    'One turn of the event loop; logins begun later in a turn, after 100 requests in it, get ' +
      '503, as the server is behind',
    { min: 1, max: 60_000 },
  ),
  addressRequestsPerSecond: int(
    0,
    'requests a second',
    'Requests of one address (IPv6: its /64) to public routes; more get 429. 0 for no limit. ' +
      'Behind a proxy all clients have its address unless trustedProxies names it',
    { min: 0, max: 1_000_000 },
  ),
  addressRequestsBurst: int(100, 'requests', 'So many at once before that rate counts', {
    min: 1,
    max: 1_000_000,
  }),
  addressFailuresPerMinute: int(
    0,
    'failures a minute',
    'Wrong PINs and other refusals (400 to 499) of one address; more, and it gets 429. 0 for no ' +
      'limit',
    { min: 0, max: 1_000_000 },
  ),
  addressFailuresBurst: int(20, 'failures', 'So many at once before that rate counts', {
    min: 1,
    max: 1_000_000,
  }),
  rateAddressesMax: int(
    100_000,
    'addresses',
    'Addresses whose rates are remembered, about 200 bytes each; with more, some are forgotten',
    { min: 2, max: 8_000_000 },
  ),
} as const satisfies OptionTable;

/** How a process ends. */
const stopOptions = {
  stopPauseMs: int(
    0,
    'ms',
    'Pause between "not ready" and the end of listening: longer than a balancer takes to notice',
    { min: 0, max: 600_000 },
  ),
  stopDrainMs: int(5_000, 'ms', 'Time for requests in flight to end after that', {
    min: 0,
    max: 600_000,
  }),
} as const satisfies OptionTable;

/** Where things are, for clients, for the RPA and for us. */
const urlOptions = {
  DTALocalURL: text(
    'http://127.0.0.1:8001',
    'Base URL of the local D-TA; several, separated by commas, are authorities whose shares are ' +
      'added up here, so that clients see one',
    { check: notHttpUrls },
  ),
  furtherAuthorityURLs: list(
    [],
    'Base URLs of hosted authorities beside that of the credentials, for clients that know of ' +
      'more than two: each asks them itself',
    { check: notPlainUrl },
  ),
  rpsBaseURL: text(
    '',
    'URL under which clients reach this service, as https://login.example.com; empty makes all ' +
      'advertised URLs relative to the page, which programs cannot use',
    { check: notPlainUrl },
  ),
  rpsBaseURLs: list(
    [],
    'Further URLs under which clients reach it: a request whose Host is one of theirs is told to ' +
      'the RPA under that URL. No other Host is ever believed',
    { check: notPlainUrl },
  ),
  rpsPrefix: text('rps', 'Path prefix of the public routes', { check: prefixFault }),
  RPAVerifyUserURL: url('', 'RPA endpoint that confirms a new registration; needed to register'),
  RPAPermitUserURL: url('', 'RPA endpoint asked before each time permit; empty permits everyone'),
  RPAAuthenticateUserURL: text('', 'RPA endpoint clients take their login to, told to them as is', {
    dynamic: true,
  }),
  dynamicOptionsURL: url(
    '',
    'Address of a JSON object with options that change at run time: asked at the start and at ' +
      'each POST /dynamicOptions; empty turns both off',
  ),
} as const satisfies OptionTable;

/** What clients read in clientSettings and act on themselves. */
const advertisedOptions = {
  setDeviceName: bool(false, 'Clients ask for a name of the device', { dynamic: true }),
  useNFC: bool(false, 'Clients may use NFC', { dynamic: true }),
  useWebSocket: bool(
    false,
    'Clients use the WebSocket dance; it always works, but the old mobile page fails on it',
    { dynamic: true },
  ),
  successLoginURL: text('', 'Where pages may go after a login', {
    aliases: ['successfulLoginURL'],
    dynamic: true,
  }),
  identityCheckRegex: text('', 'Regular expression that clients may check new names with', {
    check: regexFault,
    dynamic: true,
  }),
  seedValueLength: int(100, 'bytes', 'Length of seedValue, randomness for clients without any', {
    min: 16,
    max: 1024,
    dynamic: true,
  }),
} as const satisfies OptionTable;

export const rpsOptions = {
  address: text('127.0.0.1', 'Address to listen on'),
  port: port(8011, 'Port to listen on; 0 for any free one'),
  allowOrigin: list(['*'], 'Origins whose pages may call; * for any'),
  privateAllow: list(
    ['127.0.0.0/8', '::1/128'],
    'Networks (CIDR) whose hosts may call the private routes: those of the RPA. Others get 403',
  ),
  trustedProxies: list([], 'Networks (CIDR) of reverse proxies whose X-Forwarded-For is believed'),
  credentialsFile: path('./credentials.json', 'The credentials.json of this application', {
    aliases: ['keysFile'],
  }),
  logLevel: logLevel(),
  autoReload,
  certivoxServerSecret: secret(
    'dta',
    'Where the hosted share of the server secret comes from: the hosted side (dta), the key ' +
      'certivox_server_secret of the credentials (credentials.json), the terminal (manual), or ' +
      'this very text of 256 hexadecimal digits',
    { words: SERVER_SECRET_WORDS, check: serverSecretFault },
  ),
  serverSecretRefreshSeconds: int(
    300,
    'seconds',
    'Between two looks whether an authority rotates its secret; its lead time must be longer. 0 ' +
      'for none',
    { min: 0, max: 86_400 },
  ),
  VerifyUserExpireSeconds: int(3600, 'seconds', 'Time a person has to confirm a registration', {
    min: 1,
    max: 31_536_000,
    dynamic: true,
  }),
  cacheTimePermits: bool(true, 'Fetch 7 to 13 days of time permit shares at once, not one', {
    dynamic: true,
  }),
  OTTLength: int(16, 'bytes', 'Length of one-time tokens', { min: 16, max: 64 }),
  cryptoThreads: int(0, 'threads', 'Workers that check logins; 0 for one fewer than the cores', {
    min: 0,
    max: 256,
  }),
  cryptoProvider: text('core', 'Who computes; amcl only in a build that found AMCL, and slower', {
    choices: ['core', 'amcl'],
  }),
  instances: int(
    1,
    'processes',
    'Processes that share the port and the state: one for every few cores. More than one need a ' +
      'storage that is shared; each takes its part of the default of cryptoThreads',
    { min: 1, max: 64 },
  ),
  verifyQueueMax: int(1000, 'logins', 'Logins that may wait for a worker; more get 503', {
    min: 1,
    max: 1_000_000,
  }),
  ...rpsLoginOptions,
  ...urlOptions,
  ...rpaCallOptions,
  ...advertisedOptions,
  ...timeOptions,
  ...entropyOptions,
  ...serviceOptions,
  ...privateOptions,
  ...tlsOptions,
  ...auditOptions,
  ...storeOptions,
  ...redisOptions,
  ...fileStoreOptions,
  ...overloadOptions,
  ...stopOptions,
} as const satisfies OptionTable;

function regexFault(pattern: string): string | undefined {
  try {
    new RegExp(pattern);
    return undefined;
  } catch {
    return 'not a regular expression';
  }
}

function prefixFault(prefix: string): string | undefined {
  return /^\/*[\w.~-]+(\/[\w.~-]+)*\/*$/.test(prefix) ? undefined : 'not a path such as rps';
}

function serverSecretFault(given: string): string | undefined {
  const known: readonly string[] = SERVER_SECRET_WORDS;
  const sound = known.includes(given) || G2_HEX.test(given);
  return sound ? undefined : `neither one of ${known.join(', ')} nor 256 hexadecimal digits`;
}

export type RpsOptions = OptionsOf<typeof rpsOptions>;
