/** A worker of the pool of PIN errors: holds the server secret prepared, searches one by one. */
import { workerData } from 'node:worker_threads';
import { createVerifier } from './verifier.js';
import type { WorkerSecret } from './worker-pool.js';

export interface PinErrorTask {
  /** One record of record.ts. */
  readonly record: Uint8Array;
}

const { secret, provider } = workerData as WorkerSecret;
const verifier = createVerifier(secret, provider);

export default function pinErrorOf({ record }: PinErrorTask): number | null {
  return verifier.recordPinError(record);
}
