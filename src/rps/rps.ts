/** The relying party service: its parts put together, and their life. */
import { readCredentials } from '../config/credentials.js';
import type { RpsOptions } from '../config/rps.js';
import { createVerifierPool, defaultThreads, type VerifierPool } from '../crypto/pool.js';
import type { Route } from '../http/call.js';
import { rpsCors } from '../http/cors.js';
import { createOutgoing } from '../http/outgoing.js';
import { startHttpServer } from '../http/server.js';
import type { RoleContext, RunningRole } from '../ops/role.js';
import { createMemoryStore } from '../store/memory/memory-store.js';
import { activationRoutes } from './activation.js';
import { type AuthorityClient, createAuthorityClient } from './authority.js';
import { clientSecretRoutes } from './client-secret.js';
import { danceSocket } from './dance-socket.js';
import { loginRoutes } from './login.js';
import type { RpsParts } from './parts.js';
import { passRoutes } from './pass-routes.js';
import { permitRoutes } from './permits.js';
import { registrationRoutes } from './registration.js';
import { rpsErrorAnswer, rpsReplies, unavailable } from './replies.js';
import { createRpaCallbacks } from './rpa-callbacks.js';
import { acquireServerSecret, untilThere } from './server-secret.js';
import { settingsRoutes } from './settings.js';
import { statusRoutes } from './status.js';
import { demandUrls, publicUrls } from './urls.js';

/** Calls under way to one D-TA or RPA: each is waited for by one client. */
const OUTGOING_CONNECTIONS_MAX = 64;
/** Milliseconds a D-TA or RPA may take: what a person waits, and less than proxies allow. */
const OUTGOING_MS_MAX = 10_000;
/** Longest reply of a D-TA in bytes: 31 time permits take 5 KB. */
const OUTGOING_BYTES_MAX = 65_536;
/** Longest body of routes that set no limit of their own: a token and some fields. */
const BODY_BYTES_MAX = 16_384;
/** Milliseconds that requests in flight get at the end. */
const STOP_MS_MAX = 10_000;

export function rpsRoutes(parts: RpsParts): Route[] {
  return [
    ...settingsRoutes(parts),
    ...registrationRoutes(parts),
    ...activationRoutes(parts),
    ...clientSecretRoutes(parts),
    ...permitRoutes(parts),
    ...passRoutes(parts),
    ...loginRoutes(parts),
    ...statusRoutes(parts),
  ];
}

/**
 * Starts the RPS. It listens at once and answers 503 where it needs the server secret, until both
 * authorities have given their shares; `ready` says when.
 */
export async function startRps(options: RpsOptions, context: RoleContext): Promise<RunningRole> {
  const { log, clock } = context;
  const credentials = readCredentials(options.credentialsFile);
  const urls = publicUrls(options);
  demandUrls(options, ['DTALocalURL', 'RPAVerifyUserURL', 'RPAPermitUserURL']);
  if (options.DTALocalURL === '') throw new Error('DTALocalURL: the address of the D-TA is needed');
  const outgoing = createOutgoing({
    connectionsMax: OUTGOING_CONNECTIONS_MAX,
    timeoutMs: OUTGOING_MS_MAX,
    bodyBytesMax: OUTGOING_BYTES_MAX,
  });
  const store = createMemoryStore({ ...options, now: () => clock.now() });
  const authority = createAuthorityClient({
    localUrl: options.DTALocalURL,
    credentials,
    outgoing,
    clock,
  });
  const secrets = new Secrets(options, authority, context);
  const parts: RpsParts = {
    options,
    credentials,
    urls,
    clock,
    log,
    store,
    authority,
    rpa: createRpaCallbacks({ options, outgoing, log }),
    verifier: () => secrets.verifier(),
    permitsStorageURL: () => secrets.storageURL,
  };
  const server = await startHttpServer({
    host: options.address,
    port: options.port,
    routes: rpsRoutes(parts),
    sockets: [danceSocket(parts)],
    cors: rpsCors(options.allowOrigin),
    privateAllow: options.privateAllow,
    trustedProxies: options.trustedProxies,
    bodyBytesMax: BODY_BYTES_MAX,
    replies: rpsReplies,
    errorAnswer: rpsErrorAnswer,
    log,
  });
  log.info({ address: server.address }, 'RPS listens');
  log.warn('memory store: this instance cannot share its state, and forgets it at its end');
  return {
    address: server.address,
    ready: secrets.acquire(),
    async stop() {
      secrets.giveUp();
      await server.stop(STOP_MS_MAX);
      await secrets.close();
      await outgoing.close();
      await store.close();
    },
  };
}

/** What the authorities give at the start, as far as it is there. */
class Secrets {
  storageURL: string | undefined;
  readonly #options: RpsOptions;
  readonly #authority: AuthorityClient;
  readonly #context: RoleContext;
  readonly #end = new AbortController();
  #pool: VerifierPool | undefined;

  constructor(options: RpsOptions, authority: AuthorityClient, context: RoleContext) {
    this.#options = options;
    this.#authority = authority;
    this.#context = context;
  }

  verifier(): VerifierPool {
    if (this.#pool === undefined) throw unavailable('Waiting for the server secret, try again');
    return this.#pool;
  }

  /** Resolves when everything is there; rejects when that was given up. */
  acquire(): Promise<void> {
    const asking = { log: this.#context.log, signal: this.#end.signal };
    const ready = Promise.all([
      acquireServerSecret(this.#authority, asking).then((secret) => this.#startPool(secret)),
      untilThere('address of the permit storage', asking, async () => {
        const url = await this.#authority.permitsStorageURL();
        this.storageURL = url === '' ? undefined : url;
      }),
    ]).then(() => {});
    // Whoever stops a role before it was ready need not have waited for it.
    ready.catch(() => {});
    return ready;
  }

  giveUp(): void {
    this.#end.abort(new Error('stopped before it was ready'));
  }

  async close(): Promise<void> {
    await this.#pool?.close();
  }

  #startPool(serverSecret: Uint8Array): void {
    const { cryptoThreads, verifyQueueMax } = this.#options;
    const { log } = this.#context;
    try {
      this.#end.signal.throwIfAborted();
      this.#pool = createVerifierPool({
        serverSecret,
        threads: cryptoThreads === 0 ? defaultThreads() : cryptoThreads,
        queueMax: verifyQueueMax,
        onFault: (error) => log.error({ err: error }, 'a worker died'),
      });
    } finally {
      serverSecret.fill(0);
    }
  }
}
