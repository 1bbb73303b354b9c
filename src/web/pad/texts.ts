/** Every word of the pad. An application replaces any of them by option `customLanguageTexts`. */
import type { ClientErrorCode } from '../../client/errors.js';
import type { Step } from '../../client/parts.js';

export const ENGLISH = {
  padLabel: 'Log in',
  loading: 'Getting ready…',
  back: 'Back',
  retry: 'Try again',

  identitiesTitle: 'Who is logging in?',
  identitiesAdd: 'Add an identity',
  identitiesPending: 'no PIN yet',
  identitiesRemove: 'Remove {user}',
  switchIdentity: 'Switch identity',

  removeTitle: 'Remove this identity?',
  removeText:
    '{user} will be forgotten here. To log in again from this device you would register anew.',
  removeYes: 'Remove',
  removeNo: 'Keep it',

  addTitle: 'Welcome',
  addText: 'Register once on this device. Then four digits are all you need.',
  addUser: 'E-mail address',
  addUserHint: 'The name this application knows you by',
  addUserInvalid: 'That does not look like a valid name.',
  addDevice: 'Name of this device',
  addDeviceHint: 'For example “Work laptop”',
  addGo: 'Continue',

  confirmTitle: 'Check your inbox',
  confirmText: 'A message is on its way to {user}. Open the link in it, then come back here.',
  confirmGo: 'I have confirmed',
  confirmAgain: 'Send it again',
  confirmSent: 'Sent again to {user}.',
  confirmNotYet: 'Not confirmed yet. The link in the message does it.',
  confirmOther: 'Use another identity',

  pinLabel: 'PIN',
  pinDigits: '{count} of 4 digits',
  pinErase: 'Erase last digit',
  pinChoose: 'Choose a PIN',
  pinChooseText: 'Four digits. It never leaves this device.',
  pinRepeat: 'Repeat the PIN',
  pinRepeatText: 'Once more, to be sure.',
  pinChooseGo: 'Next',
  pinRepeatGo: 'Set PIN',
  pinMismatch: 'The two were not the same. Choose again.',
  pinSetTitle: 'Your PIN is set',
  pinSetText: 'You can log in now, here and whenever you come back on this device.',
  pinSetGo: 'Log in now',

  loginTitle: 'Enter your PIN',
  loginGo: 'Log in',
  loginWrong: 'Wrong PIN. {count} tries left.',
  loginWrongLast: 'Wrong PIN. One try left, then this identity is locked.',
  loginWrongUncounted: 'Wrong PIN.',
  loginPhone: 'Log in with your phone',
  loginHere: 'Log in here instead',

  lockedTitle: 'Locked',
  lockedText: 'Too many wrong PINs for {user}. Register again to set a new one.',
  lockedGo: 'Register again',
  expiredTitle: 'That took too long',
  expiredText: 'The registration of {user} has expired. Start it again.',
  expiredGo: 'Start again',

  doneTitle: 'You are in',
  doneText: 'Logged in as {user}.',
  doneTime: '{total} ms in all, {crypto} ms of it computing in the background.',

  otpTitle: 'Your one-time password',
  otpText: 'Type it where you are asked for it.',
  otpLeft: '{seconds} seconds left',
  otpExpired: 'It has expired.',
  otpAgain: 'Get a new one',
  otpGo: 'Get password',

  phoneTitle: 'Log in with your phone',
  phoneQr: 'QR code',
  phoneNumber: 'Number',
  phoneQrText: 'Point your phone’s camera at this code.',
  phoneQrLabel: 'QR code for your phone. If you cannot scan it, choose Number.',
  phoneNumberText: 'Type this number on your phone.',
  phoneWaiting: 'Waiting for your phone…',
  phoneScanned: 'Scanned. Go on there.',
  phoneUser: '{user}: enter the PIN there.',
  phoneLeft: '{seconds} s left',
  phoneExpired: 'This code has expired.',
  phoneAgain: 'Get a new code',
  phoneOpen: 'Open the mobile page',

  codeTitle: 'Log in on another screen',
  codeText: 'It shows a number or a QR code.',
  codeNumber: 'Access number',
  codeInvalid: 'One of the digits is wrong. Compare it again.',
  codeGo: 'Continue',
  codeScan: 'Scan the QR code',
  codeFor: 'For {app}',
  scanTitle: 'Scan the code',
  scanText: 'Hold the QR code of the other screen in view.',
  scanDenied: 'The camera cannot be used here. Type the number instead.',
  approvedTitle: 'Done',
  approvedText: 'The other screen is logged in as {user}.',
  approvedLogout: 'Log out there',
  approvedOut: 'The other screen is logged out.',
  approvedMore: 'Log in another screen',

  problemTitle: 'That did not work',
  offlineTitle: 'No connection',
  offlineText: 'This goes on by itself once you are back online.',

  errors: {
    'wrong-pin': 'Wrong PIN.',
    locked: 'Locked after too many wrong PINs.',
    'not-activated': 'The registration is not confirmed yet.',
    'not-registered': 'No PIN is set here for this identity.',
    refused: 'This application does not let this identity in.',
    revoked: 'This identity has been revoked by the application.',
    'wrong-number':
      'That number or code is wrong or has expired. Get a new one on the other screen.',
    expired: 'That took too long. Please try again.',
    busy: 'The server is busy. Try again in a moment.',
    unreachable: 'The server cannot be reached. Check your connection.',
    protocol: 'The server gave an answer that makes no sense here.',
  } satisfies Record<ClientErrorCode, string> as Record<ClientErrorCode, string>,

  steps: {
    settings: 'Getting ready…',
    register: 'Asking for an identity…',
    share: 'Fetching the first half of your secret…',
    'hosted-share': 'Fetching the second half…',
    token: 'Taking the PIN out of the secret…',
    permit: 'Fetching today’s time permit…',
    pass1: 'Proving the PIN, first step…',
    pass2: 'Proving the PIN, second step…',
    authenticate: 'Asking whether it was right…',
  } satisfies Record<Step, string> as Record<Step, string>,
};

export type Texts = typeof ENGLISH;

/** Words that an application brings: any of them, also single ones of the two tables. */
export type CustomTexts = Partial<Omit<Texts, 'errors' | 'steps'>> & {
  readonly errors?: Partial<Texts['errors']>;
  readonly steps?: Partial<Texts['steps']>;
};

export function textsWith(custom: CustomTexts = {}): Texts {
  return {
    ...ENGLISH,
    ...custom,
    errors: { ...ENGLISH.errors, ...custom.errors },
    steps: { ...ENGLISH.steps, ...custom.steps },
  };
}

/** Puts values in the place of `{name}`. */
export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
