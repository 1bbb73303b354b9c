/** Four digits by keyboard, keypad or touch: a real input beneath, so that every aid knows it. */
import { el } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { type Flow, say } from './flow.js';

const PIN_DIGITS = 4;
const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '', '0', 'erase'];

export interface PinEntry {
  readonly node: HTMLElement;
  readonly input: HTMLInputElement;
  /** What was typed; four digits when complete. */
  value(): string;
  /** Empties it; with `wrong` it shakes its head. */
  clear(wrong?: boolean): void;
}

/** @param changed told after each digit whether the PIN is complete */
export function pinEntry(flow: Flow, changed: (complete: boolean) => void): PinEntry {
  const dots = el('div', { class: 'dots', 'aria-hidden': 'true' });
  for (let i = 0; i < PIN_DIGITS; i++) dots.append(el('i'));
  const input = el('input', {
    class: 'pin',
    type: 'password',
    name: 'pin',
    // The keypad below is the phone's keyboard; this keeps the other one away.
    inputmode: 'none',
    autocomplete: 'off',
    maxlength: PIN_DIGITS,
    'aria-label': say(flow, 'pinLabel'),
    'aria-describedby': 'message',
    'data-1p-ignore': true,
    'data-lpignore': 'true',
  });
  const update = (text: string): void => {
    input.value = text.replace(/\D/g, '').slice(0, PIN_DIGITS);
    const count = input.value.length;
    for (const [at, dot] of [...dots.children].entries())
      dot.toggleAttribute('data-on', at < count);
    changed(count === PIN_DIGITS);
  };
  input.addEventListener('input', () => update(input.value));
  const press = (key: string): void => {
    update(key === 'erase' ? input.value.slice(0, -1) : input.value + key);
    flow.announce(say(flow, 'pinDigits', { count: input.value.length }));
  };
  const field = el('div', { class: 'pin-field', dir: 'ltr' }, dots, input);
  return {
    node: el('div', { class: 'pin-entry' }, field, keypad(flow, press)),
    input,
    value: () => input.value,
    clear: (wrong = false) => {
      update('');
      field.classList.remove('wrong');
      // Reading a size makes the browser notice the pause between two runs of the animation.
      if (wrong && field.offsetWidth > 0) field.classList.add('wrong');
    },
  };
}

function keypad(flow: Flow, press: (key: string) => void): HTMLElement {
  const pad = el('div', { class: 'keypad', dir: 'ltr' });
  for (const key of KEYS) {
    if (key === '') {
      pad.append(el('span'));
      continue;
    }
    const erase = key === 'erase';
    const label = erase ? say(flow, 'pinErase') : undefined;
    const button = el(
      'button',
      { type: 'button', class: erase ? 'key erase' : 'key', 'aria-label': label },
      erase ? icon('erase') : key,
    );
    button.addEventListener('click', () => press(key));
    pad.append(button);
  }
  return pad;
}
