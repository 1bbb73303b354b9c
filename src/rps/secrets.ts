/** What the authorities give at the start, and the workers that hold it from then on. */
import type { RpsOptions } from '../config/rps.js';
import { createPinErrorPool, type PinErrorPool } from '../crypto/pin-errors.js';
import {
  type BatchReport,
  createVerifierPool,
  defaultThreads,
  demandProvider,
  type VerifierPool,
} from '../crypto/pool.js';
import type { RoleContext } from '../ops/role.js';
import type { AuthorityClient } from './authority.js';
import { type PinErrorSearch, pinErrorSearch } from './pin-errors.js';
import { unavailable } from './replies.js';
import { acquireServerSecret, untilThere } from './server-secret.js';

export interface SecretsParts extends RoleContext {
  readonly options: RpsOptions;
  readonly authority: AuthorityClient;
  readonly onBatch: (report: BatchReport) => void;
}

/** What the authorities give at the start, as far as it is there. */
export class Secrets {
  storageURL: string | undefined;
  readonly #parts: SecretsParts;
  readonly #end = new AbortController();
  #pool: VerifierPool | undefined;
  #pinErrorPool: PinErrorPool | undefined;
  #pinErrors: PinErrorSearch | undefined;

  constructor(parts: SecretsParts) {
    this.#parts = parts;
  }

  /** The workers, once there is a secret for them. */
  get pool(): VerifierPool | undefined {
    return this.#pool;
  }

  /** Undefined until there is a secret, and where nobody asks for PIN errors. */
  get pinErrors(): PinErrorSearch | undefined {
    return this.#pinErrors;
  }

  verifier(): VerifierPool {
    if (this.#pool === undefined) throw unavailable('Waiting for the server secret, try again');
    return this.#pool;
  }

  /** Resolves when everything is there; rejects when that was given up. */
  acquire(): Promise<void> {
    const { authority, log } = this.#parts;
    const asking = { log, signal: this.#end.signal };
    const elsewhere = this.#parts.options.MPinAuthenticationServer !== '';
    return Promise.all([
      elsewhere
        ? undefined
        : acquireServerSecret(authority, asking).then((secret) => this.#startPool(secret)),
      untilThere('address of the permit storage', asking, async () => {
        const url = await authority.permitsStorageURL();
        this.storageURL = url === '' ? undefined : url;
      }),
    ]).then(() => {});
  }

  giveUp(): void {
    this.#end.abort(new Error('stopped before it was ready'));
  }

  async close(): Promise<void> {
    await Promise.all([this.#pool?.close(), this.#pinErrorPool?.close()]);
  }

  #startPool(serverSecret: Uint8Array): void {
    const { options, log, onBatch } = this.#parts;
    const { cryptoThreads, verifyQueueMax } = options;
    const provider = demandProvider(options.cryptoProvider);
    const onFault = (error: Error) => log.error({ err: error }, 'a worker died');
    try {
      this.#end.signal.throwIfAborted();
      if (options.pinError || options.lockPolicy === 'pinError') {
        this.#pinErrorPool = createPinErrorPool({ serverSecret, provider, onFault });
        this.#pinErrors = pinErrorSearch(this.#pinErrorPool);
      }
      this.#pool = createVerifierPool({
        serverSecret,
        provider,
        threads: cryptoThreads === 0 ? defaultThreads() : cryptoThreads,
        queueMax: verifyQueueMax,
        onBatch,
        onFault,
      });
    } finally {
      serverSecret.fill(0);
    }
  }
}
