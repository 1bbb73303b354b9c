/** Where the RPS listens: one server for all routes, or one for the private ones alone as well. */
import { isIP } from 'node:net';
import { certificateFiles, tlsFiles } from '../config/access.js';
import type { RpsOptions } from '../config/rps.js';
import type { Route, SocketRoute } from '../http/call.js';
import { rpsCors } from '../http/cors.js';
import { compileAddressList } from '../http/peers.js';
import type { AddressRateOptions } from '../http/rates.js';
import {
  type AnswerObserver,
  type HttpServer,
  type HttpServerOptions,
  type HttpStats,
  startHttpServer,
} from '../http/server.js';
import { secretEquals } from '../protocol/signature.js';
import type { RpsParts } from './parts.js';
import { rpsErrorAnswer, rpsReplies } from './replies.js';

/** Longest body of routes that set no limit of their own: a token and some fields. */
const BODY_BYTES_MAX = 16_384;
/** Seconds in the unit of a rate of failures. */
const MINUTE = 60;
/** Also there where private routes are served alone, for whoever looks if anybody is there. */
const EVERYWHERE = '/status';

const isLoopback = compileAddressList(['127.0.0.0/8', '::1/128']);

export interface Listeners {
  /** Of the public routes. */
  readonly address: string;
  /** Of the private ones: the same, where they have none of their own. */
  readonly privateAddress: string;
  /** Of both together. */
  stats(): HttpStats;
  countFailure(client: string): void;
  renewCertificates(): void;
  stop(graceMs: number): Promise<void>;
}

export interface Served {
  readonly routes: readonly Route[];
  readonly sockets: readonly SocketRoute[];
  readonly onAnswer: AnswerObserver;
}

type ListenParts = Pick<RpsParts, 'options' | 'log'>;

/**
 * @param shared other processes of this service listen there as well
 * @throws Error that names the option, file or port that cannot be used
 */
export async function listen(
  parts: ListenParts,
  served: Served,
  shared = false,
): Promise<Listeners> {
  const { options } = parts;
  warnOf(parts);
  const apart = options.privateAddress !== '';
  if (!apart && options.privateTlsCertFile !== '') {
    throw new Error('privateTlsCertFile: there is no listener of its own without privateAddress');
  }
  const tls = tlsFiles(options);
  const privateTls = apart
    ? certificateFiles(options, 'privateTlsCertFile', 'privateTlsKeyFile')
    : tls;
  const { rpaCaFile } = options;
  if (rpaCaFile !== '' && privateTls === undefined) {
    throw new Error('rpaCaFile: client certificates need TLS where private routes are served');
  }
  const clientCa = rpaCaFile === '' ? {} : { clientCaFile: rpaCaFile };
  const common = { ...serverOptions(parts, served), shared };
  const { routes } = served;
  const main = await startHttpServer({
    ...common,
    host: options.address,
    port: options.port,
    routes: apart ? routes.filter(({ access }) => access === 'public') : routes,
    ...(tls === undefined ? {} : { tls: apart ? tls : { ...tls, ...clientCa } }),
  });
  if (!apart) return together([main]);
  try {
    const behind = await startHttpServer({
      ...common,
      host: options.privateAddress,
      port: options.privatePort,
      routes: routes.filter(({ access, path }) => access === 'private' || path === EVERYWHERE),
      sockets: [],
      ...(privateTls === undefined ? {} : { tls: { ...privateTls, ...clientCa } }),
    });
    return together([main, behind]);
  } catch (error) {
    await main.stop(0);
    throw error;
  }
}

function serverOptions(
  { options, log }: ListenParts,
  { sockets, onAnswer }: Served,
): Omit<HttpServerOptions, 'host' | 'port' | 'routes'> {
  const rates = ratesOf(options);
  const bearer = `Bearer ${options.rpaSecret}`;
  return {
    sockets,
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
    ...(options.rpaSecret === ''
      ? {}
      : { privateKey: (authorization: string) => secretEquals(authorization, bearer) }),
  };
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

/** What works and is seldom meant. */
function warnOf({ options, log }: ListenParts): void {
  if (ratesOf(options) !== undefined && options.trustedProxies.length === 0) {
    log.warn('rates by address, but no trustedProxies: behind a proxy all clients count as one');
  }
  const { privateAddress: host, privateTlsCertFile, rpaSecret } = options;
  const open = host !== '' && !(isIP(host) !== 0 && isLoopback(host)) && host !== 'localhost';
  if (open && privateTlsCertFile === '') {
    log.warn('private routes leave this machine without TLS: what they carry can be read');
  } else if (open && rpaSecret === '' && options.rpaCaFile === '') {
    log.warn('private routes have neither rpaSecret nor rpaCaFile: privateAllow alone guards them');
  }
}

/** The public server first. */
function together(servers: readonly [HttpServer, ...HttpServer[]]): Listeners {
  const [main] = servers;
  return {
    address: main.address,
    privateAddress: (servers.at(-1) as HttpServer).address,
    stats: () => servers.map((server) => server.stats()).reduce(sumOf),
    countFailure: (client) => main.countFailure(client),
    renewCertificates: () => {
      for (const server of servers) server.renewCertificates();
    },
    stop: async (graceMs) => {
      await Promise.all(servers.map((server) => server.stop(graceMs)));
    },
  };
}

function sumOf(a: HttpStats, b: HttpStats): HttpStats {
  const ends = [a.certificateEndsAtMs, b.certificateEndsAtMs].filter((end) => end !== undefined);
  return {
    connections: a.connections + b.connections,
    sockets: a.sockets + b.sockets,
    inFlight: a.inFlight + b.inFlight,
    refused: {
      connections: a.refused.connections + b.refused.connections,
      turn: a.refused.turn + b.refused.turn,
      sockets: a.refused.sockets + b.refused.sockets,
      rate: a.refused.rate + b.refused.rate,
    },
    // The one that ends first is the one to look after.
    certificateEndsAtMs: ends.length === 0 ? undefined : Math.min(...ends),
  };
}
