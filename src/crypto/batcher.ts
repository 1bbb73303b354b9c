/**
 * Makes batches of logins for the workers: what one login costs falls with the size of its batch.
 * An idle worker takes what has come in by the end of the event loop's turn, so a login that comes
 * alone waits for nobody; while all are busy, or logins come thick and fast, the next batch grows.
 */
import { performance } from 'node:perf_hooks';
import { BatchLimit, RECENT_RECORDS } from './batch-limit.js';
import { calledOrLate } from './called-or-late.js';
import { PoolError, STATUS_OK } from './errors.js';
import type { RecordFields } from './record.js';
import { RecordQueue } from './record-queue.js';
import type { VerifyResult, VerifyTask } from './verifier-worker.js';
import { DRAIN_MS_MAX } from './worker-pool.js';

/** Records of one group: 16 live challenges of an identity, each on two dates. */
export const GROUP_RECORDS_MAX = 32;

const US_PER_MS = 1000;

/** What a batch needs of the workers, which is what WorkerPool has. */
export interface BatchRunner {
  run(task: VerifyTask): Promise<VerifyResult>;
  close(): Promise<void>;
}

/** One batch that was answered. */
export interface BatchReport {
  readonly records: number;
  readonly failures: number;
  /** From the submission of its oldest record until it was handed to a worker, in microseconds. */
  readonly waitUs: number;
  /** Of arithmetic, as the worker measured it, in microseconds. */
  readonly runUs: number;
}

/** Sums since the start, and the present; times in microseconds. */
export interface BatcherStats {
  readonly batches: number;
  readonly records: number;
  /** Records whose check said no. */
  readonly failures: number;
  /** Submissions refused because the queue was full. */
  readonly refused: number;
  /** Submissions lost with a worker. */
  readonly lost: number;
  /** Of all records together, from submission until a worker was given them. */
  readonly waitUs: number;
  /** Of all batches together, as measured by the workers. */
  readonly runUs: number;
  /** Records that wait now. */
  readonly queued: number;
  /** Batches in the hands of workers now. */
  readonly running: number;
  /** Records a batch may have now. */
  readonly batchMax: number;
  /** Failed among recent records, 0 … 1. */
  readonly failureRate: number;
}

export interface BatcherOptions {
  /** Batches that run at once: one a worker, so that those behind it can still grow. */
  readonly workers: number;
  /** Records that may wait; a submission that finds as many is refused. */
  readonly queueMax: number;
  /** Least time from one batch to the next one, if that is not full; in milliseconds. */
  readonly paceMs: number;
  /** Told of every answered batch, for histograms. */
  readonly onBatch?: ((report: BatchReport) => void) | undefined;
}

/** A group that waits for its records to be checked. */
interface Waiting {
  readonly records: number;
  readonly sinceMs: number;
  readonly resolve: (firstAccepted: number) => void;
  readonly reject: (error: unknown) => void;
}

