/** Latency curves as an SVG: percentiles across, their distance to 100 % in powers of ten. */
import type { Histogram } from './latency.js';
import { percentileMs } from './latency.js';

export interface Curve {
  readonly name: string;
  readonly latency: Histogram;
}

const WIDTH = 860;
const HEIGHT = 480;
const LEFT = 70;
const RIGHT = 190;
const TOP = 40;
const BOTTOM = 50;
const PLOT_WIDTH = WIDTH - LEFT - RIGHT;
const PLOT_HEIGHT = HEIGHT - TOP - BOTTOM;
/** 0, 90, 99, 99.9, 99.99 %: beyond, runs of seconds have too few logins. */
const NINES = 4;
const STEPS_PER_NINE = 25;
/** Told apart by people of all kinds of colour vision (Okabe and Ito). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'];

export function latencySvg(title: string, curves: readonly Curve[]): string {
  const drawn = curves.filter(({ latency }) => latency.totalCount > 0);
  const highest = Math.max(1, ...drawn.map(({ latency }) => latency.maxValue / 1000));
  const lowest = Math.min(...drawn.map(({ latency }) => latency.minNonZeroValue / 1000), 1);
  const scale = new LogScale(lowest, highest);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-size="12" ` +
      'font-family="sans-serif">',
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>`,
    text(LEFT, TOP - 16, title, 'font-size="15"'),
    ...scale.decades().map((ms) => gridLine(scale.y(ms), `${ms} ms`)),
    ...Array.from({ length: NINES + 1 }, (_, nines) => percentileLine(nines)),
    ...drawn.map((curve, index) => drawCurve(curve, index, scale)),
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

/** Milliseconds to heights, between the powers of ten around them. */
class LogScale {
  readonly #from: number;
  readonly #to: number;

  constructor(lowest: number, highest: number) {
    this.#from = Math.floor(Math.log10(lowest));
    this.#to = Math.max(this.#from + 1, Math.ceil(Math.log10(highest)));
  }

  y(ms: number): number {
    const share = (Math.log10(ms) - this.#from) / (this.#to - this.#from);
    return TOP + PLOT_HEIGHT * (1 - Math.min(1, Math.max(0, share)));
  }

  decades(): number[] {
    const count = this.#to - this.#from + 1;
    return Array.from({ length: count }, (_, i) => Number((10 ** (this.#from + i)).toPrecision(1)));
  }
}

const xOf = (nines: number): number => LEFT + (PLOT_WIDTH * nines) / NINES;

function gridLine(y: number, label: string): string {
  const line = `<path d="M${LEFT} ${y.toFixed(1)}h${PLOT_WIDTH}" stroke="#ccc"/>`;
  return line + text(LEFT - 8, y + 4, label, 'text-anchor="end"');
}

function percentileLine(nines: number): string {
  const x = xOf(nines).toFixed(1);
  const line = `<path d="M${x} ${TOP}v${PLOT_HEIGHT}" stroke="#ccc"/>`;
  const label = `${Number((100 * (1 - 10 ** -nines)).toFixed(NINES))} %`;
  return line + text(Number(x), HEIGHT - BOTTOM + 20, label, 'text-anchor="middle"');
}

function drawCurve({ name, latency }: Curve, index: number, scale: LogScale): string {
  const colour = COLOURS[index % COLOURS.length];
  const points = Array.from({ length: NINES * STEPS_PER_NINE + 1 }, (_, step) => {
    const nines = step / STEPS_PER_NINE;
    const ms = percentileMs(latency, 100 * (1 - 10 ** -nines)) ?? 0;
    return `${xOf(nines).toFixed(1)},${scale.y(Math.max(ms, 0.001)).toFixed(1)}`;
  });
  const y = TOP + 10 + 18 * index;
  const x = LEFT + PLOT_WIDTH + 12;
  return [
    `<polyline points="${points.join(' ')}" fill="none" stroke="${colour}" stroke-width="1.8"/>`,
    `<path d="M${x} ${y}h18" stroke="${colour}" stroke-width="3"/>`,
    text(x + 24, y + 4, name),
  ].join('\n');
}

function text(x: number, y: number, content: string, more = ''): string {
  const safe = content.replace(/[&<>]/g, (char) => `&#${char.charCodeAt(0)};`);
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${safe}</text>`;
}
