/**
 * The role `mpin hosted`: what others once ran for their customers. A second trusted authority
 * with a secret of its own, on loopback, and before it the proxy that clients reach, with the
 * service where customers register and the permits that are published.
 */
import { tlsFiles } from '../config/access.js';
import { type Credentials, issueCredentials } from '../config/credentials.js';
import type { HostedOptions } from '../config/hosted.js';
import { AUTHORITY_CORS } from '../http/cors.js';
import { createOutgoing } from '../http/outgoing.js';
import { Buckets } from '../http/rates.js';
import { type HttpServer, startHttpServer } from '../http/server.js';
import type { RoleContext, RunningRole } from '../ops/role.js';
import { openAudit } from './audit.js';
import { type RunningAuthority, startAuthority } from './authority.js';
import { descriptionRoute } from './description.js';
import { type DtaClient, dtaClient } from './dta-client.js';
import { type KnownApplications, openKnown } from './known-applications.js';
import { isLoopback, LOOPBACK } from './loopback.js';
import type { PermitPlace } from './permits/permit-storage.js';
import { permitStorageRoutes } from './permits/routes.js';
import { isPublishing, PermitsService } from './permits/service.js';
import { type ApiSettings, proxyRoutes } from './proxy-routes.js';
import { registrationRoutes } from './registration.js';
import { BODY_BYTES_MAX, HOSTED_MARKS, repliesOf, STOP_GRACE_MS } from './replies.js';
import { openRevocations, type Revocations } from './revocations.js';
import { applicationOf, applicationsOf, signaturesOnce } from './signed-query.js';

/** Limits of the proxy's calls to its D-TA. */
const DTA_CALLS = {
  /** Each carries one query at a time; more would only wait in the D-TA's own queue. */
  connectionsMax: 64,
  /** Well above the second that a full queue of the D-TA takes. */
  timeoutMs: 5000,
  /** The longest answer, a server secret with its 256 digits, has some 400 bytes. */
  bodyBytesMax: 16_384,
} as const;

/** Applications whose rates are remembered, about 200 bytes each; with more, some are forgotten. */
const RATED_APPLICATIONS_MAX = 100_000;
const HOUR_MS = 3_600_000;

export interface RunningHosted extends RunningRole {
  /** Where the D-TA behind the proxy listens. */
  readonly dtaAddress: string;
  /** Public base URL with its final slash: the `api_url` of credentials. */
  readonly apiUrl: string;
}

/** What the proxy stands on, in the order in which it is built and, backwards, taken down. */
interface Ground extends Pick<KnownApplications, 'applications' | 'find'> {
  readonly revocations: Revocations;
  readonly permits: PermitsService | undefined;
  readonly client: DtaClient;
}

/**
 * Starts both parts; they are ready when this resolves.
 * @throws an Error fit for the operator's eyes when an option, a file or a port is not usable
 */
