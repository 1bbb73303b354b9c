/**
 * The only way of the server to the native core: pools of worker threads that hold the secrets
 * prepared, so that the event loop never waits for arithmetic.
 */
import { addon } from './addon.js';
import { demandBytes, demandCount, demandDate } from './arguments.js';
import { serverSecretShare } from './authority.js';
import type { AuthorityTask } from './authority-worker.js';
import { BATCH_PACE_MS } from './batch-limit.js';
import { Batcher, type BatcherStats, type BatchReport } from './batcher.js';
import type { RecordFields } from './record.js';
import { MESSAGES_PER_WORKER, ShareBatcher } from './share-batcher.js';
import { G1_BYTES, HASH_BYTES } from './sizes.js';
import { createVerifier } from './verifier.js';
import type { VerifyResult, VerifyTask } from './verifier-worker.js';
import {
  defaultThreads,
  type PoolOptions,
  QUEUE_MAX,
  WorkerPool,
  workerModule,
} from './worker-pool.js';

export { type BatchReport, GROUP_RECORDS_MAX } from './batcher.js';
export { PoolError } from './errors.js';
export { type CryptoProvider, demandProvider } from './provider.js';
export type { RecordFields } from './record.js';
export { defaultThreads, type PoolOptions, QUEUE_MAX } from './worker-pool.js';

export interface VerifierPoolOptions extends Omit<PoolOptions, 'tasksPerWorker'> {
  /** 128 bytes, copied. */
  readonly serverSecret: Uint8Array;
  /** Told of every answered batch, for histograms. */
  readonly onBatch?: ((report: BatchReport) => void) | undefined;
}

export interface VerifierStats extends BatcherStats {
  readonly threads: number;
  /** Workers that died and were replaced. */
  readonly workersLost: number;
  /** `portable`, `adx` or `ifma`. */
  readonly kernel: string;
}

/** All calls reject with PoolError when the queue is full, a worker died or the pool is closed. */
export interface VerifierPool {
  /**
   * Checks records that belong together (1 to {@link GROUP_RECORDS_MAX}); the index of the first
   * that is accepted, or −1.
   */
  findAccepted(group: readonly RecordFields[]): Promise<number>;
  /** Records accepted and not yet answered. */
  readonly inFlight: number;
  /** How long a record that came now would wait, in milliseconds, by the speed of recent ones. */
  readonly expectedWaitMs: number;
  /** Counters and the present state, for metrics. */
  stats(): VerifierStats;
  /** Lets what was accepted finish, then ends the workers and wipes the secret. */
  close(): Promise<void>;
}

/** All calls reject with PoolError when the queue is full, a worker died or the pool is closed. */
export interface AuthorityPool {
  /** Whether the memory of the secret, as the pool keeps it, stays out of swap. */
  readonly isLocked: boolean;
  /** s·Q, 128 bytes. */
  serverSecretShare(): Promise<Uint8Array>;
  /** s·map(hash), 65 bytes. */
  clientSecretShare(hashMpinId: Uint8Array): Promise<Uint8Array>;
  /** s·T for each day, 65 bytes each, in the order of `days`. */
  timePermitShares(hashMpinId: Uint8Array, days: readonly number[]): Promise<Uint8Array[]>;
  /** Lets what was accepted finish, then ends the workers and wipes the secret. */
  close(): Promise<void>;
}

/**
 * Starts workers that check logins under a server secret. `queueMax` counts records. Throws
 * MpinCryptoError −14 at once when the secret is not a point of the group.
 */
export function createVerifierPool(options: VerifierPoolOptions): VerifierPool {
  const {
    serverSecret,
    threads = defaultThreads(),
    queueMax = QUEUE_MAX,
    onBatch,
    provider,
  } = options;
  demandCount('queueMax', queueMax, 1);
  // A worker that finds a bad secret could only die of it.
  createVerifier(serverSecret, provider).close();
  const workers = new WorkerPool<VerifyTask, VerifyResult>(
    workerModule(import.meta.url, 'verifier-worker'),
    serverSecret,
    { threads, queueMax: 0, tasksPerWorker: 1, provider, onFault: options.onFault },
  );
  const paceMs = BATCH_PACE_MS;
  const batcher = new Batcher(workers, { workers: threads, queueMax, paceMs, onBatch });
  const { kernel } = addon;
  return {
    findAccepted: (group) => batcher.findAccepted(group),
    get inFlight() {
      return batcher.inFlight;
    },
    get expectedWaitMs() {
      return batcher.expectedWaitMs;
    },
    stats: () => ({ ...batcher.stats(), threads, workersLost: workers.workersLost, kernel }),
    close: () => batcher.close(),
  };
}

/**
 * Starts workers that make shares with a master secret (32 bytes, copied). Throws
 * MpinCryptoError −11 at once when it is not in [1, r).
 */
export function createAuthorityPool(
  options: PoolOptions & { readonly masterSecret: Uint8Array },
): AuthorityPool {
  const { masterSecret, provider, onFault } = options;
  const { threads = defaultThreads(), queueMax = QUEUE_MAX } = options;
  demandCount('queueMax', queueMax, 1);
  serverSecretShare(masterSecret, provider);
  const workers = new WorkerPool<readonly AuthorityTask[], Uint8Array[]>(
    workerModule(import.meta.url, 'authority-worker'),
    masterSecret,
    { threads, queueMax: 0, tasksPerWorker: MESSAGES_PER_WORKER, provider, onFault },
  );
  const pool = new ShareBatcher(workers, { threads, queueMax });
  return {
    isLocked: workers.isLocked,
    serverSecretShare: () => pool.run({ make: 'serverSecret' }),
    async clientSecretShare(hashMpinId) {
      demandBytes('hashMpinId', hashMpinId, HASH_BYTES);
      return pool.run({ make: 'clientSecret', hash: ownMemory(hashMpinId) });
    },
    async timePermitShares(hashMpinId, days) {
      demandBytes('hashMpinId', hashMpinId, HASH_BYTES);
      for (const day of days) demandDate(day, 1);
      const shares = await pool.run({ make: 'timePermits', hash: ownMemory(hashMpinId), days });
      return days.map((_, index) => shares.slice(index * G1_BYTES, (index + 1) * G1_BYTES));
    },
    close: () => pool.close(),
  };
}

/** A view into a larger buffer would carry all of that buffer into the worker. */
function ownMemory(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : Uint8Array.from(bytes);
}
