/** The option `autoReload`, which every role that runs on has. */
import { bool } from './option.js';

export const autoReload = bool(
  false,
  'Read the configuration file, and the files that secrets are in, again when one changes, as ' +
    'SIGHUP does; what cannot change while the server runs is logged and waits for a restart',
);
