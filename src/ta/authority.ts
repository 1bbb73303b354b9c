/**
 * One trusted authority: a master secret, the threads that multiply by it, and the HTTP server
 * that gives out the shares. The customer's D-TA is one, the hosted side runs another.
 */
import type { Logger } from 'pino';
import type { AuthorityOptions } from '../config/dta.js';
import { serviceBytes } from '../config/entropy.js';
import { randomSecret } from '../crypto/index.js';
import { createAuthorityPool, demandProvider } from '../crypto/pool.js';
import { AUTHORITY_CORS } from '../http/cors.js';
import { createOutgoing } from '../http/outgoing.js';
import { type HttpServer, startHttpServer } from '../http/server.js';
import type { TlsFiles } from '../http/tls.js';
import { mixInService } from '../ops/entropy.js';
import type { RoleContext, RunningRole } from '../ops/role.js';
import { isMixed } from '../protocol/tokens.js';
import { descriptionRoute } from './description.js';
import { dtaRoutes } from './dta-routes.js';
import { type AuthorityShares, Keyring } from './keyring.js';
import { drawMasterSecret, wipe } from './master-secret.js';
import { protectMemory, warnUnlocked } from './memory.js';
import { BODY_BYTES_MAX, DTA_MARKS, repliesOf, STOP_GRACE_MS } from './replies.js';
import { type FindApplication, signaturesOnce } from './signed-query.js';
import { masterSecret, type VaultContext, type VaultOptions } from './vault.js';
import { watchBackup } from './watch.js';

/**
 * Shares that may wait for a thread: at 0.1 to 1 ms each, a second's work at most. Whoever comes
 * later gets 503 at once, which is sooner than their own time-out.
 */
const QUEUE_MAX = 1000;

/** Limits of the one question to an entropy service, which a start waits for. */
const ENTROPY_CALLS = { connectionsMax: 1, timeoutMs: 5_000, bodyBytesMax: 1_024 } as const;

export interface AuthoritySettings {
  readonly host: string;
  readonly port: number;
  /** CIDRs whose hosts may ask. */
  readonly allowFrom: readonly string[];
  /** Whose queries are answered. */
  readonly find: FindApplication;
  /** Absent: plain HTTP. */
  readonly tls?: TlsFiles | undefined;
  readonly options: AuthorityOptions & { readonly backup_file: string };
}

export interface RunningAuthority extends RunningRole {
  /** For those who stand beside it in its process. */
  readonly shares: AuthorityShares;
  reload(): void;
}

/**
 * Starts an authority; it is ready when this resolves.
 * @throws BackupError when its secret cannot be had, an Error naming host and port when these
 * cannot be listened on
 */
export async function startAuthority(
  settings: AuthoritySettings,
  context: RoleContext,
): Promise<RunningAuthority> {
  const { options } = settings;
  const { log, clock } = context;
  protectMemory(log);
  await mixInConfigured(options, log);
  const newSecret = isMixed() ? drawMasterSecret : randomSecret;
  const keyring = await openKeyring(options, { ...context, newSecret });
  const once = options.replayProtection ? signaturesOnce() : undefined;
  const routes = [
    ...dtaRoutes({ shares: keyring, find: settings.find, clock, log, once }),
    descriptionRoute('dta'),
  ];
  let server: HttpServer;
  try {
    server = await startHttpServer({
      host: settings.host,
      port: settings.port,
      routes,
      cors: { ...AUTHORITY_CORS, origins: options.allowOrigin },
      privateAllow: settings.allowFrom,
      trustedProxies: [],
      bodyBytesMax: BODY_BYTES_MAX,
      replies: repliesOf('D-TA server', DTA_MARKS),
      log,
      ...(settings.tls === undefined ? {} : { tls: settings.tls }),
    });
  } catch (error) {
    await keyring.close();
    throw error;
  }
  const watch = options.backup ? watchBackup(options, keyring, log) : undefined;
  return {
    address: server.address,
    reload: () => server.renewCertificates(),
    shares: keyring,
    ready: Promise.resolve(),
    stop: async () => {
      await watch?.stop();
      await server.stop(STOP_GRACE_MS);
      await keyring.close();
    },
  };
}

/** Resolves once shares were made, so that nobody finds an authority that cannot work. */
export async function openKeyring(
  options: Pick<AuthorityOptions, 'cryptoProvider' | 'cryptoThreads'> & VaultOptions,
  { log, clock, newSecret }: VaultContext,
): Promise<Keyring> {
  const provider = demandProvider(options.cryptoProvider);
  const master = await masterSecret(options, { log, clock, newSecret });
  try {
    return await Keyring.open(master, {
      clock,
      issuedFile: `${options.backup_file}.issued`,
      startPool: (secret) => {
        const pool = createAuthorityPool({
          masterSecret: secret,
          provider,
          threads: options.cryptoThreads,
          queueMax: QUEUE_MAX,
          onFault: (error) => log.error({ err: error }, 'a worker thread died and is replaced'),
        });
        warnUnlocked(pool, log);
        return pool;
      },
    });
  } finally {
    // The pools have their own copies.
    wipe(master);
  }
}

/** Before a master secret is made, as there it counts most (option EntropySources). */
async function mixInConfigured(options: AuthorityOptions, log: Logger): Promise<void> {
  const outgoing = createOutgoing(ENTROPY_CALLS);
  const ask = (url: string) => outgoing.getText(url);
  await mixInService(serviceBytes(options), { url: options.entropyURL, ask, log });
  await outgoing.close();
}
