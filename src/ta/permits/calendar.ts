/** Which days' permits are published, and when the run of a day begins. Days are UTC. */
import { type Clock, dayOf, startOfDay } from '../../protocol/clock.js';

const MINUTE_MS = 60_000;

export interface CalendarOptions {
  /** Days published, today's among them. */
  readonly permitsDays: number;
  /** Days past that stay. */
  readonly permitsKeptDays: number;
  /** Days after which an identity that has not asked is forgotten. */
  readonly permitsForgetDays: number;
  /** Minutes before midnight at which the run of the next day begins. */
  readonly permitsLeadMinutes: number;
}

export class PermitCalendar {
  readonly #options: CalendarOptions;
  readonly #leadMs: number;
  readonly #clock: Clock;

  constructor(options: CalendarOptions, clock: Clock) {
    this.#options = options;
    this.#leadMs = options.permitsLeadMinutes * MINUTE_MS;
    this.#clock = clock;
  }

  get today(): number {
    return dayOf(this.#clock.now());
  }

  /** The last day to publish: when the run is due, tomorrow's list is already today's. */
  get lastDay(): number {
    return dayOf(this.#clock.now() + this.#leadMs) + this.#options.permitsDays - 1;
  }

  get firstKeptDay(): number {
    return this.today - this.#options.permitsKeptDays;
  }

  /** Who was last seen before this day is forgotten. */
  get forgottenBefore(): number {
    return this.today - this.#options.permitsForgetDays;
  }

  /** The next moment at which {@link lastDay} moves on. */
  get nextRunMs(): number {
    return startOfDay(dayOf(this.#clock.now() + this.#leadMs) + 1) - this.#leadMs;
  }
}
