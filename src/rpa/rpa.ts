/** The demo relying party: relays the RPS to browsers, logs people in, shows who they are. */
import type { RpaOptions } from '../config/rpa.js';
import { createOutgoing } from '../http/outgoing.js';
import { type HttpServer, startHttpServer } from '../http/server.js';
import type { RoleContext, RunningRole } from '../ops/role.js';
import { activationRoutes } from './activation.js';
import { createHome } from './home.js';
import { loginRoutes } from './login.js';
import { relayRoutes } from './relay.js';
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
  /** Hands an activation link to its person; see option showActivationLinks. */
  readonly deliver: (userId: string, link: string) => void;
}

/** Starts the demo; it is ready as soon as it listens. */
export async function startRpa(
  options: RpaOptions,
  context: RoleContext,
  hooks: RpaHooks,
): Promise<RunningRole> {
  const outgoing = createOutgoing({
    connectionsMax: RPS_CONNECTIONS_MAX,
    timeoutMs: RPS_CALL_MS_MAX,
    bodyBytesMax: RPS_REPLY_BYTES_MAX,
  });
  try {
    const server = await listen(options, context, { ...hooks, outgoing });
    return {
      address: server.address,
      ready: Promise.resolve(),
      stop: async () => {
        await server.stop(STOP_MS_MAX);
        await outgoing.close();
      },
    };
  } catch (error) {
    await outgoing.close();
    throw error;
  }
}

function listen(
  options: RpaOptions,
  { log, clock }: RoleContext,
  { outgoing, deliver }: RpaHooks & { outgoing: ReturnType<typeof createOutgoing> },
): Promise<HttpServer> {
  const { address, port, RPSURL: rpsUrl, rpsPrefix: prefix, forceActivate } = options;
  const baseUrl = options.baseURL.replace(/\/+$/, '') || `http://${address}:${port}`;
  const rps = createRpsClient(outgoing, rpsUrl);
  const sessions = new Sessions({
    clock,
    lifeSeconds: options.sessionSeconds,
    countMax: options.sessionsMax,
    secure: baseUrl.startsWith('https:'),
  });
  const home = createHome({ outgoing, rpsUrl, prefix, baseUrl });
  const activationUrl = new URL(options.verifyIdentityURL, `${baseUrl}/`).href;
  return startHttpServer({
    host: address,
    port,
    routes: [
      ...relayRoutes({ outgoing, rpsUrl, prefix }),
      ...activationRoutes({ rps, activationUrl, forceActivate, deliver }),
      ...loginRoutes({ rps, sessions, home: home.page }),
      ...webFileRoutes({ folder: WEB_FOLDER, pageHeaders: home.headers }),
    ],
    sockets: [socketRelay(rpsUrl, prefix)],
    // Pages of other origins have no business here; relayed answers bring the RPS's own rules.
    cors: { origins: [], methods: ['GET', 'POST', 'PUT', 'OPTIONS'] },
    privateAllow: options.allowFrom,
    trustedProxies: options.trustedProxies,
    bodyBytesMax: BODY_BYTES_MAX,
    replies: {
      error: (_status, message) => ({ version: '0.3', message }),
      notFound: () => ({ version: '0.3', service_name: 'M-Pin demo', message: 'URI NOT FOUND' }),
      preflight: () => ({ version: '0.3', message: 'options request' }),
    },
    log,
  });
}
