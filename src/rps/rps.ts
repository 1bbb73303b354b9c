/** The relying party service: its parts put together, and their life. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readCredentials } from '../config/credentials.js';
import { LiveOptions } from '../config/live.js';
import { type RpsOptions, rpsOptions } from '../config/rps.js';
import { demandProvider } from '../crypto/pool.js';
import type { Route } from '../http/call.js';
import { rpsCors } from '../http/cors.js';
import { createOutgoing } from '../http/outgoing.js';
import type { AddressRateOptions } from '../http/rates.js';
import { type HttpServer, startHttpServer } from '../http/server.js';
import type { RoleContext, RunningRole } from '../ops/role.js';
import { OffsetClock } from '../protocol/clock.js';
import { createMemoryStore } from '../store/memory/memory-store.js';
import { accessNumberRoutes } from './access-numbers.js';
import { activationRoutes } from './activation.js';
import { LoginAdmission } from './admission.js';
import { createAuthorityClient } from './authority.js';
import { Background } from './background.js';
import { clientSecretRoutes } from './client-secret.js';
import { danceSocket } from './dance-socket.js';
import { withGivenShare } from './given-share.js';
import { healthRoutes, rpsHealth } from './health.js';
import { loginRoutes } from './login.js';
import { loginReportRoutes } from './login-report.js';
import { RpsMetrics } from './metrics.js';
import { mobileLoginRoutes } from './mobile-login.js';
import { otpRoutes } from './otp.js';
import type { RpsParts } from './parts.js';
import { passRoutes } from './pass-routes.js';
import { permitRoutes } from './permits.js';
import { registrationRoutes } from './registration.js';
import { rpsErrorAnswer, rpsReplies } from './replies.js';
import { createRpaCallbacks } from './rpa-callbacks.js';
import { Secrets } from './secrets.js';
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
/** Milliseconds beyond those that are configured in which a stop must have come to its end. */
const STOP_SLACK_MS = 3_000;
/** Seconds in the unit of a rate of failures. */
const MINUTE = 60;

export function rpsRoutes(parts: RpsParts): Route[] {
  return [
    ...settingsRoutes(parts),
    ...registrationRoutes(parts),
    ...activationRoutes(parts),
    ...clientSecretRoutes(parts),
    ...permitRoutes(parts),
    ...passRoutes(parts),
    ...accessNumberRoutes(parts),
    ...mobileLoginRoutes(parts),
    ...loginRoutes(parts),
    ...loginReportRoutes(parts),
    ...otpRoutes(parts),
    ...statusRoutes(parts),
  ];
}

/**
 * Starts the RPS. It listens at once and answers 503 where it needs the server secret, until both
 * authorities have given their shares; `ready` says when.
 */
export async function startRps(given: RpsOptions, context: RoleContext): Promise<RunningRole> {
  const { log } = context;
  const clock = new OffsetClock(context.clock);
  const live = new LiveOptions(rpsOptions, given);
  const { options } = live;
  // Now, not when the server secret arrives: a build without it will never have it.
  demandProvider(options.cryptoProvider);
  const credentials = readCredentials(options.credentialsFile);
  const urls = publicUrls(options);
  demandUrls(options, ['DTALocalURL', 'RPAVerifyUserURL', 'RPAPermitUserURL']);
  if (options.DTALocalURL === '') throw new Error('DTALocalURL: the address of the D-TA is needed');
  const outgoing = createOutgoing({
    connectionsMax: OUTGOING_CONNECTIONS_MAX,
    timeoutMs: OUTGOING_MS_MAX,
    bodyBytesMax: OUTGOING_BYTES_MAX,
  });
  const metrics = new RpsMetrics();
  const memory = createMemoryStore({ ...options, now: () => clock.now() });
  const store = metrics.timed(memory);
  const authority = withGivenShare(
    createAuthorityClient({ localUrl: options.DTALocalURL, credentials, outgoing, clock }),
    options.certivoxServerSecret,
    credentials,
  );
  const { onBatch } = metrics;
  const secrets = new Secrets({ log, clock, options, authority, onBatch });
  const background = new Background({ live, credentials, outgoing, clock, log });
  const admission = new LoginAdmission(options, () => secrets.pool);
  let server: HttpServer | undefined;
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
    pinErrors: () => secrets.pinErrors,
    admission,
    onLogin: (outcome, peer) => {
      metrics.onLogin(outcome);
      if (outcome === 401 || outcome === 410) server?.countFailure(peer);
    },
    permitsStorageURL: () => secrets.storageURL,
  };
  const health = rpsHealth({ store, pool: () => secrets.pool });
  const routes = [...healthRoutes(health), metrics.route(), ...background.routes()];
  server = await listen(parts, routes, metrics);
  metrics.readFrom({ store, pool: () => secrets.pool, http: () => server?.stats(), admission });
  log.info({ address: server.address }, 'RPS listens');
  log.warn('memory store: this instance cannot share its state, and forgets it at its end');
  return {
    address: server.address,
    ready: readyAfter(background.start(), secrets),
    reconfigure: (changes) => live.apply(changes),
    stopMsMax: options.stopPauseMs + options.stopDrainMs + STOP_SLACK_MS,
    async stop() {
      health.stopping();
      await sleep(options.stopPauseMs);
      background.stop();
      secrets.giveUp();
      await server.stop(options.stopDrainMs);
      await secrets.close();
      await outgoing.close();
      await store.close();
    },
  };
}

/** Signed queries carry the time, so the secret is asked for once there was a try to know it. */
function readyAfter(started: Promise<void>, secrets: Secrets): Promise<void> {
  const ready = started.then(() => secrets.acquire());
  // Whoever stops a role before it was ready need not have waited for it.
  ready.catch(() => {});
  return ready;
}

function listen(
  parts: RpsParts,
  privateRoutes: readonly Route[],
  { onAnswer }: RpsMetrics,
): Promise<HttpServer> {
  const { options, log } = parts;
  const rates = ratesOf(options);
  if (rates !== undefined && options.trustedProxies.length === 0) {
    log.warn('rates by address, but no trustedProxies: behind a proxy all clients count as one');
  }
  return startHttpServer({
    host: options.address,
    port: options.port,
    routes: [...rpsRoutes(parts), ...privateRoutes],
    sockets: [danceSocket(parts)],
    cors: rpsCors(options.allowOrigin),
    privateAllow: options.privateAllow,
    trustedProxies: options.trustedProxies,
    bodyBytesMax: BODY_BYTES_MAX,
    replies: rpsReplies,
    errorAnswer: rpsErrorAnswer,
    log,
    limits: {
      connections: options.connectionsMax,
      sockets: options.socketsMax,
      turnMs: options.turnMsMax,
    },
    onAnswer,
    ...(rates === undefined ? {} : { rates }),
  });
}

/** Undefined when neither rate is on. */
function ratesOf(options: RpsOptions): AddressRateOptions | undefined {
  const { addressRequestsPerSecond: requests, addressFailuresPerMinute: failures } = options;
  if (requests === 0 && failures === 0) return undefined;
  return {
    requests: { perSecond: requests, burst: options.addressRequestsBurst },
    failures: { perSecond: failures / MINUTE, burst: options.addressFailuresBurst },
    addressesMax: options.rateAddressesMax,
  };
}
