/** The option `logLevel`, which every role has. */
import { type OptionSpec, text } from './option.js';

/** All names of the old servers and their documents; ALL shows as much as can be shown. */
const NAMES = ['ALL', 'DEBUG', 'INFO', 'WARNING', 'WARN', 'ERROR', 'CRITICAL'] as const;

/** The old servers' default was ERROR; INFO also says where a server listens and what it lacks. */
export const logLevel = (initial = 'INFO'): OptionSpec<string> =>
  text(initial, 'Least severe messages that are logged', { choices: NAMES, dynamic: true });
