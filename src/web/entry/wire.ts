/** The panel of exchanges; importing it defines `<mpin-wire>`. */
import { MPinWire } from '../wire/panel.js';

export { MPinWire };

if (customElements.get('mpin-wire') === undefined) customElements.define('mpin-wire', MPinWire);
