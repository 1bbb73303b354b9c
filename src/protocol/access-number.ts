/** Access numbers and the WIDs that clients send for them (contract §4.8, §1 rule 12). */
import { randomInt } from 'node:crypto';

const DIGITS = 6;
/** Weight of the first digit; each later one weighs one less. */
const FIRST_WEIGHT = 7;
const MODULUS = 11;
/** A check digit has one digit, and 0 is what clients make of 10. */
const LARGEST_CHECK = 9;

/**
 * The check digit of six digits, 0 … 10 (cSum 1). Clients read a 10 as 0, so numbers whose sum is
 * 10 or 0 cannot be told apart and are never issued.
 */
export function checkDigit(digits: string): number {
  let sum = 0;
  for (const [index, digit] of [...digits].entries()) sum += (FIRST_WEIGHT - index) * Number(digit);
  return (MODULUS - (sum % MODULUS)) % MODULUS;
}

/**
 * A random access number: six digits, and with `withCheck` a seventh. The first is never 0,
 * because some clients send the number as one, and lose the zeros in front of it.
 */
export function randomAccessNumber(withCheck: boolean): string {
  for (;;) {
    const digits = String(randomInt(10 ** (DIGITS - 1), 10 ** DIGITS));
    if (!withCheck) return digits;
    const check = checkDigit(digits);
    if (check > 0 && check <= LARGEST_CHECK) return `${digits}${check}`;
  }
}

const ACCESS_NUMBER = /^[1-9]\d{5,6}$/;
const QR_ID = /^[0-9a-f]{32}$/;

/** An id for a QR code: a version 4 UUID in 32 hex digits, which cannot be guessed. */
export function isQrId(wid: string): boolean {
  return QR_ID.test(wid);
}

/** Whether a WID has the form of one that is issued here. */
export function isWid(wid: string): boolean {
  return ACCESS_NUMBER.test(wid) || isQrId(wid);
}
