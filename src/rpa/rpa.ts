/** The demo relying party: relays the RPS to browsers, logs people in, shows who they are. */
import { tlsFiles } from '../config/access.js';
import { ConfigError } from '../config/load.js';
import type { RpaOptions } from '../config/rpa.js';
import type { Route } from '../http/call.js';
import { createOutgoing, type Outgoing } from '../http/outgoing.js';
import { type HttpServer, startHttpServer } from '../http/server.js';
import type { RoleContext, RunningRole } from '../ops/role.js';
import { type ActivationOptions, activationRoutes } from './activation.js';
import { adminRoutes } from './admin.js';
import { createHome } from './home.js';
import { loginRoutes } from './login.js';
import { logoutRoutes } from './logout.js';
import { createMailer, type Mailer } from './mail.js';
import { type Brand, createPage } from './pages.js';
import { relayRoutes } from './relay.js';
import { Revocations } from './revocations.js';
import { createRpsClient } from './rps-client.js';
import { Sessions } from './sessions.js';
import { socketRelay } from './socket-relay.js';
import { WEB_FOLDER, webFileRoutes } from './web-files.js';

/** Most connections to the RPS: requests beyond wait for a free one within their time. */
const RPS_CONNECTIONS_MAX = 256;
/** Longest wait for one of our own calls to the RPS in milliseconds. */
const RPS_CALL_MS_MAX = 5_000;
/** Longest reply of the RPS in bytes: client settings and a mobile configuration fit well. */
const RPS_REPLY_BYTES_MAX = 262_144;
/** Longest body of a request in bytes; the RPS has a closer limit of its own. */
const BODY_BYTES_MAX = 65_536;
/** How long a stop waits for requests in flight, in milliseconds. */
const STOP_MS_MAX = 5_000;

export interface RpaHooks {
  /** Shows an activation link to whoever develops; see option showActivationLinks. */
  readonly showLink: (userId: string, link: string) => void;
}

/** What outlives a request, and is freed at the end. */
interface Parts extends RoleContext, RpaHooks {
  readonly outgoing: Outgoing;
  readonly mailer: Mailer | undefined;
  readonly sessions: Sessions;
  readonly revocations: Revocations;
  /** Of this application as browsers know it, without a final slash. */
  readonly baseUrl: string;
}

/** Starts the demo; it is ready as soon as it listens. Throws ConfigError for what cannot work. */
export async function startRpa(
  options: RpaOptions,
  context: RoleContext,
  hooks: RpaHooks,
): Promise<RunningRole> {
  refuseContradictions(options);
  const parts = openParts(options, context, hooks);
  const { sessions, outgoing, mailer } = parts;
  const free = async (): Promise<void> => {
    mailer?.close();
    await outgoing.close();
  };
  try {
    const server = await listen(options, parts);
    return {
      address: server.address,
      ready: Promise.resolve(),
      reload: () => server.renewCertificates(),
      stop: async () => {
        sessions.stopWaits();
        await server.stop(STOP_MS_MAX);
        await free();
      },
    };
  } catch (error) {
    await free();
    throw error;
  }
}

/** What would look as if it worked. */
function refuseContradictions(options: RpaOptions): void {
  const { forceActivate, showActivationLinks, smtpServer, emailSender, adminUsers } = options;
  if (!forceActivate && !showActivationLinks && smtpServer === '') {
    throw new ConfigError(
      'forceActivate is off and nothing delivers activation links: set smtpServer, ' +
        'or showActivationLinks for development',
    );
  }
  if (smtpServer !== '' && emailSender === '') {
    throw new ConfigError('smtpServer is set, but emailSender is not: mails need a sender');
  }
  if (forceActivate && adminUsers.length > 0) {
    throw new ConfigError(
      'adminUsers needs forceActivate off: anyone could register as one of them',
    );
  }
}

