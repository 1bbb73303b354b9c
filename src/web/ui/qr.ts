/** QR codes as drawings: dark on light in every theme, because cameras expect that. */
import QRCode from 'qrcode/lib/core/qrcode.js';
import { drawing } from './dom.js';

/** White around the code, in modules, as the standard demands. */
const QUIET_ZONE = 4;

export function qrCode(text: string, label: string): SVGSVGElement {
  const { size, data } = QRCode.create(text, { errorCorrectionLevel: 'M' }).modules;
  let path = '';
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      if (data[row * size + column]) {
        path += `M${column + QUIET_ZONE} ${row + QUIET_ZONE}h1v1h-1z`;
      }
    }
  }
  return drawing({ path, size: size + 2 * QUIET_ZONE, class: 'qr', label });
}