export async function startHosted(
  options: HostedOptions,
  context: RoleContext,
): Promise<RunningHosted> {
  demandOptions(options);
  const log = context.log.child({ part: 'dta' });
  const ends: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const end of ends.reverse()) await end();
  };
  try {
    const known = openKnown(options, context);
    ends.push(() => known.close());
    const { applications, find } = known;
    const revocations = openRevocations(options.revocationFile, context.log);
    ends.push(() => revocations.stop());
    const credentials = issueCredentials('');
    const dta = await startBehind(options, credentials, { ...context, log });
    ends.push(() => dta.stop());
    const permits = await startPermits(options, { dta, find, revocations }, context);
    if (permits !== undefined) ends.push(() => permits.stop());
    const outgoing = createOutgoing(DTA_CALLS);
    ends.push(() => outgoing.close());
    const { address } = dta;
    const client = dtaClient({ address, credentials, outgoing, clock: context.clock });
    const ground = { applications, find, revocations, permits, client };
    const proxy = await startProxy(options, ground, context);
    ends.push(() => proxy.stop(STOP_GRACE_MS));
    return {
      address: proxy.address,
      dtaAddress: address,
      apiUrl: publicBase(options, proxy),
      ready: Promise.resolve(),
      // A part's log has a level of its own, which the program does not see.
      reconfigure: () => {
        log.level = context.log.level;
      },
      reload: () => {
        known.readAgain();
        proxy.renewCertificates();
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The D-TA behind the proxy: its only application is the proxy, known by a key of this process. */
function startBehind(
  options: HostedOptions,
  credentials: Credentials,
  context: RoleContext,
): Promise<RunningAuthority> {
  const { dtaAddress: host, dtaPort: port } = options;
  const find = applicationsOf([applicationOf(credentials)]);
  // Every query of the proxy is its own: asked again, it is signed again within the same second.
  const own = { ...options, replayProtection: false };
  return startAuthority({ host, port, allowFrom: LOOPBACK, find, options: own }, context);
}

async function startPermits(
  options: HostedOptions,
  { dta, find, revocations }: Pick<Ground, 'find' | 'revocations'> & { dta: RunningAuthority },
  { log, clock }: RoleContext,
): Promise<PermitsService | undefined> {
  if (!isPublishing(options)) return undefined;
  return PermitsService.start(options, {
    shares: dta.shares,
    isServed: (appId) => find(appId) !== undefined,
    isRevoked: (hash) => revocations.has(hash),
    log,
    clock,
  });
}

async function startProxy(
  options: HostedOptions,
  { applications, find, revocations, permits, client }: Ground,
  { log, clock }: RoleContext,
): Promise<HttpServer> {
  // Asked by requests only, and these come after the server is there.
  const apiUrl = (): string => publicBase(options, server);
  const settings = (): ApiSettings => ({
    timePermitsStorageURL: withoutSlash(options.timePermitsStorageURL || `${apiUrl()}permits`),
    managementConsoleURL: options.managementConsoleURL,
  });
  const audit = openAudit(options.auditFile, log);
  const once = options.replayProtection ? signaturesOnce() : undefined;
  const parts = { dta: client, find, clock, settings, revocations, permits, audit, once };
  const published = { read: async (place: PermitPlace) => permits?.read(place), clock };
  const registration =
    applications === undefined
      ? []
      : registrationRoutes(
          {
            ...options,
            applications,
            find,
            clock,
            audit,
            apiUrl,
            keyOverlapMs: overlapMs(options),
          },
          options.apiPrefixes,
        );
  const tls = tlsFiles(options);
  const server = await startHttpServer({
    host: options.address,
    port: options.port,
    routes: [
      ...proxyRoutes({ ...parts, rates: ratesOf(options) }, options.apiPrefixes),
      ...permitStorageRoutes(published, options.apiPrefixes),
      ...registration,
      descriptionRoute('hosted'),
    ],
    cors: { ...AUTHORITY_CORS, origins: options.allowOrigin },
    privateAllow: LOOPBACK,
    trustedProxies: options.trustedProxies,
    bodyBytesMax: BODY_BYTES_MAX,
    replies: repliesOf('D-TA proxy', HOSTED_MARKS),
    log,
    ...(tls === undefined ? {} : { tls }),
  });
  return server;
}

function ratesOf(options: HostedOptions): Buckets | undefined {
  const { applicationRequestsPerSecond: perSecond, applicationRequestsBurst: burst } = options;
  return perSecond === 0 ? undefined : new Buckets({ perSecond, burst }, RATED_APPLICATIONS_MAX);
}

function overlapMs({ keyOverlapHours }: HostedOptions): number {
  return keyOverlapHours * HOUR_MS;
}

/** Most mistakes in options show as strange behaviour of clients far away: they end the start. */
function demandOptions(options: HostedOptions): void {
  if (!isLoopback(options.dtaAddress)) {
    throw new Error(`dtaAddress "${options.dtaAddress}" is no loopback address such as 127.0.0.1`);
  }
  for (const name of ['apiUrl', 'timePermitsStorageURL', 'managementConsoleURL'] as const) {
    if (options[name] !== '' && !/^https?:\/\/[^?#\s]+$/.test(options[name])) {
      throw new Error(`${name} "${options[name]}" is no http or https URL`);
    }
  }
  if (options.permitsBucket !== '' && options.permitsFolder === '') {
    if (options.timePermitsStorageURL === '') {
      throw new Error(
        'timePermitsStorageURL must say where clients find the objects of permitsBucket',
      );
    }
  }
  for (const prefix of options.apiPrefixes) {
    if (!/^(?:\/[\w.-]*\w)+$/.test(prefix)) {
      throw new Error(`apiPrefixes: "${prefix}" is no path such as /v3`);
    }
  }
}

function publicBase({ apiUrl }: HostedOptions, { address }: HttpServer): string {
  return `${withoutSlash(apiUrl || address)}/`;
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