function openParts(options: RpaOptions, context: RoleContext, hooks: RpaHooks): Parts {
  const { log, clock } = context;
  const { address, port } = options;
  const scheme = tlsFiles(options) === undefined ? 'http' : 'https';
  const baseUrl = options.baseURL.replace(/\/+$/, '') || `${scheme}://${address}:${port}`;
  const revocations = new Revocations(options.revokedFile);
  const canRevoke = options.adminUsers.length > 0 || options.adminToken !== '';
  if (canRevoke && options.revokedFile === '') {
    log.warn('revokedFile is not set: who is revoked is forgotten with a restart');
  }
  const outgoing = createOutgoing({
    connectionsMax: RPS_CONNECTIONS_MAX,
    timeoutMs: RPS_CALL_MS_MAX,
    bodyBytesMax: RPS_REPLY_BYTES_MAX,
  });
  const sessions = new Sessions({
    clock,
    lifeSeconds: options.sessionSeconds,
    countMax: options.sessionsMax,
    secure: baseUrl.startsWith('https:'),
  });
  const mailer =
    options.smtpServer === ''
      ? undefined
      : createMailer({ options, brand: brandOf(options), clock, log });
  return { log, clock, ...hooks, outgoing, mailer, sessions, revocations, baseUrl };
}

function listen(options: RpaOptions, parts: Parts): Promise<HttpServer> {
  const { RPSURL: rpsUrl, rpsPrefix: prefix } = options;
  const tls = tlsFiles(options);
  return startHttpServer({
    host: options.address,
    port: options.port,
    routes: [
      ...relayRoutes({ outgoing: parts.outgoing, rpsUrl, prefix }),
      ...ownRoutes(options, parts),
    ],
    sockets: [socketRelay(rpsUrl, prefix)],
    // Pages of other origins have no business here; relayed answers bring the RPS's own rules.
    cors: { origins: [], methods: ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'] },
    privateAllow: options.allowFrom,
    trustedProxies: options.trustedProxies,
    bodyBytesMax: BODY_BYTES_MAX,
    replies: {
      error: (_status, message) => ({ version: '0.3', message }),
      notFound: () => ({ version: '0.3', service_name: 'M-Pin demo', message: 'URI NOT FOUND' }),
      preflight: () => ({ version: '0.3', message: 'options request' }),
    },
    log: parts.log,
    ...(tls === undefined ? {} : { tls }),
  });
}

function ownRoutes(options: RpaOptions, parts: Parts): Route[] {
  const { clock, outgoing, sessions, revocations, baseUrl } = parts;
  const { forceActivate, otpExpireSeconds, adminToken } = options;
  const rps = createRpsClient(outgoing, {
    url: options.RPSPrivateURL || options.RPSURL,
    secret: options.rpsSecret,
  });
  const brand = brandOf(options);
  const page = createPage(brand);
  const { origin } = new URL(baseUrl);
  const activationUrl = new URL(options.verifyIdentityURL, `${baseUrl}/`).href;
  const deliver = delivery(options, parts);
  const isAdmin = (userId: string): boolean => options.adminUsers.includes(userId);
  const { RPSURL: rpsUrl, rpsPrefix: prefix, mobileAppFullURL } = options;
  const home = createHome({ outgoing, rpsUrl, prefix, baseUrl, brand, mobileAppFullURL });
  const common = { rps, sessions, revocations, page, clock, origin, isAdmin };
  return [
    ...activationRoutes({ ...common, activationUrl, forceActivate, deliver }),
    ...loginRoutes({ ...common, otpExpireSeconds, home: home.page }),
    ...logoutRoutes(common),
    ...adminRoutes({ ...common, adminToken }),
    ...home.routes,
    ...webFileRoutes({ folder: WEB_FOLDER, pageHeaders: home.headers }),
  ];
}

/** By mail, and for those who develop at the terminal. */
function delivery(
  { showActivationLinks }: RpaOptions,
  { mailer, showLink }: Parts,
): ActivationOptions['deliver'] {
  return async (invitation) => {
    if (showActivationLinks) showLink(invitation.userId, invitation.link);
    await mailer?.send(invitation);
  };
}

function brandOf({ brandName: name, brandColour: colour }: RpaOptions): Brand {
  return { name, colour };
}
