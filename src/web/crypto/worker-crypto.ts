/** The client's cryptography in a worker, as seen from the page. */
import type { ClientCrypto, Pass1Output } from '../../client/crypto.js';
import { ClientError } from '../../client/errors.js';
import type { Operation, Operations, WorkerReply, WorkerRequest } from './messages.js';

export interface WorkerCryptoOptions {
  /** Where the worker's script is: of the page's own origin, as browsers demand. */
  readonly url: string | URL;
  /** Told of every computation and the milliseconds it took in the worker. */
  readonly onComputed?: (operation: Operation, ms: number) => void;
}

interface Waiting {
  readonly operation: Operation;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** Starts the worker at once, so that it is warm when the first PIN is typed. */
export function workerCrypto(options: WorkerCryptoOptions): ClientCrypto {
  const pool = new WorkerCalls(options);
  return {
    add: (a, b) => pool.call<Uint8Array>('add', a, b),
    extractPin: (id, pin, secret) => pool.call<Uint8Array>('extractPin', id, pin, secret),
    pass1: (input) => pool.call<Pass1Output>('pass1', input),
    pass2: (input) => pool.call<Uint8Array>('pass2', input),
  };
}

class WorkerCalls {
  readonly #options: WorkerCryptoOptions;
  #worker: Worker | undefined;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  constructor(options: WorkerCryptoOptions) {
    this.#options = options;
    this.#worker = this.#start();
  }

  call<T>(operation: Operation, ...args: Operations[Operation]): Promise<T> {
    this.#worker ??= this.#start();
    const id = ++this.#last;
    const request: WorkerRequest = { id, operation, args };
    return new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { operation, resolve, reject });
      this.#worker?.postMessage(request);
    }) as Promise<T>;
  }

  #start(): Worker {
    const worker = new Worker(this.#options.url);
    worker.onmessage = ({ data }: MessageEvent<WorkerReply>) => this.#settle(data);
    // It could not be loaded, e.g. offline: what waits fails, and the next call tries again.
    worker.onerror = (event) => {
      event.preventDefault();
      this.#worker = undefined;
      worker.terminate();
      for (const { reject } of this.#waiting.values()) {
        reject(new ClientError('unreachable', 'the script that computes could not be loaded'));
      }
      this.#waiting.clear();
    };
    return worker;
  }

  #settle({ id, ms, result, error }: WorkerReply): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    this.#options.onComputed?.(waiting.operation, ms);
    if (error === undefined) waiting.resolve(result);
    else waiting.reject(new ClientError('protocol', error));
  }
}
