/** Work that is done at the start and again and again: never twice at a time, until a stop. */

/** Milliseconds to the first new attempt after a failure; each further one waits twice as long. */
const RETRY_MS_MIN = 1_000;
/** The longest wait between two attempts: what an operator who mended something puts up with. */
const RETRY_MS_MAX = 60_000;

/** How long to wait after so many failures in a row. */
export function retryMs(failures: number): number {
  return Math.min(RETRY_MS_MIN * 2 ** (failures - 1), RETRY_MS_MAX);
}

export class Repeat {
  readonly #run: () => Promise<number | undefined>;
  #last: Promise<void> = Promise.resolve();
  #queued: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  /** `run` never rejects; it tells after how many milliseconds it wants to run again, if ever. */
  constructor(run: () => Promise<number | undefined>) {
    this.#run = run;
  }

  /**
   * Resolves at the end of a run that began after this call: calls during a run share the next.
   * After a stop there is none.
   */
  now(): Promise<void> {
    this.#queued ??= this.#last.then(() => {
      this.#queued = undefined;
      return this.#once();
    });
    this.#last = this.#queued;
    return this.#queued;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #once(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    const waitMs = await this.#run();
    if (this.#stopped || waitMs === undefined) return;
    this.#timer = setTimeout(() => void this.now(), waitMs);
    this.#timer.unref();
  }
}
