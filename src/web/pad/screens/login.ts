/** The PIN, and what follows from it. */
import type { ClientError } from '../../../client/errors.js';
import type { OneTimePassword } from '../../../client/otp.js';
import { el } from '../../ui/dom.js';
import { busy, type Flow, type Screen, say } from '../flow.js';
import {
  countdown,
  emblem,
  form,
  heading,
  messageLine,
  primary,
  secondary,
  tell,
  whoBar,
} from '../parts.js';
import { pinEntry } from '../pin-entry.js';
import { focusOf } from './identities.js';

/** What a right PIN is for; failures it does not know are the login's. */
export interface PinPurpose {
  readonly button: string;
  /** Small print above the digits. */
  readonly note?: string | undefined;
  readonly prove: (pin: string) => Promise<void>;
  readonly failed?: (error: ClientError) => boolean;
  readonly other?: HTMLElement | undefined;
}

/** Asks for the PIN of an identity. */
export function pinScreen(flow: Flow, userId: string, purpose: PinPurpose, notice = ''): Screen {
  const line = messageLine(notice);
  const go = el('button', { class: 'primary', type: 'submit' }, purpose.button);
  const entry = pinEntry(flow, (complete) => {
    go.disabled = !complete;
    if (entry.input.value !== '') line.textContent = '';
  });
  const failed = async (error: ClientError): Promise<boolean> => {
    entry.clear(error.code === 'wrong-pin');
    if (purpose.failed?.(error) === true) return true;
    if (error.code === 'wrong-pin') {
      tell(flow, line, await triesLeft(flow, userId));
      entry.input.focus();
      return true;
    }
    if (error.code !== 'busy' && error.code !== 'unreachable') return false;
    tell(flow, line, flow.texts.errors[error.code]);
    return true;
  };
  const submit = (): void => {
    if (entry.value().length !== 4) return;
    void busy(flow, body, { run: () => purpose.prove(entry.value()), failed, userId });
  };
  const title = heading(say(flow, 'loginTitle'), purpose.note);
  const body = form(submit, title, entry.node, line, go, purpose.other);
  entry.clear();
  line.textContent = notice;
  return { name: 'login', content: [whoBar(flow, userId), body], focus: entry.input };
}

/** The server counts for each identity, and an identity lives on one device: so we know. */
async function triesLeft(flow: Flow, userId: string): Promise<string> {
  const { maxAttempts } = flow.policy;
  const identity = (await flow.client.identities()).find((one) => one.userId === userId);
  const count = maxAttempts - (identity?.wrongPins ?? 0);
  if (maxAttempts === 0 || count < 1) return say(flow, 'loginWrongUncounted');
  return count === 1 ? say(flow, 'loginWrongLast') : say(flow, 'loginWrong', { count });
}

/** The login of this very page. */
export function loginScreen(flow: Flow, userId: string, notice?: string): Screen {
  const prove = async (pin: string): Promise<void> => {
    const began = performance.now();
    flow.takeCryptoMs();
    const response = await flow.client.login({ userId, pin });
    flow.go.loggedIn(userId, response, performance.now() - began);
  };
  const other = flow.policy.byPhone
    ? secondary(say(flow, 'loginPhone'), () => flow.go.phone(), 'phone')
    : undefined;
  return pinScreen(flow, userId, { button: say(flow, 'loginGo'), prove, other }, notice);
}

/** A one-time password instead of a login. */
export function otpLoginScreen(flow: Flow, userId: string, notice?: string): Screen {
  const prove = async (pin: string): Promise<void> => {
    const password = await flow.client.requestOtp({ userId, pin });
    flow.emit('mpin-otp', { userId });
    flow.show(otpScreen(flow, userId, password));
  };
  return pinScreen(flow, userId, { button: say(flow, 'otpGo'), prove }, notice);
}

function otpScreen(flow: Flow, userId: string, password: OneTimePassword): Screen {
  const { otp, lifeMs, wholeLifeMs } = password;
  const digits = el('output', { class: 'digits', dir: 'ltr' }, otp);
  const title = heading(say(flow, 'otpTitle'), say(flow, 'otpText'));
  const again = primary(say(flow, 'otpAgain'));
  again.hidden = true;
  const clock = countdown(
    lifeMs,
    wholeLifeMs,
    (seconds) => say(flow, 'otpLeft', { seconds: Math.ceil(seconds) }),
    () => {
      digits.textContent = '––––––';
      digits.classList.add('over');
      again.hidden = false;
      flow.announce(say(flow, 'otpExpired'));
    },
  );
  const body = form(
    () => flow.go.login(userId),
    title,
    digits,
    clock.node,
    el('span', { class: 'grow' }),
    again,
  );
  flow.announce(`${say(flow, 'otpTitle')}: ${[...otp].join(' ')}`);
  return {
    name: 'otp',
    content: [whoBar(flow, userId), body],
    focus: focusOf(title),
    leave: clock.stop,
  };
}

/** Shown where the page stays after a login; the page fills the slot. */
export function doneScreen(flow: Flow, userId: string, tookMs: number | undefined): Screen {
  const title = heading(say(flow, 'doneTitle'), say(flow, 'doneText', { user: userId }));
  const times = { total: Math.round(tookMs ?? 0), crypto: Math.round(flow.takeCryptoMs()) };
  const time = tookMs === undefined ? undefined : say(flow, 'doneTime', times);
  const body = el(
    'div',
    { class: 'body' },
    emblem('check', 'good'),
    title,
    time === undefined ? undefined : el('p', { class: 'small' }, time),
    el('span', { class: 'grow' }),
    el('slot', { name: 'success' }),
  );
  return { name: 'done', content: [body], focus: focusOf(title) };
}

/** A failure after which the identity begins anew. */
export function startOverScreen(flow: Flow, userId: string, why: 'locked' | 'expired'): Screen {
  const [name, titleText, text, button] =
    why === 'locked'
      ? (['lock', 'lockedTitle', 'lockedText', 'lockedGo'] as const)
      : (['clock', 'expiredTitle', 'expiredText', 'expiredGo'] as const);
  const title = heading(say(flow, titleText), say(flow, text, { user: userId }));
  const go = primary(say(flow, button));
  const again = async (): Promise<void> => {
    // What is left of it could not be confirmed any more.
    await flow.client.removeIdentity(userId);
    flow.go.add(userId);
  };
  const body = form(
    () => void again(),
    emblem(name, 'bad'),
    title,
    el('span', { class: 'grow' }),
    go,
    secondary(say(flow, 'confirmOther'), () => void flow.go.identities()),
  );
  return { name: why, content: [body], focus: focusOf(title) };
}

export interface Problem {
  readonly message: string;
  readonly offline: boolean;
  /** Whose problem it is: somebody else may have none. */
  readonly userId: string | undefined;
}

/** What the person can do nothing about but try again, or wait for the network. */
export function problemScreen(flow: Flow, { message, offline, userId }: Problem): Screen {
  const title = heading(
    say(flow, offline ? 'offlineTitle' : 'problemTitle'),
    offline ? say(flow, 'offlineText') : message,
  );
  const retry = (): void => void flow.go.start();
  addEventListener('online', retry);
  const body = form(
    retry,
    emblem(offline ? 'offline' : 'alert', 'bad'),
    title,
    el('span', { class: 'grow' }),
    primary(say(flow, 'retry')),
    userId === undefined
      ? undefined
      : secondary(say(flow, 'confirmOther'), () => void flow.go.identities()),
  );
  return {
    name: offline ? 'offline' : 'problem',
    content: [body],
    focus: focusOf(title),
    leave: () => removeEventListener('online', retry),
  };
}
