/** All option tables: what one role does not know may still be another's. */
import { benchOptions } from '../config/bench.js';
import { loginOptions } from '../config/client.js';
import { dtaOptions } from '../config/dta.js';
import { hostedOptions } from '../config/hosted.js';
import type { OptionTable } from '../config/option.js';
import { rpaOptions } from '../config/rpa.js';
import { rpsOptions } from '../config/rps.js';
import { upOptions } from '../config/up.js';

export const ALL_TABLES: readonly OptionTable[] = [
  rpsOptions,
  dtaOptions,
  hostedOptions,
  rpaOptions,
  upOptions,
  loginOptions,
  benchOptions,
];
