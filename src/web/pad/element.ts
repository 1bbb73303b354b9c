/** `<mpin-pad>`: the screens in a card of their own, apart from the page's styles. */
import type { Step } from '../../client/parts.js';
import { type BrowserClient, createBrowserClient } from '../sdk/browser-client.js';
import type { WireEvent } from '../sdk/wire.js';
import { el, sheetOf } from '../ui/dom.js';
import type { Face, Screen } from './flow.js';
import { optionsFromAttributes, type PadOptions } from './options.js';
import css from './pad.css';
import { codeInUrl } from './screens/approve.js';
import { startFlow } from './start.js';
import { type Texts, textsWith } from './texts.js';

let sheet: CSSStyleSheet | undefined;

/**
 * The PIN pad. Options come from attributes or from `configure`; what happens is told by the
 * callbacks of the options and by events: `mpin-setup`, `mpin-login`, `mpin-otp`,
 * `mpin-approved`, `mpin-error`, `mpin-step`, `mpin-screen` and `mpin-wire`.
 */
export class MPinPad extends HTMLElement {
  #options: PadOptions = {};
  #texts: Texts = textsWith();
  #leave: (() => void) | undefined;
  #cryptoMs = 0;
  #started = false;
  /** The person is in here, also while the focused element goes away with its screen. */
  #entered = false;
  readonly #screen = el('div', { class: 'screen', part: 'screen' });
  readonly #progress = el('p', { class: 'progress', 'aria-hidden': 'true' });
  readonly #aloud = el('p', { class: 'aloud', role: 'status', 'aria-live': 'polite' });
  readonly #card: HTMLElement;

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    sheet ??= sheetOf(css);
    root.adoptedStyleSheets = [sheet];
    this.#card = el('section', { class: 'card', part: 'card' });
    this.#card.append(this.#screen, this.#progress, this.#aloud);
    root.append(this.#card);
    this.addEventListener('focusin', () => {
      this.#entered = true;
    });
    this.addEventListener('focusout', ({ relatedTarget }) => {
      if (relatedTarget !== null) this.#entered = false;
    });
  }

  /** Options beyond attributes. To be called before the pad is put into the page. */
  configure(options: PadOptions): void {
    this.#options = options;
  }

  connectedCallback(): void {
    if (this.#started) return;
    this.#started = true;
    const options = { ...optionsFromAttributes(this), ...this.#options };
    this.#texts = textsWith(options.customLanguageTexts);
    this.#card.setAttribute('aria-label', this.#texts.padLabel);
    this.#render({ name: 'loading', content: [skeleton(this.#texts.loading)] });
    void this.#start(options);
  }

  disconnectedCallback(): void {
    this.#leave?.();
    this.#leave = undefined;
  }

  #start(options: PadOptions): Promise<void> {
    const wid = options.mobile === true ? codeInUrl(location.hash) : undefined;
    // The code is good once: a reload must not begin with it again.
    if (wid !== undefined) history.replaceState(null, '', location.pathname + location.search);
    const client = this.#client(options);
    return startFlow({ client, options, texts: this.#texts, scanned: wid, face: this.#face() });
  }

  #face(): Face {
    return {
      show: (screen) => this.#render(screen),
      announce: (text) => {
        this.#aloud.textContent = text;
      },
      emit: (name, detail) => this.#emit(name, detail),
      progress: (step) => this.#work(step),
      takeCryptoMs: () => {
        const taken = this.#cryptoMs;
        this.#cryptoMs = 0;
        return taken;
      },
    };
  }

  #client(options: PadOptions): BrowserClient {
    const { clientSettingsURL, customHeaders, registerRequestFormatter } = options;
    const settingsUrl = new URL(clientSettingsURL ?? '/rps/clientSettings', location.href);
    return createBrowserClient({
      baseUrl: settingsUrl.origin,
      clientSettingsUrl: settingsUrl.href,
      mobile: options.mobile === true,
      storageName: options.mobile === true ? 'mpin-mobile' : 'mpin',
      ...(options.workerURL === undefined ? {} : { workerUrl: options.workerURL }),
      ...(customHeaders === undefined ? {} : { customHeaders }),
      ...(registerRequestFormatter === undefined ? {} : { registerRequestFormatter }),
      ...(options.authenticateRequestFormatter === undefined
        ? {}
        : { authenticateRequestFormatter: options.authenticateRequestFormatter }),
      onStep: (step) => this.#work(step),
      onWire: (event: WireEvent) => {
        if (event.kind === 'crypto') this.#cryptoMs += event.ms;
        this.#emit('mpin-wire', event);
      },
    });
  }

  #work(step: Step | undefined): void {
    this.#progress.textContent = step === undefined ? '' : this.#texts.steps[step];
    this.#progress.toggleAttribute('data-on', step !== undefined);
    if (step !== undefined) this.#emit('mpin-step', { step });
  }

  #render({ name, content, focus, leave }: Screen): void {
    this.#leave?.();
    this.#leave = leave;
    this.setAttribute('data-screen', name);
    this.#screen.replaceChildren(...content.filter((node) => node !== undefined));
    // The page keeps the focus until the person has come into the pad.
    if (this.#entered || this.hasAttribute('autofocus')) focus?.focus({ preventScroll: true });
    this.#emit('mpin-screen', { name });
  }

  #emit(name: string, detail: object): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

/** What is seen until the settings are there: the shape of what comes, so that nothing jumps. */
function skeleton(label: string): HTMLElement {
  const bones = ['bone title', 'bone line', 'bone block', 'bone button'];
  const shapes = bones.map((name) => el('span', { class: name, 'aria-hidden': 'true' }));
  return el('div', { class: 'body skeleton', role: 'img', 'aria-label': label }, ...shapes);
}
