/** A worker of the verifier pool: holds the server secret prepared, checks batches of records. */
import { workerData } from 'node:worker_threads';
import { createVerifier } from './verifier.js';
import type { WorkerSecret } from './worker-pool.js';

const verifier = createVerifier((workerData as WorkerSecret).secret);

/** One status byte a record of record.ts, in their order. */
export default function verifyRecords(records: Uint8Array): Int8Array {
  return verifier.verifyRecords(records);
}
