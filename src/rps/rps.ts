/** The relying party service: its parts put together, and their life. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { LiveOptions } from '../config/live.js';
import { type RpsOptions, rpsOptions } from '../config/rps.js';
import { demandProvider } from '../crypto/pool.js';
import type { Route, SocketRoute } from '../http/call.js';
import { createOutgoing, type Outgoing } from '../http/outgoing.js';
import type { Health } from '../ops/health.js';
import type { RoleContext, RunningRole } from '../ops/role.js';
import type { Siblings } from '../ops/siblings.js';
import { OffsetClock } from '../protocol/clock.js';
import type { Store } from '../store/store.js';
import { accessNumberRoutes } from './access-numbers.js';
import { activationRoutes } from './activation.js';
import { adminRoutes } from './admin.js';
import { LoginAdmission } from './admission.js';
import { auditLogin, openAudit, type RpsAudit } from './audit.js';
import { createAuthorityClient } from './authority.js';
import { Background } from './background.js';
import { clientSecretRoutes } from './client-secret.js';
import { danceSocket } from './dance-socket.js';
import { descriptionRoutes } from './description.js';
import { withGivenShare } from './given-share.js';
import { healthRoutes, rpsHealth, storeHealth } from './health.js';
import { type Listeners, listen, type Served } from './listeners.js';
import { LiveCredentials } from './live-credentials.js';
import { loginRoutes } from './login.js';
import { loginReportRoutes } from './login-report.js';
import { RpsMetrics } from './metrics.js';
import { mobileLoginRoutes } from './mobile-login.js';
import { onePassRoutes } from './one-pass.js';
import { openStore } from './open-store.js';
import { otpRoutes } from './otp.js';
import type { RpsParts } from './parts.js';
import { passRoutes } from './pass-routes.js';
import { permitRoutes } from './permits.js';
import { registrationRoutes } from './registration.js';
import { createRpaCallbacks } from './rpa-callbacks.js';
import { Secrets } from './secrets.js';
import { serviceRoutes } from './service.js';
import { settingsRoutes } from './settings.js';
import { stackInfoRoutes } from './stack-info.js';
import { statusRoutes } from './status.js';
import { tokenRoutes } from './token.js';
import { authorityUrls, demandUrls, publicUrls } from './urls.js';
import type { Conclude } from './verdict.js';

/** Limits of calls to a D-TA or RPA. */
const OUTGOING = {
  /** Calls under way to one of them: each is waited for by one client. */
  connectionsMax: 64,
  /** What a person waits, and less than proxies allow. */
  timeoutMs: 10_000,
  /** Longest reply in bytes: 31 time permits take 5 KB. */
  bodyBytesMax: 65_536,
} as const;
/** Milliseconds beyond those that are configured in which a stop must have come to its end. */
const STOP_SLACK_MS = 3_000;

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

export const RPS: Service = {
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

function rpsRoutes(parts: RpsParts): Route[] {
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
    ...adminRoutes(parts),
    ...stackInfoRoutes(parts),
    ...serviceRoutes(parts),
    ...descriptionRoutes(parts, 'rps'),
    ...statusRoutes(parts),
  ];
}

/** What has routes beside those of a service. */
interface Beside {
  readonly health: Health;
  readonly metrics: RpsMetrics;
  readonly background: Pick<Background, 'routes'>;
  readonly siblings?: Siblings | undefined;
}

/** All that a service serves. */
export function served(
  service: Service,
  parts: RpsParts,
  { health, metrics, background, siblings }: Beside,
): Served {
  return {
    routes: [
      ...service.routes(parts),
      ...healthRoutes(health),
      metrics.route(siblings),
      ...background.routes(),
    ],
    sockets: service.sockets(parts),
    onAnswer: metrics.onAnswer,
  };
}

