/** Icons as strokes in a square of 24. */
import { drawing } from './dom.js';

const PATHS = {
  back: 'M15 5l-7 7 7 7',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  phone: 'M8 2.5h8a2 2 0 0 1 2 2v15a2 2 0 0 1-2 2H8a2 2 0 0 1-2-2v-15a2 2 0 0 1 2-2zM11 18.5h2',
  plus: 'M12 5v14M5 12h14',
  remove: 'M6 6l12 12M18 6L6 18',
  erase: 'M9 6h11v12H9l-6-6zM12 9.5l5 5M17 9.5l-5 5',
  lock: 'M7 11V8a5 5 0 0 1 10 0v3M6 11h12v9H6zM12 15v2',
  mail: 'M4 6h16v12H4zM4.5 6.5L12 13l7.500-6.500',
  offline:
    'M3 3l18 18M5 10a11 11 0 0 1 4-2.300' +
    'M19 10a11 11 0 0 0-5-2.700M8.500 14a5.500 5.500 0 0 1 6 0M12 18h.01',
  alert: 'M12 4l9 16H3zM12 10v4M12 17h.01',
  clock: 'M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zM12 8v4.500l3 2',
  scan: 'M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M7 12h10',
} as const;

export type IconName = keyof typeof PATHS;

export function icon(name: IconName): SVGSVGElement {
  return drawing({ path: PATHS[name], size: 24 });
}
