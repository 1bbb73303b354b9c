/** All option tables: what one role does not know may still be another's. */
import {
  addApplicationOptions,
  getCredentialsOptions,
  rotateApplicationOptions,
} from '../config/applications.js';
import { authOptions } from '../config/auth.js';
import { changePassphraseOptions, retireOptions, rotateOptions } from '../config/backup.js';
import { benchOptions } from '../config/bench.js';
import { loginOptions } from '../config/client.js';
import { dtaOptions } from '../config/dta.js';
import { hostedOptions } from '../config/hosted.js';
import { namesOf } from '../config/load.js';
import type { OptionTable } from '../config/option.js';
import { permitsRunOptions } from '../config/permits-commands.js';
import { rpaOptions } from '../config/rpa.js';
import { rpsOptions } from '../config/rps.js';
import { upOptions } from '../config/up.js';
import { CliError, EXIT_USAGE } from './errors.js';

/** The tables of the commands that take a configuration file, by their names. */
export const ROLE_TABLES: Readonly<Record<string, OptionTable>> = {
  rps: rpsOptions,
  auth: authOptions,
  dta: dtaOptions,
  hosted: hostedOptions,
  rpa: rpaOptions,
  up: upOptions,
  client: loginOptions,
  bench: benchOptions,
};

export const ALL_TABLES: readonly OptionTable[] = [
  ...Object.values(ROLE_TABLES),
  changePassphraseOptions,
  rotateOptions,
  retireOptions,
  getCredentialsOptions,
  addApplicationOptions,
  rotateApplicationOptions,
  permitsRunOptions,
];

/** The table of a role; throws CliError for another name. */
export function tableOf(role: string): OptionTable {
  const table = Object.hasOwn(ROLE_TABLES, role) ? ROLE_TABLES[role] : undefined;
  if (table !== undefined) return table;
  throw new CliError(`--role: expected one of ${Object.keys(ROLE_TABLES).join(', ')}`, EXIT_USAGE);
}

/** The role that knows most of these names; the first one where several do. */
export function guessRole(names: readonly string[]): string {
  const scores = Object.entries(ROLE_TABLES).map(([role, table]) => {
    const known = namesOf(table);
    return { role, score: names.filter((name) => known.has(name)).length };
  });
  return scores.reduce((best, other) => (other.score > best.score ? other : best)).role;
}
