/**
 * Brings questions for shares to workers, several in one message when they come faster than they
 * are answered: the way to a thread and back costs nearly half of what a share does. Nobody waits
 * for company: an idle worker takes what there is.
 */
import type { AuthorityTask } from './authority-worker.js';
import { calledOrLate } from './called-or-late.js';
import { PoolError } from './errors.js';
import { DRAIN_MS_MAX, type WorkerPool } from './worker-pool.js';

/** Messages in a worker's hands: one that it works on, and the next one for when it is done. */
export const MESSAGES_PER_WORKER = 2;

/**
 * Shares in one message, some 50 µs each: a message is short enough that a question behind it
 * hardly notices, and long enough that its own cost is lost in it.
 */
const SHARES_MAX = 32;

interface Question {
  readonly task: AuthorityTask;
  readonly resolve: (shares: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
}

export interface ShareBatcherOptions {
  readonly threads: number;
  /** Questions that may wait beyond those in the workers' hands. */
  readonly queueMax: number;
}

export class ShareBatcher {
  readonly #workers: WorkerPool<readonly AuthorityTask[], Uint8Array[]>;
  readonly #messagesMax: number;
  readonly #queueMax: number;
  readonly #waiting: Question[] = [];
  #messages = 0;
  #closed: Promise<void> | undefined;
  #emptied: (() => void) | undefined;

  constructor(
    workers: WorkerPool<readonly AuthorityTask[], Uint8Array[]>,
    { threads, queueMax }: ShareBatcherOptions,
  ) {
    this.#workers = workers;
    this.#messagesMax = threads * MESSAGES_PER_WORKER;
    this.#queueMax = queueMax;
  }

  /** The shares asked for, one after the other. Rejects with PoolError. */
  run(task: AuthorityTask): Promise<Uint8Array> {
    if (this.#closed !== undefined) {
      return Promise.reject(new PoolError('unavailable', 'the pool is closed'));
    }
    const isIdle = this.#messages < this.#messagesMax;
    if (!isIdle && this.#waiting.length >= this.#queueMax) {
      return Promise.reject(
        new PoolError('full', `${this.#waiting.length} questions wait already`),
      );
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ task, resolve, reject });
      if (isIdle) this.#send();
    });
  }

  /** Refuses new questions, lets those accepted finish, ends the workers and wipes the secret. */
  close(): Promise<void> {
    this.#closed ??= this.#drain();
    return this.#closed;
  }

  async #drain(): Promise<void> {
    if (this.#waiting.length > 0) {
      await calledOrLate(DRAIN_MS_MAX, (called) => {
        this.#emptied = called;
      });
    }
    await this.#workers.close();
  }

  /** Sends one message with what waits, as far as it fits; there is always at least one. */
  #send(): void {
    let count = 0;
    for (let shares = 0; count < this.#waiting.length; count += 1) {
      shares += sharesOf((this.#waiting[count] as Question).task);
      if (count > 0 && shares > SHARES_MAX) break;
    }
    const batch = this.#waiting.splice(0, count);
    this.#messages += 1;
    void this.#answer(batch).then(() => {
      this.#messages -= 1;
      if (this.#waiting.length > 0) this.#send();
      else this.#emptied?.();
    });
  }

  async #answer(batch: readonly Question[]): Promise<void> {
    try {
      const answers = await this.#workers.run(batch.map(({ task }) => task));
      for (const [index, { resolve }] of batch.entries()) resolve(answers[index] as Uint8Array);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}

function sharesOf(task: AuthorityTask): number {
  return task.make === 'timePermits' ? task.days.length : 1;
}
