/**
 * Checks of what callers hand in. A wrong type or length is a mistake of the program and throws
 * TypeError with the argument's name, what was expected and what came; values are never shown,
 * because most of them are secret.
 */
import { isUint8Array } from 'node:util/types';
import { DATE_MAX, PIN_COUNT } from './sizes.js';

/** Any Uint8Array (a Buffer is one), of exactly `size` bytes when given. */
export function demandBytes(
  name: string,
  value: unknown,
  size?: number,
): asserts value is Uint8Array {
  if (isUint8Array(value) && (size === undefined || value.length === size)) return;
  const expected = size === undefined ? 'a Uint8Array' : `a Uint8Array of ${size} bytes`;
  throw new TypeError(`${name} must be ${expected}, got ${describe(value)}`);
}

/** An object that holds named arguments. */
export function demandObject(name: string, value: unknown): asserts value is object {
  if (typeof value === 'object' && value !== null) return;
  throw new TypeError(`${name} must be an object, got ${describe(value)}`);
}

/** An integer in 0 … 9999; RangeError for any other number. */
export function demandPin(value: unknown): asserts value is number {
  demandNumber('pin', value);
  if (Number.isInteger(value) && value >= 0 && value < PIN_COUNT) return;
  throw new RangeError(`pin must be an integer in 0…${PIN_COUNT - 1}`);
}

/** A day number in `min` … 2³²−1; RangeError for any other number. */
export function demandDate(value: unknown, min: 0 | 1): asserts value is number {
  demandNumber('date', value);
  if (Number.isInteger(value) && value >= min && value <= DATE_MAX) return;
  throw new RangeError(`date must be an integer in ${min}…${DATE_MAX}, got ${value}`);
}

/** An integer of at least `min`; RangeError for any other number. */
export function demandCount(name: string, value: unknown, min: number): asserts value is number {
  demandNumber(name, value);
  if (Number.isSafeInteger(value) && value >= min) return;
  throw new RangeError(`${name} must be an integer of at least ${min}, got ${value}`);
}

function demandNumber(name: string, value: unknown): asserts value is number {
  if (typeof value === 'number') return;
  throw new TypeError(`${name} must be a number, got ${describe(value)}`);
}

/** The type of a value in words, without its content. */
function describe(value: unknown): string {
  if (isUint8Array(value)) return `${value.length} bytes`;
  if (value === null || value === undefined) return String(value);
  if (typeof value !== 'object') return `a ${typeof value}`;
  return `an object of type ${Object.prototype.toString.call(value).slice(8, -1)}`;
}
