/** A worker of the authority pool: makes shares with the master secret. */
import { workerData } from 'node:worker_threads';
import { clientSecretShare, serverSecretShare, timePermitShares } from './authority.js';
import type { WorkerSecret } from './worker-pool.js';

export type AuthorityTask =
  | { readonly make: 'serverSecret' }
  | { readonly make: 'clientSecret'; readonly hash: Uint8Array }
  | { readonly make: 'timePermits'; readonly hash: Uint8Array; readonly days: readonly number[] };

const { secret, provider } = workerData as WorkerSecret;

/** An answer for each task. The arguments were checked by the pool. */
export default function makeShares(tasks: readonly AuthorityTask[]): Uint8Array[] {
  return tasks.map(sharesOf);
}

/** The shares asked for, one after the other. */
function sharesOf(task: AuthorityTask): Uint8Array {
  switch (task.make) {
    case 'serverSecret':
      return serverSecretShare(secret, provider);
    case 'clientSecret':
      return clientSecretShare(secret, task.hash, provider);
    case 'timePermits':
      return timePermitShares(secret, task.hash, task.days, provider);
  }
}
