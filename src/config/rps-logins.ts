/** Options of `mpin rps` about logins by mobile, one-time passwords, locks and the M-Pin server. */
import { bool, int, type OptionTable, text } from './option.js';

const DAY_SECONDS = 86_400;

const dynamic = true;

/** Logins by mobile: access numbers and QR codes. */
const mobileOptions = {
  accessNumberExpireSeconds: int(60, 'seconds', 'Time an access number or QR code is shown', {
    min: 10,
    max: 3_600,
    dynamic,
  }),
  accessNumberExtendValiditySeconds: int(
    5,
    'seconds',
    'Time it is good for beyond that, for those who have just read it',
    { min: 0, max: 600, dynamic },
  ),
  accessNumberUseCheckSum: bool(true, 'Access numbers carry a check digit: 7 digits, else 6'),
  accessNumberURL: text(
    'access',
    'Which poll pages are told of: the newer access, or the older accessnumber. Both work',
    { choices: ['access', 'accessnumber'], dynamic },
  ),
  waitForLoginResult: bool(
    false,
    'Hold a mobile login until the RPA reports its result; browser logins never wait',
    { dynamic },
  ),
  mobileWaitSeconds: int(
    10,
    'seconds',
    'Longest time a mobile waits for its browser; proxies must allow more',
    { min: 1, max: 60, dynamic },
  ),
  LogoutURL: text('', 'Where a mobile logs its browser out, if the RPA does not say; from /', {
    aliases: ['logoutURL'],
    dynamic,
  }),
  serviceName: text('', 'Name of the service that a mobile app shows', { dynamic }),
  serviceIconUrl: text('', 'Icon of the service that a mobile app shows', { dynamic }),
} as const satisfies OptionTable;

/** One-time passwords, logins without permits, and the one-pass protocol. */
const otherLoginOptions = {
  requestOTP: bool(false, 'Logins end in a one-time password that is shown to the person', {
    dynamic,
  }),
  otpExpireSeconds: int(60, 'seconds', 'Time a one-time password can be verified here', {
    min: 10,
    max: 3_600,
    dynamic,
  }),
  usePermits: bool(true, 'Logins need a time permit of the day'),
  onePass: bool(false, 'Offer the one-pass protocol at /pass; no known client speaks it'),
} as const satisfies OptionTable;

/** What wrong PINs lead to. */
const lockOptions = {
  maxInvalidLoginAttempts: int(3, 'failures', 'Wrong PINs in a row that lock an identity', {
    min: 1,
    max: 1_000_000,
    dynamic,
  }),
  pinError: bool(
    false,
    'Find out by how much a PIN was wrong, for the token of a separate M-Pin server; costs as ' +
      'much as many logins, in a thread of its own',
  ),
  lockPolicy: text(
    'anyFailure',
    'What counts towards a lock, upon which clients delete their token: any failure, or only one ' +
      'with a PIN error, which nobody without the token can produce',
    { choices: ['anyFailure', 'pinError'] },
  ),
  otherFailuresMax: int(
    10,
    'failures',
    'Under lockPolicy pinError: failures without a PIN error in a while, beyond which the ' +
      'identity gets 401 whatever its PIN',
    { min: 1, max: 1_000_000, dynamic },
  ),
  otherFailuresWindowSeconds: int(3_600, 'seconds', 'That while, from its first failure on', {
    min: 1,
    max: 30 * DAY_SECONDS,
    dynamic,
  }),
  otherFailuresTotalMax: int(
    100,
    'failures',
    'The same since the last right PIN, however long ago; an administrator ends it',
    { min: 1, max: 1_000_000, dynamic },
  ),
} as const satisfies OptionTable;

export const rpsLoginOptions = {
  MPinAuthenticationServer: text(
    '',
    'URL of a separate M-Pin server (mpin auth) as clients reach it: they dance there, and it ' +
      'delivers the results here. Empty: they dance here',
  ),
  ...mobileOptions,
  ...otherLoginOptions,
  ...lockOptions,
} as const satisfies OptionTable;
