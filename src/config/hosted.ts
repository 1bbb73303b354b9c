/** Options of `mpin hosted`: the D-TA proxy with the D-TA behind it, and the permit storage. */
import { authorityOptions } from './dta.js';
import { list, type OptionsOf, type OptionTable, path, port, text } from './option.js';

export const hostedOptions = {
  address: text('127.0.0.1', 'Address the proxy listens on; clients must be able to reach it'),
  port: port(8021, 'Port of the proxy; 0 for any free one'),
  dtaAddress: text('127.0.0.1', 'Address of the D-TA behind the proxy; only a loopback one'),
  dtaPort: port(8022, 'Port of the D-TA behind the proxy; 0 for any free one'),
  credentialsFile: list(
    ['./credentials.json'],
    'The credentials.json of each application that is served',
    { aliases: ['credentialsFiles', 'keysFile'] },
  ),
  backup_file: path('./hosted-backup.json', 'Where the master secret is kept between starts'),
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
    'Public base URL of the stored permits; <apiUrl>permits if empty',
  ),
  managementConsoleURL: text('', 'Address of a management console, passed on by apiSettings'),
  trustedProxies: list([], 'Networks (CIDR) of reverse proxies whose X-Forwarded-For is believed'),
  ...authorityOptions,
} as const satisfies OptionTable;

export type HostedOptions = OptionsOf<typeof hostedOptions>;
