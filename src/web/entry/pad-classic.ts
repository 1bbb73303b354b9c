/**
 * The pad as a classic script, put into a page as the old one was:
 * `new mpin({ targetElement: 'pinpad', clientSettingsURL: '/rps/clientSettings' })`.
 */
import type { PadOptions } from '../pad/options.js';
import * as pad from './pad.js';

export interface OldPadOptions extends PadOptions {
  /** The element to put the pad into, or its id. */
  readonly targetElement: string | Element;
}

class OldPad {
  readonly element: pad.MPinPad;

  constructor({ targetElement, ...options }: OldPadOptions) {
    const target =
      typeof targetElement === 'string' ? document.getElementById(targetElement) : targetElement;
    if (target === null) throw new Error(`mpin: there is no element "${targetElement}"`);
    this.element = document.createElement('mpin-pad') as pad.MPinPad;
    this.element.configure(options);
    target.replaceChildren(this.element);
  }
}

Object.assign(globalThis, { mpin: Object.assign(OldPad, pad) });
