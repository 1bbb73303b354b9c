/** Options of `mpin hosted`: the D-TA proxy with the D-TA behind it, and the permits service. */
import { authorityOptions } from './dta.js';
import { int, list, type OptionsOf, type OptionTable, path, port, secret, text } from './option.js';
import { permitsOptions } from './permits.js';

/** What the proxy refuses, and what it writes down. */
const proxyOptions = {
  applicationRequestsPerSecond: int(
    1000,
    'requests a second',
    'Signed requests of one application; more get 429, so that none takes what is for all. 0 for ' +
      'no limit',
    { min: 0, max: 1_000_000 },
  ),
  applicationRequestsBurst: int(5000, 'requests', 'So many at once before that rate counts', {
    min: 1,
    max: 1_000_000,
  }),
  revocationFile: path(
    '',
    'Identities that get no secret and no permit any more: a hash_mpin_id a line, read again ' +
      'when the file changes',
  ),
  auditFile: path('', 'Where each question and its outcome is written; the log if empty'),
} as const satisfies OptionTable;

/** How customers get their credentials. */
const registrationOptions = {
  applicationsFolder: path(
    '',
    'Where registered applications are kept; without it only those of credentialsFile are served',
  ),
  installerKey: secret('', 'Signs the requests of new customers; without it none can register'),
  registrationsPerHour: int(60, 'registrations an hour', 'New applications; more get 429', {
    min: 1,
    max: 1_000_000,
  }),
  applicationsMax: int(100_000, 'applications', 'So many may register, about 500 bytes each', {
    min: 1,
    max: 10_000_000,
  }),
  keyOverlapHours: int(
    168,
    'hours',
    'How long an old app_key is good after a rotation: time to bring the new one to every server',
    { min: 0, max: 8760 },
  ),
} as const satisfies OptionTable;

export const hostedOptions = {
  address: text('127.0.0.1', 'Address the proxy listens on; clients must be able to reach it'),
  port: port(8021, 'Port of the proxy; 0 for any free one'),
  dtaAddress: text('127.0.0.1', 'Address of the D-TA behind the proxy; only a loopback one'),
  dtaPort: port(8022, 'Port of the D-TA behind the proxy; 0 for any free one'),
  credentialsFile: list(
    ['./credentials.json'],
    'The credentials.json of each application that is served, beside those that have registered',
    { aliases: ['credentialsFiles', 'keysFile'] },
  ),
  backup_file: path('./hosted-backup.json', 'Where the master secret is kept between starts'),
  ...proxyOptions,
  ...registrationOptions,
  ...permitsOptions,
  apiUrl: text(
    '',
    'Public base URL of the proxy, the api_url of credentials; its own address if empty',
  ),
  apiPrefixes: list(
    ['/v3', '/v0.3'],
    'Path prefixes under which the proxy answers as it does at the root (older api_urls have one)',
  ),
  timePermitsStorageURL: text(
    '',
    'Public base URL of the published permits; if empty <apiUrl>permits, where permitsFolder ' +
      'is served',
  ),
  managementConsoleURL: text('', 'Address of a management console, passed on by apiSettings'),
  trustedProxies: list([], 'Networks (CIDR) of reverse proxies whose X-Forwarded-For is believed'),
  ...authorityOptions,
} as const satisfies OptionTable;

export type HostedOptions = OptionsOf<typeof hostedOptions>;
