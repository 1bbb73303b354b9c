/** A worker of the verifier pool: holds the server secret prepared, checks batches of records. */
import { performance } from 'node:perf_hooks';
import { workerData } from 'node:worker_threads';
import { createVerifier } from './verifier.js';
import type { WorkerSecret } from './worker-pool.js';

export interface VerifyTask {
  /** Records of record.ts, one after the other. */
  readonly records: Uint8Array;
  /** Share of recent records that failed, 0 … 1. */
  readonly failureRate: number;
}

export interface VerifyResult {
  /** One status a record, in their order. */
  readonly statuses: Int8Array;
  /** Time that the check took, in microseconds. */
  readonly runUs: number;
}

const US_PER_MS = 1000;

const { secret, provider } = workerData as WorkerSecret;
const verifier = createVerifier(secret, provider);

export default function verifyRecords({ records, failureRate }: VerifyTask): VerifyResult {
  const startMs = performance.now();
  const statuses = verifier.verifyRecords(records, failureRate);
  return { statuses, runUs: (performance.now() - startMs) * US_PER_MS };
}
