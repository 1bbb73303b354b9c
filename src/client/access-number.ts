/** The check digit of access numbers: typing mistakes are found before anyone is asked. */
import type { AccessNumberForm } from './settings.js';

const WEIGHTS_MODULUS = 11;

/** True when `text` can be an access number of this form (contract §4.8). */
export function isAccessNumber(text: string, { digits, check }: AccessNumberForm): boolean {
  if (!/^\d+$/.test(text) || text.length !== digits) return false;
  const last = Number(text.at(-1));
  const leading = text.slice(0, -1);
  if (check === 'weighted') return last === weightedDigit(leading);
  return check === 'none' || last === oldDigit(leading);
}

/** cSum 1: weights n+1 … 2 from the left, eleven's complement; ten is written as zero. */
function weightedDigit(leading: string): number {
  let sum = 0;
  for (const [at, digit] of [...leading].entries())
    sum += Number(digit) * (leading.length + 1 - at);
  const digit = (WEIGHTS_MODULUS - (sum % WEIGHTS_MODULUS)) % WEIGHTS_MODULUS;
  return digit % 10;
}

/** Servers that say nothing of cSum. */
function oldDigit(leading: string): number {
  return ((Number(leading) * 11) % 99_991) % 10;
}
