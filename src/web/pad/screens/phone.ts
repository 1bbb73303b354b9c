/** A login by phone, on the screen that waits for it. */
import type { PhoneCode } from '../../../client/phone-login.js';
import { el } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';
import { qrCode } from '../../ui/qr.js';
import { type Flow, type Screen, say } from '../flow.js';
import { backBar, countdown, heading, secondary } from '../parts.js';
import { focusOf } from './identities.js';

/** How often the server is asked what the phone does; old clients ask every 3 s. */
const POLL_MS = 2_000;

type Kind = 'qr' | 'number';

export function phoneScreen(flow: Flow): Screen {
  const wait = new PhoneWait(flow);
  const title = heading(say(flow, 'phoneTitle'));
  const tab = (kind: Kind, label: string): HTMLButtonElement =>
    el('button', { type: 'button', click: () => void wait.begin(kind) }, label);
  const tabs = {
    qr: tab('qr', say(flow, 'phoneQr')),
    number: tab('number', say(flow, 'phoneNumber')),
  };
  wait.onKind = (kind) => {
    tabs.qr.setAttribute('aria-pressed', String(kind === 'qr'));
    tabs.number.setAttribute('aria-pressed', String(kind === 'number'));
  };
  const body = el(
    'div',
    { class: 'body' },
    title,
    el('div', { class: 'tabs' }, tabs.qr, tabs.number),
    wait.code,
    wait.clock,
    wait.status,
    el('span', { class: 'grow' }),
    secondary(say(flow, 'loginHere'), () => void flow.go.start()),
  );
  void wait.begin('qr');
  return {
    name: 'phone',
    content: [backBar(flow, () => void flow.go.start()), body],
    focus: focusOf(title),
    leave: () => wait.stop(),
  };
}

/** Shows one code after another, and follows what the phone does with it. */
class PhoneWait {
  readonly code = el('div', { class: 'code' });
  readonly clock = el('div', { class: 'clock' });
  readonly status = el('p', { class: 'status' });
  onKind: (kind: Kind) => void = () => undefined;
  readonly #flow: Flow;
  /** Counts codes: what belongs to an older one is dropped. */
  #turn = 0;
  #stopClock: () => void = () => undefined;

  constructor(flow: Flow) {
    this.#flow = flow;
  }

  stop(): void {
    this.#turn++;
    this.#stopClock();
  }

  async begin(kind: Kind): Promise<void> {
    this.stop();
    const turn = this.#turn;
    this.onKind(kind);
    const { client, options } = this.#flow;
    try {
      const code =
        kind === 'qr'
          ? await client.requestQrCode(options.prerollid)
          : await client.requestAccessNumber();
      if (turn !== this.#turn) return;
      this.#show(kind, code);
      await this.#follow(turn, code);
    } catch (error) {
      if (turn === this.#turn) this.#flow.go.problem(error);
    }
  }

  #show(kind: Kind, code: PhoneCode): void {
    const { accessNumber = '', qrUrl = '', lifeMs } = code;
    const [picture, text] =
      kind === 'qr' ? this.#picture(qrUrl) : [numberOf(accessNumber), 'phoneNumberText' as const];
    this.code.replaceChildren(picture, el('p', { class: 'lead' }, say(this.#flow, text)));
    this.#say('phoneWaiting');
    const clock = countdown(
      lifeMs,
      lifeMs,
      (seconds) => say(this.#flow, 'phoneLeft', { seconds: Math.ceil(seconds) }),
      () => this.#expired(kind),
    );
    this.#stopClock = clock.stop;
    this.clock.replaceChildren(clock.node);
  }

  #picture(qrUrl: string) {
    const { mobileAppFullURL } = this.#flow.options;
    const fragment = qrUrl.slice(qrUrl.indexOf('#'));
    const url =
      mobileAppFullURL === undefined
        ? qrUrl
        : new URL(mobileAppFullURL, location.href).href.replace(/#.*$/, '') + fragment;
    const label = say(this.#flow, 'phoneQrLabel');
    // For those who look at this on the phone itself, and for a first try without one.
    const link = el('a', { href: url, target: '_blank', rel: 'noopener', title: label });
    link.append(qrCode(url, label));
    return [link, 'phoneQrText'] as const;
  }

  async #follow(turn: number, code: PhoneCode): Promise<void> {
    const { client, go } = this.#flow;
    let userId = '';
    while (turn === this.#turn) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      if (turn !== this.#turn) return;
      // A lost answer is no reason to give up: the countdown ends this.
      const now = await client.phoneState(code).catch(() => undefined);
      if (now === undefined || turn !== this.#turn) continue;
      if (now.state === 'approved') {
        const response = await client.completePhoneLogin(now.authOTT);
        const named = response['userId'];
        go.loggedIn(typeof named === 'string' ? named : userId, response);
        return;
      }
      if (now.state === 'user') {
        userId = now.userId;
        this.#say('phoneUser', { user: userId });
      } else if (now.state === 'scanned') this.#say('phoneScanned');
      else if (now.state === 'expired') return;
    }
  }

  #expired(kind: Kind): void {
    this.#turn++;
    const again = secondary(say(this.#flow, 'phoneAgain'), () => void this.begin(kind));
    this.code.replaceChildren(el('div', { class: 'gone' }, icon('clock'), again));
    this.#say('phoneExpired');
  }

  #say(name: 'phoneWaiting' | 'phoneScanned' | 'phoneUser' | 'phoneExpired', values = {}): void {
    const text = say(this.#flow, name, values);
    if (this.status.textContent === text) return;
    this.status.textContent = text;
    this.status.dataset['state'] = name;
    this.#flow.announce(text);
  }
}

/** In two groups, because nobody reads seven digits at once. */
function numberOf(digits: string): HTMLElement {
  const half = digits.length >> 1;
  return el(
    'output',
    { class: 'digits', dir: 'ltr' },
    el('span', {}, digits.slice(0, half)),
    el('span', {}, digits.slice(half)),
  );
}
