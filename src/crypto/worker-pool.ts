/**
 * Worker threads that share one secret, by piscina, with the promises the server needs on top:
 * a full queue refuses at once, a dead worker's tasks are refused and it is replaced, no task is
 * left waiting for a worker that cannot start, and closing lets everything accepted finish.
 */
import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { addon } from './addon.js';
import { demandCount } from './arguments.js';
import { calledOrLate } from './called-or-late.js';
import { PoolError } from './errors.js';
import type { CryptoProvider } from './provider.js';

/**
 * Tasks a worker holds at once, if not said otherwise. It runs them one after the other; the next
 * ones lie ready in its mailbox, which spares it the way to the main thread and back between two.
 */
const TASKS_PER_WORKER = 8;

/** Tasks that may wait beyond those: a second's work of one worker at a millisecond each. */
export const QUEUE_MAX = 1000;

/** Longest wait of `close` for what is in flight, in milliseconds: a full queue's work and more. */
export const DRAIN_MS_MAX = 10_000;

export interface PoolOptions {
  /** Worker threads; default {@link defaultThreads}. */
  readonly threads?: number | undefined;
  /** Tasks that may wait beyond those in the workers' hands; default {@link QUEUE_MAX}. */
  readonly queueMax?: number | undefined;
  /** Tasks in one worker's hands; default {@link TASKS_PER_WORKER}. */
  readonly tasksPerWorker?: number | undefined;
  /** Who computes in the workers; default `core`. */
  readonly provider?: CryptoProvider | undefined;
  /** Told of a worker that died with nothing to do; a busy one's tasks reject with the cause. */
  readonly onFault?: ((error: Error) => void) | undefined;
}

/** What a worker finds as its workerData. */
export interface WorkerSecret {
  /** The one copy of the secret, shared by all workers of the pool and wiped when it closes. */
  readonly secret: Uint8Array;
  readonly provider: CryptoProvider;
}

/** One fewer than the cores, so that the event loop has one; at least one. */
export function defaultThreads(): number {
  return Math.max(1, availableParallelism() - 1);
}

/** The module beside `importer` (an import.meta.url), which is TypeScript or compiled like it. */
export function workerModule(importer: string, name: string): URL {
  return new URL(`${name}.${importer.endsWith('.ts') ? 'ts' : 'js'}`, importer);
}

/** Runs tasks of one kind by the default export of a module, in worker threads. */
export class WorkerPool<Task, Result> {
  /** Whether the secret's memory stays out of swap. */
  readonly isLocked: boolean;
  readonly #piscina: Piscina<Task, Result>;
  readonly #secret: Uint8Array;
  readonly #inFlightMax: number;
  #inFlight = 0;
  #workersLost = 0;
  #closed: Promise<void> | undefined;
  #drained: (() => void) | undefined;

  /** Copies the secret; throws TypeError or RangeError for numbers that are no counts. */
  constructor(module: URL, secret: Uint8Array, options: PoolOptions) {
    const { threads = defaultThreads(), queueMax = QUEUE_MAX, onFault = () => {} } = options;
    const { tasksPerWorker = TASKS_PER_WORKER, provider = 'core' } = options;
    demandCount('threads', threads, 1);
    demandCount('queueMax', queueMax, 0);
    demandCount('tasksPerWorker', tasksPerWorker, 1);
    this.#secret = new Uint8Array(new SharedArrayBuffer(secret.length));
    this.isLocked = addon.lockMemory(this.#secret);
    this.#secret.set(secret);
    this.#inFlightMax = threads * tasksPerWorker + queueMax;
    this.#piscina = new Piscina<Task, Result>({
      filename: module.href,
      workerData: { secret: this.#secret, provider } satisfies WorkerSecret,
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker: tasksPerWorker,
      // The limit is kept by `run`, on all that is in flight: piscina's own does not count the
      // places of a worker that has just died.
      maxQueue: this.#inFlightMax,
      stricterFIFO: true,
      recordTiming: false,
      // Threads with secrets run nothing but our own code, so no preloads of the command line;
      // TypeScript cannot do without them.
      execArgv: module.pathname.endsWith('.ts') ? process.execArgv : [],
    });
    this.#piscina.on('error', (error: Error) => {
      if (this.#closed === undefined) onFault(error);
    });
    this.#piscina.on('workerDestroy', () => {
      if (this.#closed === undefined) this.#workersLost += 1;
      queueMicrotask(() => this.#failWithoutWorkers());
    });
  }

  /** Workers that died and were replaced, or could not start. */
  get workersLost(): number {
    return this.#workersLost;
  }

  /** The answer of a worker to one task. Rejects with PoolError, and with nothing else. */
  async run(task: Task): Promise<Result> {
    if (this.#closed !== undefined) throw new PoolError('unavailable', 'the pool is closed');
    if (this.#inFlight >= this.#inFlightMax) {
      throw new PoolError('full', `${this.#inFlight} tasks are in flight already`);
    }
    this.#inFlight += 1;
    try {
      return await this.#piscina.run(task);
    } catch (cause) {
      throw new PoolError('unavailable', 'the worker could not finish its task', { cause });
    } finally {
      this.#inFlight -= 1;
      if (this.#inFlight === 0) this.#drained?.();
    }
  }

  /** Refuses new tasks, lets those accepted finish, ends the workers and wipes the secret. */
  close(): Promise<void> {
    this.#closed ??= this.#drainAndEnd();
    return this.#closed;
  }

  async #drainAndEnd(): Promise<void> {
    // Piscina's own close may end a busy worker when another falls idle twice, so it is not used.
    if (this.#inFlight > 0) {
      await calledOrLate(DRAIN_MS_MAX, (called) => {
        this.#drained = called;
      });
    }
    await this.#piscina.destroy();
    this.#secret.fill(0);
  }

  /**
   * Piscina replaces a worker that dies, but gives up after one that cannot even start, and would
   * leave its queue waiting for ever. Emptying it refuses those tasks; the next one tries anew.
   */
  #failWithoutWorkers(): void {
    const stranded = this.#piscina.threads.length === 0 && this.#closed === undefined;
    if (stranded) void this.#piscina.destroy();
  }
}
