/** Options of `mpin up`, the whole system on one machine. */
import { logLevel } from './log-level.js';
import { int, type OptionSpec, type OptionsOf, type OptionTable, path, text } from './option.js';

/** Ports are fixed here, because each part must know the others' before they run. */
const fixedPort = (initial: number, why: string): OptionSpec<number> =>
  int(initial, 'TCP port', why, { min: 1, max: 65_535 });

const STAYS = 'Address of %; stays on loopback unless named here';

export const upOptions = {
  host: text(
    '127.0.0.1',
    'Address for what browsers must reach: the relying party, the hosted proxy and its permits',
  ),
  publicHost: text(
    '',
    'Host name in the URLs that browsers are given, known to this machine too; host itself if ' +
      'empty, or this machine’s first address when host stands for all of them',
  ),
  data: path('./.mpin', 'Folder of credentials, backups and their passphrase'),
  rpaPort: fixedPort(8005, 'Port of the relying party'),
  rpsPort: fixedPort(8011, 'Port of the RPS'),
  dtaPort: fixedPort(8001, 'Port of the D-TA'),
  hostedPort: fixedPort(8021, 'Port of the hosted proxy and permit storage'),
  hostedDtaPort: fixedPort(8022, 'Port of the hosted D-TA, behind its proxy'),
  rpsHost: text('127.0.0.1', STAYS.replace('%', 'the RPS')),
  dtaHost: text('127.0.0.1', STAYS.replace('%', 'the D-TA')),
  logLevel: logLevel('ERROR'),
} as const satisfies OptionTable;

export type UpOptions = OptionsOf<typeof upOptions>;
