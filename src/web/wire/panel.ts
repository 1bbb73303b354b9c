/** `<mpin-wire>`: what just went over the wire, newest last, and what it meant. */
import type { WireEvent } from '../sdk/wire.js';
import { el, sheetOf } from '../ui/dom.js';
import { explain, pathOf } from './explain.js';
import css from './panel.css';

/** Older entries go: polling would fill the page otherwise. */
const ENTRIES_MAX = 60;

let sheet: CSSStyleSheet | undefined;

/** Listens to the `mpin-wire` events of the whole page. */
export class MPinWire extends HTMLElement {
  readonly #list = el('ol', { 'aria-label': 'What went over the wire' });
  readonly #empty = el(
    'p',
    { class: 'empty' },
    'Nothing yet. As soon as the pad talks to a server, each step appears here.',
  );
  readonly #listen = (event: Event): void => this.#add((event as CustomEvent<WireEvent>).detail);
  #last: { key: string; item: HTMLElement; count: number } | undefined;

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    sheet ??= sheetOf(css);
    root.adoptedStyleSheets = [sheet];
    const clear = el('button', { type: 'button', click: () => this.clear() }, 'Clear');
    root.append(
      el('header', {}, el('h2', {}, 'On the wire'), clear),
      el(
        'p',
        { class: 'lead' },
        'Every message and every computation. Keys and tokens are cut short; the PIN is in none.',
      ),
      this.#empty,
      this.#list,
    );
  }

  connectedCallback(): void {
    document.addEventListener('mpin-wire', this.#listen);
  }

  disconnectedCallback(): void {
    document.removeEventListener('mpin-wire', this.#listen);
  }

  clear(): void {
    this.#list.replaceChildren();
    this.#empty.hidden = false;
    this.#last = undefined;
  }

  #add(event: WireEvent): void {
    this.#empty.hidden = true;
    const item = event.kind === 'crypto' ? computed(event) : exchanged(event);
    const key = keyOf(event);
    if (key !== '' && this.#last?.key === key) {
      // The same question with the same answer once more.
      const count = this.#last.count + 1;
      item.querySelector('.times')?.replaceChildren(`×${count}`);
      this.#last.item.replaceWith(item);
      this.#last = { key, item, count };
    } else {
      this.#list.append(item);
      this.#last = { key, item, count: 1 };
    }
    while (this.#list.children.length > ENTRIES_MAX) this.#list.firstElementChild?.remove();
    this.#list.scrollTop = this.#list.scrollHeight;
  }
}

function keyOf(event: WireEvent): string {
  if (event.kind === 'crypto') return '';
  return JSON.stringify([event.url, event.status, event.request, event.reply]);
}

type Exchange = Exclude<WireEvent, { kind: 'crypto' }>;

function exchanged(event: Exchange): HTMLElement {
  const { title, meaning } = explain(event);
  const { method, url, status, ms, kind } = event;
  const verdict = kind === 'websocket' ? 'frame' : status === 0 ? 'none' : String(status);
  const line = el(
    'span',
    { class: 'call' },
    el('b', {}, kind === 'websocket' ? 'WS' : method),
    ` ${hostOf(url)}${pathOf(url)} `,
  );
  const facts = el(
    'span',
    { class: 'facts' },
    el('span', { class: 'times' }),
    el('span', { class: status === 200 ? 'status good' : 'status bad' }, verdict),
    el('span', {}, `${Math.round(ms)} ms`),
  );
  const details = el('details', {}, el('summary', {}, 'Messages'));
  if (event.request !== undefined) details.append(el('h4', {}, 'Sent'), json(event.request));
  details.append(el('h4', {}, 'Answer'), json(event.reply ?? '(empty)'));
  return el('li', {}, el('h3', {}, title, facts), line, el('p', {}, meaning), details);
}

function computed(event: Extract<WireEvent, { kind: 'crypto' }>): HTMLElement {
  const { title, meaning } = explain(event);
  const facts = el(
    'span',
    { class: 'facts' },
    el('span', { class: 'status here' }, 'in the worker'),
    el('span', {}, `${Math.round(event.ms)} ms`),
  );
  return el('li', { class: 'computed' }, el('h3', {}, title, facts), el('p', {}, meaning));
}

/** A name for other servers than the page's own. */
function hostOf(url: string): string {
  const origin = /^\w+:\/\/([^/]*)/.exec(url)?.[1] ?? '';
  return origin === location.host ? '' : origin;
}

function json(value: unknown): HTMLElement {
  return el('pre', { tabindex: 0 }, JSON.stringify(value, undefined, 2));
}
