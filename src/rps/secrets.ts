/** What the authorities give, at the start and when it changes, and the workers that hold it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RpsOptions } from '../config/rps.js';
import { createPinErrorPool } from '../crypto/pin-errors.js';
import {
  type BatchReport,
  createVerifierPool,
  defaultThreads,
  demandProvider,
} from '../crypto/pool.js';
import type { RoleContext } from '../ops/role.js';
import type { AuthorityClient } from './authority.js';
import { type PinErrorSearch, pinErrorSearch } from './pin-errors.js';
import { unavailable } from './replies.js';
import { acquireServerSecrets, askServerSecrets, untilThere } from './server-secret.js';
import { type LoginVerifier, Verifiers, type Workers } from './verifiers.js';

const SECOND_MS = 1_000;

export interface SecretsParts extends RoleContext {
  readonly options: RpsOptions;
  readonly authority: AuthorityClient;
  readonly onBatch: (report: BatchReport) => void;
}

/** What the authorities give, as far as it is there. */
export class Secrets {
  storageURL: string | undefined;
  readonly #parts: SecretsParts;
  readonly #end = new AbortController();
  readonly #verifiers: Verifiers;
  #refreshing: Promise<void> = Promise.resolve();
  #pinErrors: PinErrorSearch | undefined;

  constructor(parts: SecretsParts) {
    this.#parts = parts;
    this.#verifiers = new Verifiers((serverSecret) => this.#startWorkers(serverSecret));
    if (asksForPinErrors(parts.options)) this.#pinErrors = pinErrorSearch(this.#verifiers);
  }

  /** The workers, once there is a secret for them. */
  get pool(): Verifiers | undefined {
    return this.#verifiers.ready ? this.#verifiers : undefined;
  }

  /** Undefined until there is a secret, and where nobody asks for PIN errors. */
  get pinErrors(): PinErrorSearch | undefined {
    return this.#verifiers.ready ? this.#pinErrors : undefined;
  }

  verifier(): LoginVerifier {
    if (!this.#verifiers.ready) throw unavailable('Waiting for the server secret, try again');
    return this.#verifiers;
  }

  /** Resolves when everything is there; rejects when that was given up. */
  acquire(): Promise<void> {
    const { authority, log } = this.#parts;
    const asking = { log, signal: this.#end.signal };
    const elsewhere = this.#parts.options.MPinAuthenticationServer !== '';
    return Promise.all([
      elsewhere
        ? undefined
        : acquireServerSecrets(authority.sources, asking).then(async (secrets) => {
            asking.signal.throwIfAborted();
            await this.#verifiers.replace(secrets);
            this.#refreshing = this.#refreshOn();
          }),
      untilThere('address of the permit storage', asking, async () => {
        const { timePermitsStorageURL: url } = await authority.apiSettings();
        this.storageURL = url === '' ? undefined : url;
      }),
    ]).then(() => {});
  }

  /** Asks the authorities again: what they have now is what is worked with from then on. */
  async refresh(): Promise<void> {
    const { authority, log } = this.#parts;
    try {
      const secrets = await askServerSecrets(authority.sources);
      const generations = secrets.length;
      if (this.#end.signal.aborted) {
        for (const { share } of secrets) share.fill(0);
      } else if (await this.#verifiers.replace(secrets)) {
        log.warn({ generations }, 'the server secret has changed: an authority rotates its own');
      }
    } catch (error) {
      // Whatever it was, there is a secret to go on with.
      log.warn(`server secret not refreshed, going on with it: ${(error as Error).message}`);
    }
  }

  giveUp(): void {
    this.#end.abort(new Error('stopped before it was ready'));
  }

  async close(): Promise<void> {
    this.giveUp();
    await this.#refreshing;
    await this.#verifiers.close();
  }

  async #refreshOn(): Promise<void> {
    const everyMs = this.#parts.options.serverSecretRefreshSeconds * SECOND_MS;
    const { signal } = this.#end;
    while (everyMs > 0 && !signal.aborted) {
      await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (!signal.aborted) await this.refresh();
    }
  }

  /** The workers of one secret. */
  #startWorkers(serverSecret: Uint8Array): Workers {
    const { options, log, onBatch } = this.#parts;
    const { cryptoThreads, verifyQueueMax } = options;
    const provider = demandProvider(options.cryptoProvider);
    const onFault = (error: Error) => log.error({ err: error }, 'a worker died');
    const pool = createVerifierPool({
      serverSecret,
      provider,
      threads: cryptoThreads === 0 ? defaultThreads() : cryptoThreads,
      queueMax: verifyQueueMax,
      onBatch,
      onFault,
    });
    const pinErrors = asksForPinErrors(options)
      ? createPinErrorPool({ serverSecret, provider, onFault })
      : undefined;
    return { pool, pinErrors };
  }
}

function asksForPinErrors({ pinError, lockPolicy }: RpsOptions): boolean {
  return pinError || lockPolicy === 'pinError';
}
