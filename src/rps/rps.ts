/** The relying party service: its parts put together, and their life. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readCredentials } from '../config/credentials.js';
import { LiveOptions } from '../config/live.js';
import { type RpsOptions, rpsOptions } from '../config/rps.js';
import { demandProvider } from '../crypto/pool.js';
import type { Route, SocketRoute } from '../http/call.js';
import { rpsCors } from '../http/cors.js';
import { createOutgoing, type Outgoing } from '../http/outgoing.js';
import type { AddressRateOptions } from '../http/rates.js';
import { type HttpServer, startHttpServer } from '../http/server.js';
import type { RoleContext, RunningRole } from '../ops/role.js';
import { OffsetClock } from '../protocol/clock.js';
import { createMemoryStore } from '../store/memory/memory-store.js';
import type { Store } from '../store/store.js';
import { accessNumberRoutes } from './access-numbers.js';
import { activationRoutes } from './activation.js';
import { LoginAdmission } from './admission.js';
import { createAuthorityClient } from './authority.js';
import { Background } from './background.js';
import { clientSecretRoutes } from './client-secret.js';
import { danceSocket } from './dance-socket.js';
import { withGivenShare } from './given-share.js';
import { healthRoutes, rpsHealth, storeHealth } from './health.js';
import { loginRoutes } from './login.js';
import { loginReportRoutes } from './login-report.js';
import { RpsMetrics } from './metrics.js';
import { mobileLoginRoutes } from './mobile-login.js';
import { onePassRoutes } from './one-pass.js';
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
import { tokenRoutes } from './token.js';
import { authorityUrls, demandUrls, publicUrls } from './urls.js';
import type { Conclude } from './verdict.js';

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

/** A service that this module runs: what tells the RPS and the separate M-Pin server apart. */
export interface Service {
  /** As people call it. */
  readonly name: string;
  /** Path in front of the public routes, where it is not the configured one. */
  readonly prefix?: string;
  readonly routes: (parts: RpsParts) => Route[];
  readonly sockets: (parts: RpsParts) => SocketRoute[];
  /** Decides what was checked; where it is undefined, the store does. */
  readonly conclude?: (parts: RpsParts, outgoing: Outgoing) => Conclude;
}

const RPS: Service = {
  name: 'RPS',
  routes: rpsRoutes,
  sockets: (parts) => (dancesElsewhere(parts.options) ? [] : [danceSocket(parts)]),
};

/** A separate M-Pin server has the server secret and checks logins: this one then need not. */
function dancesElsewhere(options: RpsOptions): boolean {
  return options.MPinAuthenticationServer !== '';
}

function danceRoutes(parts: RpsParts): Route[] {
  if (dancesElsewhere(parts.options)) return tokenRoutes(parts);
  return [...passRoutes(parts), ...onePassRoutes(parts)];
}

export function rpsRoutes(parts: RpsParts): Route[] {
  return [
    ...settingsRoutes(parts),
    ...registrationRoutes(parts),
    ...activationRoutes(parts),
    ...clientSecretRoutes(parts),
    ...permitRoutes(parts),
    ...danceRoutes(parts),
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
export function startRps(
  options: RpsOptions,
  context: RoleContext,
  shared?: Store,
): Promise<RunningRole> {
  return startService(RPS, options, context, shared);
}

/** Starts a service as {@link startRps} says. A `shared` store is left open at its end. */
export async function startService(
  service: Service,
  given: RpsOptions,
  context: RoleContext,
  shared?: Store,
): Promise<RunningRole> {
  const { log } = context;
  const clock = new OffsetClock(context.clock);
  const live = new LiveOptions(rpsOptions, given);
  const { options } = live;
  const { credentials, urls, outgoing } = foundationsOf(service, options);
  const metrics = new RpsMetrics();
  const own = shared ?? createMemoryStore({ ...options, now: () => clock.now() });
  const store = metrics.timed(own);
  const authority = withGivenShare(
    createAuthorityClient({ ...authorityUrls(options), credentials, outgoing, clock }),
    options.certivoxServerSecret,
    () => readCredentials(options.credentialsFile),
  );
  const { onBatch } = metrics;
  const secrets = new Secrets({ log, clock, options, authority, onBatch });
  const background = new Background({ live, credentials, outgoing, clock, log });
  const admission = new LoginAdmission(options, () => secrets.pool);
  let server: HttpServer | undefined;
  const common: RpsParts = {
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
  const parts = { ...common, conclude: service.conclude?.(common, outgoing) };
  const pool = () => secrets.pool;
  const health = dancesElsewhere(options) ? storeHealth(store) : rpsHealth({ store, pool });
  const routes = [
    ...service.routes(parts),
    ...healthRoutes(health),
    metrics.route(),
    ...background.routes(),
  ];
  server = await listen(parts, { routes, sockets: service.sockets(parts) }, metrics);
  metrics.readFrom({ store, pool, http: () => server?.stats(), admission });
  log.info({ address: server.address }, `${service.name} listens`);
  if (shared === undefined) {
    log.warn('memory store: this instance cannot share its state, and forgets it at its end');
  }
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
      if (shared === undefined) await store.close();
    },
  };
}

/** What must be right before anything starts. Throws an Error that says what is not. */
function foundationsOf({ prefix }: Service, options: RpsOptions) {
  // Now, not when the server secret arrives: a build without it will never have it.
  demandProvider(options.cryptoProvider);
  const credentials = readCredentials(options.credentialsFile);
  const urls = { ...publicUrls(options), ...(prefix === undefined ? {} : { prefix }) };
  demandUrls(options, ['DTALocalURL', 'RPAVerifyUserURL', 'RPAPermitUserURL']);
  if (options.DTALocalURL === '') throw new Error('DTALocalURL: the address of the D-TA is needed');
  const outgoing = createOutgoing({
    connectionsMax: OUTGOING_CONNECTIONS_MAX,
    timeoutMs: OUTGOING_MS_MAX,
    bodyBytesMax: OUTGOING_BYTES_MAX,
  });
  return { credentials, urls, outgoing };
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
  served: { readonly routes: readonly Route[]; readonly sockets: readonly SocketRoute[] },
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
    ...served,
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
