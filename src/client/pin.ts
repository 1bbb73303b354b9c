/** The PIN as people type it. */

const PIN_FORM = /^\d{4}$/;

/** What a PIN looks like, for prompts. */
export const PIN_HINT = 'four digits';

export function isPin(text: string): boolean {
  return PIN_FORM.test(text);
}

/**
 * The number of a PIN: leading zeros vanish, as in the browsers' clients (contract §8).
 * @throws RangeError when it is not four digits; the PIN itself is not in the message
 */
export function pinNumber(pin: string): number {
  if (!isPin(pin)) throw new RangeError(`the PIN must be ${PIN_HINT}`);
  return Number(pin);
}
