/**
 * The role `mpin hosted`: what others once ran for their customers. A second trusted authority
 * with a secret of its own, on loopback, and before it the proxy that clients reach.
 */
import { type Credentials, issueCredentials, readCredentials } from '../config/credentials.js';
import type { HostedOptions } from '../config/hosted.js';
import { AUTHORITY_CORS } from '../http/cors.js';
import { createOutgoing } from '../http/outgoing.js';
import { type HttpServer, startHttpServer } from '../http/server.js';
import type { RoleContext, RunningRole } from '../ops/role.js';
import { startAuthority } from './authority.js';
import { type DtaClient, dtaClient } from './dta-client.js';
import { isLoopback, LOOPBACK } from './loopback.js';
import { type ApiSettings, proxyRoutes } from './proxy-routes.js';
import { BODY_BYTES_MAX, HOSTED_MARKS, repliesOf, STOP_GRACE_MS } from './replies.js';
import { applicationsOf, type FindApplication } from './signed-query.js';

/** Limits of the proxy's calls to its D-TA. */
const DTA_CALLS = {
  /** Each carries one query at a time; more would only wait in the D-TA's own queue. */
  connectionsMax: 64,
  /** Well above the second that a full queue of the D-TA takes. */
  timeoutMs: 5000,
  /** The longest answer, a server secret with its 256 digits, has some 400 bytes. */
  bodyBytesMax: 16_384,
} as const;

export interface RunningHosted extends RunningRole {
  /** Where the D-TA behind the proxy listens. */
  readonly dtaAddress: string;
  /** Public base URL with its final slash: the `api_url` of credentials. */
  readonly apiUrl: string;
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
  const find = applicationsOf(readApplications(options.credentialsFile));
  const credentials = issueCredentials('');
  const log = context.log.child({ part: 'dta' });
  const dta = await startBehind(options, credentials, { ...context, log });
  const outgoing = createOutgoing(DTA_CALLS);
  const stopBehind = async () => {
    await outgoing.close();
    await dta.stop();
  };
  try {
    const { address } = dta;
    const client = dtaClient({ address, credentials, outgoing, clock: context.clock });
    const proxy = await startProxy(options, { client, find }, context);
    return {
      address: proxy.address,
      dtaAddress: address,
      apiUrl: publicBase(options, proxy),
      ready: Promise.resolve(),
      // A part's log has a level of its own, which the program does not see.
      reconfigure: () => {
        log.level = context.log.level;
      },
      stop: async () => {
        await proxy.stop(STOP_GRACE_MS);
        await stopBehind();
      },
    };
  } catch (error) {
    await stopBehind();
    throw error;
  }
}

/** The D-TA behind the proxy: its only application is the proxy, known by a key of this process. */
function startBehind(
  options: HostedOptions,
  application: Credentials,
  context: RoleContext,
): Promise<RunningRole> {
  const { dtaAddress: host, dtaPort: port } = options;
  return startAuthority({ host, port, allowFrom: LOOPBACK, application, options }, context);
}

async function startProxy(
  options: HostedOptions,
  { client, find }: { readonly client: DtaClient; readonly find: FindApplication },
  { log, clock }: RoleContext,
): Promise<HttpServer> {
  // Asked by requests only, and these come after the server is there.
  const settings = (): ApiSettings => ({
    timePermitsStorageURL: withoutSlash(
      options.timePermitsStorageURL || `${publicBase(options, server)}permits`,
    ),
    managementConsoleURL: options.managementConsoleURL,
  });
  const parts = { dta: client, find, clock, settings };
  const server = await startHttpServer({
    host: options.address,
    port: options.port,
    routes: proxyRoutes(parts, options.apiPrefixes),
    cors: { ...AUTHORITY_CORS, origins: options.allowOrigin },
    privateAllow: [],
    trustedProxies: options.trustedProxies,
    bodyBytesMax: BODY_BYTES_MAX,
    replies: repliesOf('D-TA proxy', HOSTED_MARKS),
    log,
  });
  return server;
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
  for (const prefix of options.apiPrefixes) {
    if (!/^(?:\/[\w.-]*\w)+$/.test(prefix)) {
      throw new Error(`apiPrefixes: "${prefix}" is no path such as /v3`);
    }
  }
}

function readApplications(files: readonly string[]): readonly Credentials[] {
  const applications = files.map(readCredentials);
  const ids = applications.map(({ appId }) => appId);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw new Error(`credentialsFile: two files have the app_id ${twice}`);
  if (ids.length === 0) throw new Error('credentialsFile names no application to serve');
  return applications;
}

function publicBase({ apiUrl }: HostedOptions, { address }: HttpServer): string {
  return `${withoutSlash(apiUrl || address)}/`;
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
