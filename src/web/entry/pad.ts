/** The pad as an ES module; importing it defines `<mpin-pad>`. */
import { MPinPad } from '../pad/element.js';

export type { PadOptions } from '../pad/options.js';
export type { CustomTexts } from '../pad/texts.js';
export * from './sdk.js';
export { MPinPad };

if (customElements.get('mpin-pad') === undefined) customElements.define('mpin-pad', MPinPad);