export class Batcher {
  readonly #runner: BatchRunner;
  readonly #workers: number;
  readonly #queueMax: number;
  readonly #paceMs: number;
  readonly #onBatch: BatcherOptions['onBatch'];
  readonly #queue: RecordQueue;
  readonly #limit = new BatchLimit();
  readonly #sums = {
    batches: 0,
    records: 0,
    failures: 0,
    refused: 0,
    lost: 0,
    waitUs: 0,
    runUs: 0,
  };
  /** The groups whose records are in the queue, in the same order. */
  readonly #waiting: Waiting[] = [];
  /** Arithmetic of one record among recent ones, in microseconds. */
  #recordUs = 0;
  #running = 0;
  #runningRecords = 0;
  #handedOutMs = Number.NEGATIVE_INFINITY;
  #isDue = false;
  #closed: Promise<void> | undefined;
  #emptied: (() => void) | undefined;

  constructor(runner: BatchRunner, options: BatcherOptions) {
    this.#runner = runner;
    this.#workers = options.workers;
    this.#queueMax = options.queueMax;
    this.#paceMs = options.paceMs;
    this.#onBatch = options.onBatch;
    this.#queue = new RecordQueue(options.queueMax + GROUP_RECORDS_MAX - 1);
  }

  /**
   * Checks records that belong together, in one batch; the index of the first that is accepted,
   * or −1. Rejects with PoolError when the queue is full, the worker died or this is closed.
   */
  findAccepted(group: readonly RecordFields[]): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#accept(group);
      const sinceMs = performance.now();
      this.#waiting.push({ records: group.length, sinceMs, resolve, reject });
      this.#handOut();
    });
  }

  /** Puts a group into the queue, or throws. */
  #accept(group: readonly RecordFields[]): void {
    if (group.length === 0 || group.length > GROUP_RECORDS_MAX) {
      throw new RangeError(`a group has 1 to ${GROUP_RECORDS_MAX} records, got ${group.length}`);
    }
    if (this.#closed !== undefined) throw new PoolError('unavailable', 'the pool is closed');
    if (this.#queue.length >= this.#queueMax) {
      this.#sums.refused += 1;
      throw new PoolError('full', `${this.#queue.length} records are waiting already`);
    }
    this.#queue.push(group);
  }

  /** Records accepted and not yet answered. */
  get inFlight(): number {
    return this.#queue.length + this.#runningRecords;
  }

  /** How long a record that came now would wait for a worker, by the speed of recent batches. */
  get expectedWaitMs(): number {
    return (this.inFlight * this.#recordUs) / (this.#workers * US_PER_MS);
  }

  stats(): BatcherStats {
    return {
      ...this.#sums,
      queued: this.#queue.length,
      running: this.#running,
      batchMax: this.#limit.records,
      failureRate: this.#limit.failureRate,
    };
  }

  /** Refuses new groups, lets those accepted finish, then closes the workers. */
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
    // Whatever has not been handed out by now is refused by the closed runner.
    await this.#runner.close();
  }

  /**
   * Gives idle workers what waits: a full batch at once, less at the end of the turn. Until then
   * the loop reads the other sockets that have something to say, and their logins come along.
   * Right after another batch it waits until `paceMs` have passed since that.
   */
  #handOut(): void {
    while (this.#hasWork() && this.#queue.length >= this.#limit.records) this.#startBatch();
    if (!this.#hasWork() || this.#isDue) return;
    this.#isDue = true;
    const restMs = this.#handedOutMs + this.#paceMs - performance.now();
    if (restMs > 0) setTimeout(this.#whenDue, Math.ceil(restMs));
    else setImmediate(this.#whenDue);
  }

  readonly #whenDue = (): void => {
    this.#isDue = false;
    while (this.#hasWork()) this.#startBatch();
  };

  #hasWork(): boolean {
    return this.#running < this.#workers && this.#waiting.length > 0;
  }

  #startBatch(): void {
    const groups = this.#nextGroups();
    const records = groups.reduce((sum, group) => sum + group.records, 0);
    const task = { records: this.#queue.take(records), failureRate: this.#limit.failureRate };
    this.#running += 1;
    this.#runningRecords += records;
    if (this.#waiting.length === 0) this.#emptied?.();
    void this.#run(task, groups, records);
  }

  /** Whole groups from the front, as many as the batch may hold and at least one. */
  #nextGroups(): Waiting[] {
    const recordsMax = this.#limit.records;
    let records = 0;
    const end = this.#waiting.findIndex((group) => {
      records += group.records;
      return records > recordsMax;
    });
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : Math.max(1, end));
  }

  async #run(task: VerifyTask, groups: readonly Waiting[], records: number): Promise<void> {
    const startedMs = performance.now();
    this.#handedOutMs = startedMs;
    try {
      const { statuses, runUs } = await this.#runner.run(task);
      this.#count(statuses, runUs, groups, startedMs);
      let at = 0;
      for (const { records, resolve } of groups) {
        resolve(statuses.subarray(at, at + records).indexOf(STATUS_OK));
        at += records;
      }
    } catch (error) {
      this.#sums.lost += groups.length;
      for (const { reject } of groups) reject(error);
    } finally {
      this.#running -= 1;
      this.#runningRecords -= records;
      this.#handOut();
    }
  }

  #count(statuses: Int8Array, runUs: number, groups: readonly Waiting[], startedMs: number): void {
    const records = statuses.length;
    let failures = 0;
    for (const status of statuses) if (status !== STATUS_OK) failures += 1;
    this.#limit.observe(records, failures);
    const waitUsOf = (group: Waiting) => (startedMs - group.sinceMs) * US_PER_MS;
    // A record by itself takes as long as dozens together: a rush after a quiet hour must not be
    // judged by what came before it, so a batch counts by its size.
    const weight = this.#sums.batches === 0 ? 1 : Math.min(1, records / RECENT_RECORDS);
    this.#recordUs += weight * (runUs / records - this.#recordUs);
    this.#sums.batches += 1;
    this.#sums.records += records;
    this.#sums.failures += failures;
    this.#sums.runUs += runUs;
    for (const group of groups) this.#sums.waitUs += group.records * waitUsOf(group);
    const oldest = groups[0];
    if (oldest !== undefined)
      this.#onBatch?.({ records, failures, waitUs: waitUsOf(oldest), runUs });
  }
}
