/**
 * The clock, corrected by the time of the hosted side (options syncTime and timePeriod). The
 * answer has whole seconds and took its way, so it is known to within half a second and half of
 * that way: a smaller difference says nothing, and the host's own clock is left alone.
 */
import type { Logger } from 'pino';
import { type OffsetClock, parseServerTime } from '../protocol/clock.js';
import { Repeat, retryMs } from './repeat.js';

/** A second that was cut off is on average half over. */
const CUT_OFF_MS = 500;

export interface TimeSettings {
  readonly syncTime: boolean;
  readonly timePeriod: number;
  readonly timeOffsetMax: number;
}

export interface TimeSyncParts {
  readonly clock: OffsetClock;
  /** Asks `<api_url>time` and gives its JSON object; rejects within a limit of its own. */
  readonly ask: () => Promise<Readonly<Record<string, unknown>>>;
  /** Read at each turn: they may change. */
  readonly settings: TimeSettings;
  readonly log: Logger;
}

export class TimeSync {
  readonly #parts: TimeSyncParts;
  readonly #repeat = new Repeat(() => this.#turn());
  #failures = 0;

  constructor(parts: TimeSyncParts) {
    this.#parts = parts;
  }

  /**
   * Synchronises now, as the settings say, and from now on. Resolves when the attempt is over; if
   * it failed the clock stays as it is, a warning is logged, and more attempts follow.
   */
  now(): Promise<void> {
    return this.#repeat.now();
  }

  stop(): void {
    this.#repeat.stop();
  }

  async #turn(): Promise<number | undefined> {
    const { clock, settings } = this.#parts;
    if (!settings.syncTime) {
      clock.offsetMs = 0;
      return undefined;
    }
    try {
      const { offsetMs, uncertaintyMs } = await this.#measure();
      const agree = (other: number) => Math.abs(offsetMs - other) <= uncertaintyMs;
      if (!agree(clock.offsetMs)) this.#correct(agree(0) ? 0 : offsetMs);
      this.#failures = 0;
      return settings.timePeriod === 0 ? undefined : settings.timePeriod;
    } catch (error) {
      this.#tell(error as Error);
      return retryMs(this.#failures);
    }
  }

  async #measure(): Promise<{ readonly offsetMs: number; readonly uncertaintyMs: number }> {
    const { clock, ask, settings } = this.#parts;
    const sentMs = clock.host.now();
    const { Time: told } = await ask();
    const gotMs = clock.host.now();
    const serverMs = typeof told === 'string' ? parseServerTime(told) : undefined;
    if (serverMs === undefined) throw new Error('the answer has no valid "Time"');
    if (gotMs < sentMs) throw new Error("the host's clock was set back meanwhile");
    const offsetMs = Math.round(serverMs + CUT_OFF_MS - (sentMs + gotMs) / 2);
    if (Math.abs(offsetMs) > settings.timeOffsetMax) {
      throw new Error(`it differs by ${offsetMs} ms, more than timeOffsetMax allows`);
    }
    return { offsetMs, uncertaintyMs: CUT_OFF_MS + (gotMs - sentMs) / 2 };
  }

  #correct(offsetMs: number): void {
    const { clock, log } = this.#parts;
    clock.offsetMs = offsetMs;
    if (offsetMs === 0) {
      log.info('the clock of this host agrees with the hosted side again');
      return;
    }
    log.warn(
      { offsetMs },
      'the clock of this host differs from the hosted side: corrected, but NTP would do better',
    );
  }

  /** The first failure in a row is told; the offset that holds stays. */
  #tell({ message }: Error): void {
    const { clock, log } = this.#parts;
    this.#failures += 1;
    if (this.#failures > 1) return;
    const { offsetMs } = clock;
    log.warn({ offsetMs }, `cannot synchronise the time, going on with this offset: ${message}`);
  }
}
