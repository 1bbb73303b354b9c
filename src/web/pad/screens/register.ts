/** From a name to a PIN. */
import type { PinSetup } from '../../../client/register.js';
import { el } from '../../ui/dom.js';
import { busy, type Flow, type Screen, say } from '../flow.js';
import {
  backBar,
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

const USER_LENGTH_MAX = 254;
const DEVICE_LENGTH_MAX = 64;

/** @param hasOthers there is a list of identities to go back to */
export function addScreen(flow: Flow, userId: string, hasOthers: boolean): Screen {
  const user = field(flow, 'addUser', 'addUserHint', {
    name: 'username',
    value: userId,
    autocomplete: 'username',
    inputmode: 'email',
    autocapitalize: 'off',
    spellcheck: 'false',
    maxlength: USER_LENGTH_MAX,
    'aria-describedby': 'message',
  });
  const device = flow.policy.setDeviceName
    ? field(flow, 'addDevice', 'addDeviceHint', { name: 'device', maxlength: DEVICE_LENGTH_MAX })
    : undefined;
  const line = messageLine();
  const submit = (): void => {
    const name = user.input.value.trim();
    if (!flow.policy.identityForm.test(name)) {
      user.input.setAttribute('aria-invalid', 'true');
      tell(flow, line, say(flow, 'addUserInvalid'));
      user.input.focus();
      return;
    }
    const deviceName = device?.input.value.trim() ?? '';
    void busy(flow, body, {
      run: () => register(flow, name, deviceName),
      failed: ({ code }) => {
        if (code === 'not-activated') flow.go.confirm(name);
        else if (code === 'refused') tell(flow, line, flow.texts.errors.refused);
        else return false;
        return true;
      },
      userId: name,
    });
  };
  user.input.addEventListener('input', () => {
    user.input.removeAttribute('aria-invalid');
    line.textContent = '';
  });
  const body = form(
    submit,
    heading(say(flow, 'addTitle'), say(flow, 'addText')),
    user.node,
    device?.node,
    line,
    el('span', { class: 'grow' }),
    primary(say(flow, 'addGo')),
    flow.policy.byPhone
      ? secondary(say(flow, 'loginPhone'), () => flow.go.phone(), 'phone')
      : undefined,
  );
  const back = hasOthers ? backBar(flow, () => void flow.go.identities()) : undefined;
  return { name: 'add', content: [back, body], focus: user.input };
}

function field(
  flow: Flow,
  label: 'addUser' | 'addDevice',
  hint: 'addUserHint' | 'addDeviceHint',
  attributes: Parameters<typeof el>[1],
): { node: HTMLElement; input: HTMLInputElement } {
  const input = el('input', { type: 'text', required: true, ...attributes });
  const words = el('span', { class: 'label' }, say(flow, label));
  const small = el('small', {}, say(flow, hint));
  return { node: el('label', { class: 'field' }, words, input, small), input };
}

async function register(flow: Flow, userId: string, deviceName: string): Promise<void> {
  const known = (await flow.client.identities()).find((one) => one.userId === userId);
  if (known?.state === 'ready') return flow.go.login(userId);
  await flow.client.startRegistration({ userId, deviceName });
  await flow.go.choosePin(userId);
}

/** Waits for the link in an e-mail. Coming back to the page asks by itself. */
export function confirmScreen(flow: Flow, userId: string): Screen {
  const line = messageLine();
  const go = (silent: boolean): void => {
    void busy(flow, body, {
      run: () => flow.go.choosePin(userId),
      failed: ({ code }) => {
        if (code !== 'not-activated') return false;
        if (!silent) tell(flow, line, say(flow, 'confirmNotYet'));
        return true;
      },
      userId,
    });
  };
  const again = async (): Promise<void> => {
    await flow.client.startRegistration({ userId });
    tell(flow, line, say(flow, 'confirmSent', { user: userId }));
  };
  const title = heading(say(flow, 'confirmTitle'), say(flow, 'confirmText', { user: userId }));
  const body = form(
    () => go(false),
    emblem('mail'),
    title,
    line,
    el('span', { class: 'grow' }),
    primary(say(flow, 'confirmGo')),
    secondary(say(flow, 'confirmAgain'), () => void busy(flow, body, { run: again, userId })),
  );
  const back = backBar(flow, () => void flow.go.identities());
  const seen = (): void => {
    if (!document.hidden) go(true);
  };
  document.addEventListener('visibilitychange', seen);
  return {
    name: 'confirm',
    content: [back, body],
    focus: focusOf(title),
    leave: () => document.removeEventListener('visibilitychange', seen),
  };
}

/** Twice the same PIN, then it is set. */
export function choosePinScreen(flow: Flow, userId: string, setup: PinSetup): Screen {
  let chosen: string | undefined;
  const title = el('h2', { tabindex: -1 });
  const lead = el('p', { class: 'lead' });
  const line = messageLine();
  const go = el('button', { class: 'primary', type: 'submit' });
  const entry = pinEntry(flow, (complete) => {
    go.disabled = !complete;
    if (entry.input.value !== '') line.textContent = '';
  });
  const ask = (first: string | undefined): void => {
    chosen = first;
    const repeat = first !== undefined;
    title.textContent = say(flow, repeat ? 'pinRepeat' : 'pinChoose');
    lead.textContent = say(flow, repeat ? 'pinRepeatText' : 'pinChooseText');
    go.textContent = say(flow, repeat ? 'pinRepeatGo' : 'pinChooseGo');
    flow.announce(title.textContent);
  };
  const submit = (): void => {
    const pin = entry.value();
    if (pin.length !== 4) return;
    if (chosen === undefined) {
      ask(pin);
      entry.clear();
    } else if (pin !== chosen) {
      ask(undefined);
      entry.clear(true);
      tell(flow, line, say(flow, 'pinMismatch'));
    } else {
      void busy(flow, body, { run: () => finish(flow, userId, setup, pin), userId });
    }
    entry.input.focus();
  };
  const heads = el('header', { class: 'heading' }, title, lead);
  const body = form(submit, heads, entry.node, line, go);
  ask(undefined);
  entry.clear();
  return {
    name: 'choose-pin',
    content: [whoBar(flow, userId), body],
    focus: entry.input,
    leave: () => setup.discard(),
  };
}

async function finish(flow: Flow, userId: string, setup: PinSetup, pin: string): Promise<void> {
  await setup.finish(pin);
  flow.options.onSuccessSetup?.({ userId });
  flow.emit('mpin-setup', { userId });
  flow.go.pinIsSet(userId);
}

export function pinIsSetScreen(flow: Flow, userId: string): Screen {
  const title = heading(say(flow, 'pinSetTitle'), say(flow, 'pinSetText'));
  const go = primary(say(flow, 'pinSetGo'));
  const next = (): void => {
    if (flow.options.mobile === true) flow.go.code(userId);
    else flow.go.login(userId);
  };
  const body = form(next, emblem('check', 'good'), title, el('span', { class: 'grow' }), go);
  return { name: 'pin-is-set', content: [whoBar(flow, userId), body], focus: go };
}
