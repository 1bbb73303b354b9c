/** Pieces that several screens are made of. */
import { el } from '../ui/dom.js';
import { type IconName, icon } from '../ui/icons.js';
import { type Flow, say } from './flow.js';

export function heading(title: string, text?: string): HTMLElement {
  const paragraph = text === undefined ? undefined : el('p', { class: 'lead' }, text);
  return el('header', { class: 'heading' }, el('h2', { tabindex: -1 }, title), paragraph);
}

/** A round picture that says what a screen is about. */
export function emblem(name: IconName, tone: 'calm' | 'good' | 'bad' = 'calm'): HTMLElement {
  return el('div', { class: `emblem ${tone}` }, icon(name));
}

export function primary(label: string, attributes: Parameters<typeof el>[1] = {}): HTMLElement {
  return el('button', { class: 'primary', type: 'submit', ...attributes }, label);
}

export function secondary(label: string, click: () => void, name?: IconName): HTMLButtonElement {
  const picture = name === undefined ? undefined : icon(name);
  return el('button', { class: 'secondary', type: 'button', click }, picture, label);
}

/** A line that is always there, so that a message moves nothing. */
export function messageLine(text = '', tone: 'bad' | 'calm' = 'bad'): HTMLElement {
  return el('p', { class: `message ${tone}`, id: 'message' }, text);
}

/** Shows a message and says it aloud. */
export function tell(flow: Flow, line: HTMLElement, text: string): void {
  line.textContent = text;
  flow.announce(text);
}

/** A form whose submission is handled here. */
export function form(submit: () => void, ...children: Parameters<typeof el>[2][]): HTMLElement {
  const handle = (event: Event): void => {
    event.preventDefault();
    submit();
  };
  return el('form', { class: 'body', novalidate: true, submit: handle }, ...children);
}

/** Who is logging in, and the way to somebody else. */
export function whoBar(flow: Flow, userId: string): HTMLElement {
  return el(
    'button',
    { class: 'who', type: 'button', click: () => void flow.go.identities() },
    avatar(userId),
    el('span', { class: 'name', dir: 'auto' }, userId),
    el('span', { class: 'aloud' }, say(flow, 'switchIdentity')),
    el('span', { class: 'switch' }, icon('back')),
  );
}

export function avatar(userId: string): HTMLElement {
  const [first = '?'] = userId;
  return el('span', { class: 'avatar', 'aria-hidden': 'true' }, first.toUpperCase());
}

/** The way back, at the top of a screen. */
export function backBar(flow: Flow, click: () => void): HTMLElement {
  const label = say(flow, 'back');
  return el('button', { class: 'back', type: 'button', click, 'aria-label': label }, icon('back'));
}

/** Repeats `tick` until it says it is done; gives what stops it. */
export function every(ms: number, tick: () => boolean): () => void {
  const timer = setInterval(() => {
    if (!tick()) clearInterval(timer);
  }, ms);
  return () => clearInterval(timer);
}

/** A bar that empties over time, with words for those who cannot see it. */
export function countdown(
  lifeMs: number,
  wholeMs: number,
  words: (seconds: number) => string,
  over: () => void,
): { node: HTMLElement; stop: () => void } {
  const ends = performance.now() + lifeMs;
  const bar = el('progress', { max: wholeMs, value: lifeMs, 'aria-label': words(lifeMs / 1000) });
  const text = el('span', { class: 'left' });
  const tick = (): boolean => {
    const left = Math.max(0, ends - performance.now());
    bar.value = left;
    text.textContent = words(Math.ceil(left / 1000));
    if (left === 0) over();
    return left > 0;
  };
  const stop = every(250, tick);
  tick();
  return { node: el('div', { class: 'countdown' }, bar, text), stop };
}