/**
 * Starts the RPS. It listens at once and answers 503 where it needs the server secret, until both
 * authorities have given their shares; `ready` says when. One with siblings listens when it is
 * ready.
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
  const { credentials, urls, outgoing } = foundationsOf(service, options, log);
  const metrics = new RpsMetrics();
  const store = metrics.timed(shared ?? (await openStore(options, { log, clock })));
  const authority = withGivenShare(
    createAuthorityClient({ ...authorityUrls(options), credentials, outgoing, clock }),
    options.certivoxServerSecret,
    credentials,
  );
  const { onBatch } = metrics;
  const secrets = new Secrets({ log, clock, options, authority, onBatch });
  const background = new Background({ live, credentials, outgoing, clock, log });
  const admission = new LoginAdmission(options, () => secrets.pool);
  const audit = openAudit(options, credentials.appKey, { log, clock });
  let server: Listeners | undefined;
  const common: RpsParts = {
    options,
    credentials,
    urls,
    clock,
    log,
    store,
    authority,
    rpa: createRpaCallbacks({ options, outgoing, log }),
    audit: audit.record,
    verifier: () => secrets.verifier(),
    pinErrors: () => secrets.pinErrors,
    admission,
    onLogin: (outcome, peer, mpinId) => {
      metrics.onLogin(outcome);
      auditLogin(audit.record, outcome, { peer, mpinId });
      if (outcome === 401 || outcome === 410) server?.countFailure(peer);
    },
    permitsStorageURL: () => secrets.storageURL,
  };
  const parts = { ...common, conclude: service.conclude?.(common, outgoing) };
  const pool = () => secrets.pool;
  const health = dancesElsewhere(options) ? storeHealth(store) : rpsHealth({ store, pool });
  const { siblings } = context;
  const ready = readyAfter(background.start(), secrets);
  // The port is dealt out among siblings: whoever cannot check logins yet is to get no part of it.
  if (siblings !== undefined) await ready;
  const isShared = siblings !== undefined;
  const beside = { health, metrics, background, siblings };
  server = await listen(parts, served(service, parts, beside), isShared);
  const http = () => server?.stats();
  metrics.readFrom({ store, pool, http, audit: () => audit.stats(), admission });
  const { address, privateAddress } = server;
  log.info({ address, privateAddress }, `${service.name} listens`);
  const close = async (): Promise<void> => {
    await outgoing.close();
    await credentials.stop();
    if (shared === undefined) await store.close();
  };
  return roleOf({ live, server, credentials, ready, secrets, background, audit, health, close });
}

interface Running {
  readonly live: LiveOptions<typeof rpsOptions>;
  readonly server: Listeners;
  readonly credentials: LiveCredentials;
  readonly ready: Promise<void>;
  readonly secrets: Secrets;
  readonly background: Background;
  readonly audit: RpsAudit;
  readonly health: Health;
  /** Ends all else, once nobody draws on it. */
  readonly close: () => Promise<void>;
}

/** What listens, as the program sees it. */
function roleOf(running: Running): RunningRole {
  const { live, server, credentials, ready, secrets, background, audit, health, close } = running;
  const { options } = live;
  return {
    address: server.address,
    privateAddress: server.privateAddress,
    ready,
    reconfigure: (changes) => live.apply(changes),
    reload: () => {
      credentials.readAgain();
      audit.reopen();
      server.renewCertificates();
    },
    stopMsMax: options.stopPauseMs + options.stopDrainMs + STOP_SLACK_MS,
    async stop() {
      health.stopping();
      await sleep(options.stopPauseMs);
      background.stop();
      secrets.giveUp();
      await server.stop(options.stopDrainMs);
      await secrets.close();
      await close();
      await audit.close();
    },
  };
}

/** What must be right before anything starts. Throws an Error that says what is not. */
function foundationsOf({ prefix }: Service, options: RpsOptions, log: Logger) {
  // Now, not when the server secret arrives: a build without it will never have it.
  demandProvider(options.cryptoProvider);
  const credentials = new LiveCredentials({ file: options.credentialsFile, log });
  const urls = { ...publicUrls(options), ...(prefix === undefined ? {} : { prefix }) };
  demandUrls(options, ['RPAVerifyUserURL', 'RPAPermitUserURL']);
  return { credentials, urls, outgoing: createOutgoing(OUTGOING) };
}

/** Signed queries carry the time, so the secret is asked for once there was a try to know it. */
function readyAfter(started: Promise<void>, secrets: Secrets): Promise<void> {
  const ready = started.then(() => secrets.acquire());
  // Whoever stops a role before it was ready need not have waited for it.
  ready.catch(() => {});
  return ready;
}
