/** Options of `mpin rpa`, the demo relying party (contract §11). */

import { tlsOptions } from './access.js';
import { autoReload } from './auto-reload.js';
import { logLevel } from './log-level.js';
import {
  bool,
  int,
  list,
  type OptionsOf,
  type OptionTable,
  path,
  port,
  secret,
  text,
} from './option.js';

/** A token that opens everything, held by a program: nobody has to remember it. */
const ADMIN_TOKEN_LENGTH_MIN = 32;

/** Who a person is, and how they prove that an e-mail address is theirs. */
const activationOptions = {
  verifyIdentityURL: text('/mpinActivate', 'Page of the activation link, below the base URL'),
  forceActivate: bool(true, 'Activate registrations at once, without asking the person'),
  showActivationLinks: bool(
    false,
    'Print activation links on standard output, for development: whoever reads one can use it',
  ),
  emailSender: text('', 'Sender of activation mails: an address, or a name and <an address>'),
  emailSubject: text('Confirm your identity', 'Subject of activation mails'),
  smtpServer: text('', 'Mail server that takes the activation mails; none are sent if empty'),
  smtpPort: int(25, 'TCP port', 'Port of the mail server; 465 speaks TLS from the first byte', {
    min: 1,
    max: 65_535,
  }),
  smtpUseTLS: bool(
    false,
    'Send no mail unless the connection to the mail server is encrypted and its certificate ' +
      'good; always so with a password',
  ),
  smtpUser: text('', 'User at the mail server; none if empty'),
  smtpPassword: secret('', 'Password at the mail server'),
} as const satisfies OptionTable;

/** Who may log in, and for how long. */
const loginOptions = {
  sessionSeconds: int(3600, 'seconds', 'Life of a session after its login', { min: 1 }),
  sessionsMax: int(
    10_000,
    'sessions',
    'Most live sessions, a bound on memory; the oldest ends when one more begins',
    { min: 1 },
  ),
  otpExpireSeconds: int(
    60,
    'seconds',
    'Time a one-time password is shown; as long as the RPS verifies it',
    { min: 1, max: 3_600 },
  ),
  adminUsers: list(
    [],
    'Users who may revoke and permit others at /admin; needs forceActivate off, or anyone could ' +
      'register as one',
  ),
  adminToken: secret('', 'What programs show to revoke and permit users; none may if empty', {
    check: (token) =>
      token === '' || token.length >= ADMIN_TOKEN_LENGTH_MIN
        ? undefined
        : `shorter than ${ADMIN_TOKEN_LENGTH_MIN} characters`,
  }),
  revokedFile: path('', 'File that keeps who is revoked; forgotten with a restart if empty'),
} as const satisfies OptionTable;

export const rpaOptions = {
  address: text('127.0.0.1', 'Address to listen on; browsers must be able to reach it'),
  port: port(8005, 'Port to listen on; 0 for any free one'),
  RPSURL: text('http://127.0.0.1:8011', 'Base URL of the RPS, which only this side reaches'),
  RPSPrivateURL: text('', 'Base URL of the private routes of the RPS; RPSURL if empty'),
  rpsSecret: secret('', 'The rpaSecret of the RPS, where it has one'),
  rpsPrefix: text('rps', 'Path prefix of the public RPS API; only what lies below it is relayed'),
  baseURL: text(
    '',
    'URL under which browsers reach this application; https makes its cookie Secure; ' +
      'its own address if empty',
  ),
  brandName: text('M-Pin demo', 'What this application calls itself, on pages and in mails'),
  brandColour: text('#2f54c8', 'Its colour, as #rrggbb', {
    aliases: ['brandColor'],
    check: (colour) => (/^#[0-9a-f]{6}$/i.test(colour) ? undefined : 'not a colour like #2f54c8'),
  }),
  mobileAppFullURL: text(
    '',
    'Page of the mobile client that QR codes open: a URL, or a path such as /m; the one that ' +
      'the RPS names if empty',
  ),
  ...activationOptions,
  ...loginOptions,
  allowFrom: list(
    ['127.0.0.0/8', '::1/128'],
    'Networks (CIDR) whose hosts may call back as the RPS does; others get 403',
  ),
  trustedProxies: list([], 'Networks (CIDR) of reverse proxies whose X-Forwarded-For is believed'),
  logLevel: logLevel(),
  autoReload,
  ...tlsOptions,
} as const satisfies OptionTable;

export type RpaOptions = OptionsOf<typeof rpaOptions>;
