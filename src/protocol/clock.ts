/**
 * Time. Everything that asks for the time gets a Clock handed in, so that tests can set it and
 * the offset learnt from the hosted side (option syncTime) holds everywhere at once.
 */

export interface Clock {
  /** Milliseconds since 1970-01-01 UTC, corrected by the synchronised offset. */
  now(): number;
}

const DAY_MS = 86_400_000;

/** The clock of this host. */
export function systemClock(): Clock {
  return { now: () => Date.now() };
}

/** Another clock with a correction, which whoever synchronises it sets. */
export class OffsetClock implements Clock {
  /** The clock that is corrected. */
  readonly host: Clock;
  /** Milliseconds that are added to the host's time. */
  offsetMs = 0;

  constructor(host: Clock) {
    this.host = host;
  }

  now(): number {
    return this.host.now() + this.offsetMs;
  }
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

/**
 * Reads the time that `<api_url>time` tells: `T` or a space in the middle, any one character at
 * the end or none (contract §7). Undefined for anything else.
 */
export function parseServerTime(text: string): number | undefined {
  const [, date, time] = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d).?$/.exec(text) ?? [];
  return parseIsoSeconds(`${date}T${time}Z`);
}

/**
 * Reads `YYYY-MM-DDTHH:MM:SS[.ffffff]` in UTC without a zone, as {@link isoMicros} writes it and
 * as Python prints it, which leaves out a fraction of zero; undefined for any other text.
 */
export function parseIsoMicros(text: string): number | undefined {
  const [, seconds, fraction = ''] = /^(.{19})(?:\.(\d{6}))?$/.exec(text) ?? [];
  const ms = seconds === undefined ? undefined : parseIsoSeconds(`${seconds}Z`);
  return ms === undefined ? undefined : ms + Number(fraction.slice(0, 3));
}
