/**
 * Group commit: the steps that were asked for in one turn of the event loop are one transaction,
 * so that under load a commit, which costs more than any step, serves many.
 */
import { StoreError } from '../store.js';
import { type Engine, storeErrorOf } from './engine.js';

/** Steps of one transaction: while it runs, all other processes and this loop wait. */
const STEPS_MAX = 256;

interface Step {
  readonly run: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export interface CommitHooks {
  /** Before the first step of each transaction. */
  readonly begun: () => void;
  /** After its last step, still within it. */
  readonly ending: () => void;
  /** It is committed, or has failed with this and changed nothing. */
  readonly ended: (error?: StoreError) => void;
}

export class Commits {
  readonly #engine: Engine;
  readonly #file: string;
  readonly #hooks: CommitHooks;
  #waiting: Step[] = [];
  #closed = false;

  constructor(engine: Engine, file: string, hooks: CommitHooks) {
    this.#engine = engine;
    this.#file = file;
    this.#hooks = hooks;
  }

  /**
   * Runs `step` in the next transaction; resolves when it is committed. A StoreError or RangeError
   * that it throws before its first write refuses this step alone; anything else ends the
   * transaction, with nothing changed by any of its steps.
   */
  run<T>(step: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#closed) {
        reject(new StoreError('unavailable', 'the store is closed'));
        return;
      }
      this.#waiting.push({ run: step, resolve: resolve as Step['resolve'], reject });
      if (this.#waiting.length === 1) setImmediate(this.#commitSome);
    });
  }

  /** Refuses further steps, and commits those that wait. */
  close(): void {
    this.#closed = true;
    while (this.#waiting.length > 0) this.#commitSome();
  }

  readonly #commitSome = (): void => {
    const steps = this.#waiting.splice(0, STEPS_MAX);
    if (this.#waiting.length > 0) setImmediate(this.#commitSome);
    if (steps.length === 0) return;
    let ends: (() => void)[];
    try {
      ends = this.#engine.transaction(() => {
        this.#hooks.begun();
        const all = steps.map(endOf);
        this.#hooks.ending();
        return all;
      });
    } catch (error) {
      const failure = storeErrorOf(error, this.#file);
      this.#hooks.ended(failure);
      for (const step of steps) step.reject(failure);
      return;
    }
    this.#hooks.ended();
    for (const end of ends) end();
  };
}

/** Runs a step; what is to be said of it once the transaction is committed. */
function endOf({ run, resolve, reject }: Step): () => void {
  try {
    const value = run();
    return () => resolve(value);
  } catch (error) {
    if (!(error instanceof StoreError || error instanceof RangeError)) throw error;
    return () => reject(error);
  }
}
