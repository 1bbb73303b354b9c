/** What the authorities give, at the start and when it changes, and the workers that hold it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RpsOptions } from '../config/rps.js';
import {
  type BatchReport,
  createVerifierPool,
  defaultThreads,
  demandProvider,
  type VerifierPool,
} from '../crypto/pool.js';
import type { RoleContext } from '../ops/role.js';
import type { AuthorityClient } from './authority.js';
import { unavailable } from './replies.js';
import { acquireServerSecrets, askServerSecrets, untilThere } from './server-secret.js';
import { type LoginVerifier, Verifiers } from './verifiers.js';

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

  constructor(parts: SecretsParts) {
    this.#parts = parts;
    this.#verifiers = new Verifiers((serverSecret) => this.#startPool(serverSecret));
  }

  /** The workers, once there is a secret for them. */
  get pool(): Verifiers | undefined {
    return this.#verifiers.ready ? this.#verifiers : undefined;
  }

  verifier(): LoginVerifier {
    if (!this.#verifiers.ready) throw unavailable('Waiting for the server secret, try again');
    return this.#verifiers;
  }

  /** Resolves when everything is there; rejects when that was given up. */
  acquire(): Promise<void> {
    const { authority, log } = this.#parts;
    const asking = { log, signal: this.#end.signal };
    return Promise.all([
      acquireServerSecrets(authority.sources, asking).then(async (secrets) => {
        asking.signal.throwIfAborted();
        await this.#verifiers.replace(secrets);
        this.#refreshing = this.#refreshOn();
      }),
      untilThere('address of the permit storage', asking, async () => {
        const url = await authority.permitsStorageURL();
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

  #startPool(serverSecret: Uint8Array): VerifierPool {
    const { options, log, onBatch } = this.#parts;
    const { cryptoProvider, cryptoThreads, verifyQueueMax } = options;
    return createVerifierPool({
      serverSecret,
      provider: demandProvider(cryptoProvider),
      threads: cryptoThreads === 0 ? defaultThreads() : cryptoThreads,
      queueMax: verifyQueueMax,
      onBatch,
      onFault: (error) => log.error({ err: error }, 'a worker died'),
    });
  }
}
