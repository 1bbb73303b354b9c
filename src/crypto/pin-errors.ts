/**
 * Searches for PIN errors, in a worker thread of their own: one takes as long as many checks, and
 * failures must not slow down logins.
 */
import type { PinErrorTask } from './pin-error-worker.js';
import { buildRecord, type RecordFields } from './record.js';
import { createVerifier } from './verifier.js';
import { type PoolOptions, WorkerPool, workerModule } from './worker-pool.js';

export interface PinErrorPoolOptions extends Omit<PoolOptions, 'tasksPerWorker'> {
  /** 128 bytes, copied. */
  readonly serverSecret: Uint8Array;
}

export interface PinErrorPool {
  /** As `pinError` of a Verifier; rejects with PoolError when the queue is full. */
  pinError(record: RecordFields): Promise<number | null>;
  /** Lets what was accepted finish, then ends the workers and wipes the secret. */
  close(): Promise<void>;
}

/** Throws MpinCryptoError −14 at once when the secret is not a point of the group. */
export function createPinErrorPool(options: PinErrorPoolOptions): PinErrorPool {
  const { serverSecret, threads = 1, provider } = options;
  createVerifier(serverSecret, provider).close();
  const pool = new WorkerPool<PinErrorTask, number | null>(
    workerModule(import.meta.url, 'pin-error-worker'),
    serverSecret,
    { ...options, threads },
  );
  return {
    pinError: (fields) => pool.run({ record: buildRecord(fields) }),
    close: () => pool.close(),
  };
}
