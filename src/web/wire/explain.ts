/** What an exchange means, for people who meet M-Pin for the first time. */
import type { Operation } from '../crypto/messages.js';
import type { WireEvent } from '../sdk/wire.js';

export interface Explanation {
  readonly title: string;
  readonly meaning: string;
}

interface Rule extends Explanation {
  readonly path: RegExp;
  /** What other statuses than 200 mean here. */
  readonly statuses?: Readonly<Record<number, string>>;
}

const OUTCOMES = {
  401: 'The proof was wrong: another PIN than the one that was set. The server knows no more.',
  408: 'This proof is too old, or was asked for before.',
  410: 'Too many wrong PINs in a row: the identity is locked for good.',
  412: 'The access number or QR code is unknown or has expired.',
};

/** The first that fits counts. */
const RULES: readonly Rule[] = [
  {
    path: /\/clientSettings$/,
    title: 'Settings',
    meaning: 'The server says where its services are. Nothing here is secret.',
  },
  {
    path: /\/user(\/|$)/,
    title: 'Asking for an identity',
    meaning:
      'Your name goes to the server, which asks the application whether you may register. You ' +
      'get an M-Pin identity (your name with a random part) and a token for this registration.',
    statuses: { 403: 'The application does not let this user register.' },
  },
  {
    path: /\/signature\//,
    title: 'First half of your secret',
    meaning:
      'The application’s own authority computes one half of your secret, and signs a request for ' +
      'the other half. Neither authority alone could ever log in as you.',
    statuses: {
      401: 'Not yet: the registration waits until you have confirmed it.',
      400: 'This registration has expired or was never begun.',
    },
  },
  {
    path: /\/clientSecret$/,
    title: 'Second half of your secret',
    meaning:
      'Another authority, run by somebody else, computes the other half. Your browser adds the ' +
      'two: only here does the whole secret exist.',
  },
  {
    path: /\/setupDone\//,
    title: 'PIN is set',
    meaning:
      'The server may tidy up. Your PIN was taken out of the secret in this browser; it was not ' +
      'sent. What is kept here, the token, is worthless without it.',
  },
  {
    path: /\/rps\/timePermit\//,
    title: 'Today’s time permit, first half',
    meaning:
      'A permit good for one day. By not giving one out the application can shut you out at once.',
    statuses: { 410: 'The application has revoked this identity.' },
  },
  {
    path: /\/timePermit$/,
    title: 'Today’s time permit, second half',
    meaning: 'From the other authority, asked for once a day and then kept in this browser.',
  },
  {
    path: /\/permits?\b.*\/\d+\/|\/\d{5}\//,
    title: 'Today’s time permit, from storage',
    meaning:
      'Permits are published in advance where anyone may fetch them: nobody but you can use yours.',
    statuses: { 404: 'Not published yet, so the authority itself is asked next.' },
  },
  {
    path: /\/pass1$/,
    title: 'Login, first pass',
    meaning:
      'U and UT are your identity multiplied by a fresh random number x: they say nothing about ' +
      'PIN or token. The server answers with a random challenge y.',
  },
  {
    path: /\/pass2$/,
    title: 'Login, second pass',
    meaning:
      'V answers the challenge, made from x, y, token and PIN together. The reply looks the same ' +
      'for right and wrong: authOTT is a ticket to ask for the outcome with.',
  },
  {
    path: /\/rps\/authenticate$/,
    title: 'The phone’s outcome',
    meaning:
      'The phone asks whether its proof was right; the answer waits until the other screen is in.',
    statuses: OUTCOMES,
  },
  {
    path: /authenticat/i,
    title: 'Outcome',
    meaning:
      'The ticket goes to the application, which asks its server behind the scenes. If the proof ' +
      'was right, the application opens your session.',
    statuses: OUTCOMES,
  },
  {
    path: /\/getAccessNumber$/,
    title: 'A number for your phone',
    meaning: 'Short-lived. With webOTT, which only this browser knows, it asks what became of it.',
  },
  {
    path: /\/getQrUrl$/,
    title: 'A QR code for your phone',
    meaning: 'The code is an address with a random part after the #, which browsers do not send.',
  },
  {
    path: /\/access(number)?$/,
    title: 'What does the phone do?',
    meaning: 'Asked every two seconds: new, wid (scanned), user (chosen), authenticate (done).',
  },
  {
    path: /\/codeStatus$/,
    title: 'Telling the other screen',
    meaning: 'The phone has scanned the code or chosen an identity; the other screen shows it.',
  },
];

const COMPUTED: Readonly<Record<Operation, Explanation>> = {
  add: {
    title: 'Adding two halves',
    meaning: 'Two points of an elliptic curve become one: secret or permit is whole only here.',
  },
  extractPin: {
    title: 'Taking the PIN out',
    meaning: 'token = secret − PIN · identity. Then the secret is wiped from memory.',
  },
  pass1: {
    title: 'Computing U and UT',
    meaning:
      'Fresh randomness x from your browser; token and PIN are joined again, in memory only.',
  },
  pass2: {
    title: 'Computing V',
    meaning: 'V = −(x + y) · (secret + permit). Without the right PIN it does not fit.',
  },
};

export function explain(event: WireEvent): Explanation {
  if (event.kind === 'crypto') return COMPUTED[event.operation];
  const pass = (event.request as { pass?: unknown } | undefined)?.pass;
  const path = event.kind === 'websocket' ? `/pass${pass}` : pathOf(event.url);
  const rule = RULES.find((one) => one.path.test(path));
  const title = rule?.title ?? path;
  if (event.status === 0) return { title, meaning: 'No answer came. Is the server running?' };
  const special = rule?.statuses?.[event.status];
  return { title, meaning: special ?? rule?.meaning ?? '' };
}

/** Path without origin and query; an abbreviated one is no URL any more. */
export function pathOf(url: string): string {
  return url.replace(/^\w+:\/\/[^/]*/, '').replace(/\?.*$/, '');
}
