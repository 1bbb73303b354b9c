/**
 * Time. Everything that asks for the time gets a Clock handed in, so that tests can set it and
 * the offset learnt from the hosted side (option syncTime) holds everywhere at once.
 */

export interface Clock {
  /** Milliseconds since 1970-01-01 UTC, corrected by the synchronised offset. */
  now(): number;
}

const DAY_MS = 86_400_000;

export function systemClock(offsetMs = 0): Clock {
  return { now: () => Date.now() + offsetMs };
}

/** Whole days since 1970-01-01 UTC: the `date` of time permits (contract §3). */
export function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS);
}

/** First millisecond of a day number. */
export function startOfDay(day: number): number {
  return day * DAY_MS;
}

/** `YYYY-MM-DDTHH:MM:SSZ`, whole seconds: signatures and calls to the RPA (contract §3). */
export function isoSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** `YYYY-MM-DDTHH:MM:SS.ffffff` without zone: the times of the PUT user reply (contract §3). */
export function isoMicros(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 23)}000`;
}

/**
 * Reads `YYYY-MM-DDTHH:MM:SSZ` strictly; undefined for any other text or an impossible date.
 * Strict, because the text is a field of a signed concatenation (contract §13, 21).
 */
export function parseIsoSeconds(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) || isoSeconds(ms) !== text ? undefined : ms;
}
