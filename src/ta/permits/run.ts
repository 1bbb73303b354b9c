/**
 * Goes over all known identities once: publishes what is missing up to the calendar's last day,
 * takes back what belongs to revoked ones, forgets who has not asked for long, and removes days
 * past. What is done is written down page by page; a run that died is gone on with by the next.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../protocol/clock.js';
import type { PermitCalendar } from './calendar.js';
import { overLanes } from './lanes.js';
import type { Identity } from './permit-storage.js';
import type { Publisher } from './publisher.js';
import { withRetries } from './retries.js';
import { isUnderWay, type RunState } from './run-state.js';
import type { SeenIdentities, SeenIdentity } from './seen-identities.js';

/** Identities a page: their records are about 300 KB, and a killed run repeats no more of them. */
const PAGE = 2000;
/** Identities at once: keeps the threads of the D-TA, the disk and a distant bucket busy. */
const LANES = 64;
/** Tries of one identity before the run is given up: the waits add up to six seconds. */
const TRIES = 6;

export interface RunParts {
  readonly identities: SeenIdentities;
  readonly publisher: Publisher;
  readonly calendar: PermitCalendar;
  readonly clock: Clock;
  /** Those of other applications are kept, and not published. */
  readonly isServed: (appId: string) => boolean;
  readonly isRevoked: (storageId: string) => boolean;
}

export interface RunOptions {
  readonly signal: AbortSignal;
  /** Publish all days anew, whatever was published before. */
  readonly again?: boolean;
  /** Told after each page. */
  readonly onPage?: (state: RunState) => void;
}

/** Another run is under way, in this process or another. */
export class RunUnderWayError extends Error {
  constructor({ pid }: RunState) {
    super(`a run is under way already (process ${pid})`);
    this.name = 'RunUnderWayError';
  }
}

/**
 * Resolves with what was done.
 * @throws RunUnderWayError; PermitStorageError or PoolError when it cannot go on, the signal's
 * reason when it is stopped: what was done until then is kept
 */
export async function runPermits(parts: RunParts, options: RunOptions): Promise<RunState> {
  const { identities, clock } = parts;
  const run = new Run(parts, options);
  const last = identities.lastRun();
  if (!(await identities.beginRun(run.state, (one) => isUnderWay(one, clock.now())))) {
    throw new RunUnderWayError(last ?? run.state);
  }
  return run.toEnd();
}

type Counts = Pick<RunState, 'looked' | 'permits' | 'forgotten' | 'removed'>;

class Run {
  readonly #parts: RunParts;
  readonly #options: RunOptions;
  readonly #startedMs: number;
  readonly #untilDay: number;
  readonly #known: number;
  readonly #counts = { looked: 0, permits: 0, forgotten: 0, removed: 0 } satisfies Counts;

  constructor(parts: RunParts, options: RunOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#startedMs = parts.clock.now();
    // One day for the whole run, also when it goes on past midnight.
    this.#untilDay = parts.calendar.lastDay;
    this.#known = parts.identities.count;
  }

  get state(): RunState {
    return {
      pid: process.pid,
      startedMs: this.#startedMs,
      updatedMs: this.#parts.clock.now(),
      untilDay: this.#untilDay,
      identities: this.#known,
      ...this.#counts,
    };
  }

  async toEnd(): Promise<RunState> {
    const { identities, publisher, calendar } = this.#parts;
    try {
      let page = identities.page(undefined, PAGE);
      for (; page.length > 0; page = identities.page(page.at(-1), PAGE)) {
        await this.#page(page);
        this.#options.onPage?.(this.state);
        // A page of which nothing is missing takes no turn of its own.
        await turn();
      }
      this.#counts.removed = await publisher.removeBefore(calendar.firstKeptDay);
      return await this.#end({});
    } catch (error) {
      await this.#end({ failure: (error as Error).message });
      throw error;
    }
  }

  async #page(page: readonly SeenIdentity[]): Promise<void> {
    const { signal } = this.#options;
    const published: Identity[] = [];
    const forgotten: Identity[] = [];
    try {
      await overLanes(page, LANES, async (identity) => {
        signal.throwIfAborted();
        await withRetries(() => this.#one(identity, { published, forgotten }), {
          tries: TRIES,
          signal,
        });
        this.#counts.looked += 1;
      });
    } finally {
      this.#counts.forgotten += forgotten.length;
      const untilDay = this.#untilDay;
      await this.#parts.identities.finishPage({ published, untilDay, forgotten, run: this.state });
    }
  }

  async #one(
    identity: SeenIdentity,
    { published, forgotten }: { readonly published: Identity[]; readonly forgotten: Identity[] },
  ): Promise<void> {
    const { publisher, calendar, isServed, isRevoked } = this.#parts;
    const { appId, storageId, seenDay, publishedDay } = identity;
    if (isRevoked(storageId)) {
      await publisher.remove(identity, { from: calendar.firstKeptDay, to: publishedDay });
      forgotten.push(identity);
    } else if (seenDay < calendar.forgottenBefore) {
      forgotten.push(identity);
    } else if (isServed(appId)) {
      const from = this.#options.again
        ? calendar.today
        : Math.max(calendar.today, publishedDay + 1);
      const to = this.#untilDay;
      if (from > to) return;
      await publisher.publish(identity, { from, to });
      this.#counts.permits += to - from + 1;
      published.push(identity);
    }
  }

  async #end(more: Pick<RunState, 'failure'>): Promise<RunState> {
    const { state } = this;
    const run = { ...state, ...more, endedMs: state.updatedMs };
    const untilDay = this.#untilDay;
    await this.#parts.identities.finishPage({ published: [], forgotten: [], untilDay, run });
    return run;
  }
}
