/** The worker that computes, so that the page stays awake. */
import type { WorkerReply, WorkerRequest } from '../crypto/messages.js';
import { milagroCrypto } from '../crypto/milagro-crypto.js';

type Compute = (...args: readonly unknown[]) => unknown;

addEventListener('message', ({ data }: MessageEvent<WorkerRequest>) => {
  const { id, operation, args } = data;
  const began = performance.now();
  const reply = (rest: Partial<WorkerReply>): void =>
    postMessage({ id, ms: performance.now() - began, ...rest } satisfies WorkerReply);
  try {
    reply({ result: (milagroCrypto[operation] as Compute)(...args) });
  } catch (error) {
    reply({ error: (error as Error).message });
  }
});
