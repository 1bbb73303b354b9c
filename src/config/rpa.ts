/** Options of `mpin rpa`, the demo relying party (contract §11). */

import { autoReload } from './auto-reload.js';
import { logLevel } from './log-level.js';
import { bool, int, list, type OptionsOf, type OptionTable, port, text } from './option.js';

export const rpaOptions = {
  address: text('127.0.0.1', 'Address to listen on; browsers must be able to reach it'),
  port: port(8005, 'Port to listen on; 0 for any free one'),
  RPSURL: text('http://127.0.0.1:8011', 'Base URL of the RPS, which only this side reaches'),
  rpsPrefix: text('rps', 'Path prefix of the public RPS API; only what lies below it is relayed'),
  baseURL: text(
    '',
    'URL under which browsers reach this application; https makes its cookie Secure; ' +
      'its own address if empty',
  ),
  verifyIdentityURL: text('/mpinActivate', 'Page of the activation link, below the base URL'),
  forceActivate: bool(true, 'Activate registrations at once, without asking the person'),
  showActivationLinks: bool(
    false,
    'Print activation links on standard output, for development: whoever reads one can use it',
  ),
  allowFrom: list(
    ['127.0.0.0/8', '::1/128'],
    'Networks (CIDR) whose hosts may call back as the RPS does; others get 403',
  ),
  trustedProxies: list([], 'Networks (CIDR) of reverse proxies whose X-Forwarded-For is believed'),
  sessionSeconds: int(3600, 'seconds', 'Life of a session after its login', { min: 1 }),
  sessionsMax: int(
    10_000,
    'sessions',
    'Most live sessions, a bound on memory; the oldest ends when one more begins',
    { min: 1 },
  ),
  logLevel: logLevel(),
  autoReload,
} as const satisfies OptionTable;

export type RpaOptions = OptionsOf<typeof rpaOptions>;
