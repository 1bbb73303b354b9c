/**
 * The only way of the server to the native core: pools of worker threads that hold the secrets
 * prepared, so that the event loop never waits for arithmetic.
 */
import { demandBytes, demandDate } from './arguments.js';
import { serverSecretShare } from './authority.js';
import type { AuthorityTask } from './authority-worker.js';
import { RECORD_BYTES } from './record.js';
import { G1_BYTES, HASH_BYTES } from './sizes.js';
import { createVerifier, type VerifyStatus } from './verifier.js';
import { type PoolOptions, WorkerPool, workerModule } from './worker-pool.js';

export { PoolError } from './errors.js';
export type { VerifyStatus } from './verifier.js';
export { defaultThreads, type PoolOptions, QUEUE_MAX } from './worker-pool.js';

/** All calls reject with PoolError when the queue is full, a worker died or the pool is closed. */
export interface VerifierPool {
  /** Checks one record made by `buildRecord` of record.ts. */
  verify(record: Uint8Array): Promise<VerifyStatus>;
  /** Lets what was accepted finish, then ends the workers and wipes the secret. */
  close(): Promise<void>;
}

/** All calls reject with PoolError when the queue is full, a worker died or the pool is closed. */
export interface AuthorityPool {
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
 * Starts workers that check logins under a server secret (128 bytes, copied). Throws
 * MpinCryptoError −14 at once when it is not a point of the group.
 */
export function createVerifierPool(
  options: PoolOptions & { readonly serverSecret: Uint8Array },
): VerifierPool {
  const { serverSecret } = options;
  // A worker that finds a bad secret could only die of it.
  createVerifier(serverSecret).close();
  const pool = new WorkerPool<Uint8Array, Int8Array>(
    workerModule(import.meta.url, 'verifier-worker'),
    serverSecret,
    options,
  );
  return {
    async verify(record) {
      demandBytes('record', record, RECORD_BYTES);
      const statuses = await pool.run(ownMemory(record));
      return statuses[0] as VerifyStatus;
    },
    close: () => pool.close(),
  };
}

/**
 * Starts workers that make shares with a master secret (32 bytes, copied). Throws
 * MpinCryptoError −11 at once when it is not in [1, r).
 */
export function createAuthorityPool(
  options: PoolOptions & { readonly masterSecret: Uint8Array },
): AuthorityPool {
  const { masterSecret } = options;
  serverSecretShare(masterSecret);
  const pool = new WorkerPool<AuthorityTask, Uint8Array>(
    workerModule(import.meta.url, 'authority-worker'),
    masterSecret,
    options,
  );
  return {
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
