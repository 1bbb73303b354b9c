/**
 * The HTTP and WebSocket server of every role, on uWebSockets.js: its options and its life.
 * Routes are plain functions (call.ts); dispatch.ts brings requests to them.
 */
import { createServer } from 'node:net';
import type { Logger } from 'pino';
import { type Answer, JSON_TYPE } from './call.js';
import type { AnswerObserver, RefusalReason, ReplyBodies, ServerContext } from './context.js';
import { Dispatcher, type DispatchOptions } from './dispatch.js';
import { Front } from './front.js';
import { HTTP_LIMITS, type HttpLimits } from './limits.js';
import { type AddressList, compileAddressList } from './peers.js';
import { type AddressRateOptions, AddressRates } from './rates.js';
import { Sockets } from './sockets.js';
import type { TlsFiles } from './tls.js';
import type { HttpResponse, UwsApp } from './uws.js';

export type { AnswerObserver, RefusalReason, ReplyBodies } from './context.js';

export interface HttpServerOptions extends DispatchOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Other processes of this service listen on the port as well; false when absent. */
  readonly shared?: boolean;
  /**
   * CIDRs or addresses that may call private routes. The socket's own peer counts, and behind a
   * trusted proxy the client as well: a forwarded address can take the right away, not give it.
   */
  readonly privateAllow: readonly string[];
  /** CIDRs or addresses whose X-Forwarded-* headers are believed and handed to routes. */
  readonly trustedProxies: readonly string[];
  /** Looks at the Authorization header ('' when absent) of calls to private routes. */
  readonly privateKey?: (authorization: string) => boolean;
  /** TLS by the server itself; plain HTTP when absent. */
  readonly tls?: TlsFiles;
  readonly replies: ReplyBodies;
  /** Answers for errors that a role knows (StoreError: 503); undefined leaves it a 500. */
  readonly errorAnswer?: (error: unknown) => Answer | undefined;
  readonly log: Logger;
  /** Other limits than those of limits.ts. */
  readonly limits?: Partial<HttpLimits>;
  /** Rates by address on public routes; no limit when absent. */
  readonly rates?: AddressRateOptions;
  readonly onAnswer?: AnswerObserver;
}

/** The server at this moment, and what it has refused since its start. */
export interface HttpStats {
  readonly connections: number;
  readonly sockets: number;
  /** Requests not yet answered, and open WebSockets. */
  readonly inFlight: number;
  readonly refused: Readonly<Record<RefusalReason, number>>;
  /** When the certificate in use ends, in milliseconds since the epoch; undefined without TLS. */
  readonly certificateEndsAtMs: number | undefined;
}

export interface HttpServer {
  readonly host: string;
  readonly port: number;
  /** `http://host:port`, or `https:` with TLS */
  readonly address: string;
  stats(): HttpStats;
  /** Counts a failure that its answer does not show against the address of its client. */
  countFailure(client: string): void;
  /**
   * Uses certificate files that have changed, for connections from now on; logs what it did, or
   * why it could not and goes on as before.
   */
  renewCertificates(): void;
  /**
   * Stops listening, lets requests in flight finish for up to `graceMs` milliseconds, closes
   * WebSockets with 1001 and then every connection.
   */
  stop(graceMs: number): Promise<void>;
}

/** Starts a server; rejects with an Error that names host, port and reason when it cannot. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { host, port, shared = false } = options;
  const running = new Running(options);
  const realPort = await running.front.listen({ host, port, shared });
  if (realPort === undefined) throw await listenError(host, port);
  running.watchCertificates();
  const shownHost = host.includes(':') ? `[${host}]` : host;
  return {
    host,
    port: realPort,
    address: `${options.tls === undefined ? 'http' : 'https'}://${shownHost}:${realPort}`,
    stats: () => running.stats(),
    countFailure: (client) => running.rates?.failed(client, performance.now()),
    renewCertificates: () => running.renewCertificates(),
    stop: (graceMs) => running.stop(graceMs),
  };
}

/** No request has come in since the event loop last turned. */
const NO_TURN = Number.POSITIVE_INFINITY;

class Running implements ServerContext {
  readonly front: Front;
  readonly log: Logger;
  readonly replies: ReplyBodies;
  readonly errorAnswer: ServerContext['errorAnswer'];
  readonly limits: HttpLimits;
  readonly trustedProxies: AddressList;
  readonly privateAllow: AddressList;
  readonly privateKey: ServerContext['privateKey'];
  readonly privateOrigins: ReadonlySet<string>;
  readonly privateCertificates: boolean;
  readonly rates: AddressRates | undefined;
  readonly onAnswer: AnswerObserver | undefined;
  draining = false;
  readonly #sockets: Sockets;
  readonly #refused = { connections: 0, turn: 0, sockets: 0, rate: 0 };
  #connections = 0;
  #inFlight = 0;
  #turnStartedMs = NO_TURN;
  #turnRequests = 0;
  #behind = false;
  #stopped: Promise<void> | undefined;
  #quiet: (() => void) | undefined;
  #certificateWatch: NodeJS.Timeout | undefined;

  constructor(options: HttpServerOptions) {
    this.log = options.log;
    this.replies = options.replies;
    this.errorAnswer = options.errorAnswer;
    this.limits = { ...HTTP_LIMITS, ...options.limits };
    this.trustedProxies = compileAddressList(options.trustedProxies);
    this.privateAllow = compileAddressList(options.privateAllow);
    this.privateKey = options.privateKey;
    this.privateOrigins = new Set(options.cors.origins);
    this.privateCertificates = options.tls?.clientCaFile !== undefined;
    this.rates = options.rates && new AddressRates(options.rates, this.trustedProxies);
    this.onAnswer = options.onAnswer;
    this.#sockets = new Sockets(this);
    const dispatcher = new Dispatcher(this, this.#sockets, options);
    const attach = (app: UwsApp): void => {
      app.filter((res, change) => this.#connectionChanged(res, Number(change)));
      dispatcher.attach(app, options.sockets ?? []);
    };
    this.front = new Front(attach, options.tls);
  }

  began(): number {
    const nowMs = performance.now();
    this.#inFlight += 1;
    this.#turnRequests += 1;
    if (this.#turnStartedMs === NO_TURN) {
      this.#turnStartedMs = nowMs;
      setImmediate(this.#turnEnded);
    }
    return nowMs;
  }

  ended(): void {
    this.#inFlight -= 1;
    if (this.#inFlight === 0) this.#quiet?.();
  }

  isBehind(nowMs: number): boolean {
    const { turnMs, turnBehindMs, turnRequests } = this.limits;
    const elapsedMs = nowMs - this.#turnStartedMs;
    if (this.#behind) return elapsedMs > turnBehindMs;
    this.#behind = elapsedMs > turnMs && this.#turnRequests > turnRequests;
    return this.#behind;
  }

  refused(reason: RefusalReason): void {
    this.#refused[reason] += 1;
  }

  socketEnded(): void {
    this.#connections -= 1;
  }

  stats(): HttpStats {
    return {
      connections: this.#connections,
      sockets: this.#sockets.open,
      inFlight: this.#inFlight,
      refused: { ...this.#refused },
      certificateEndsAtMs: this.front.certificateEndsAtMs,
    };
  }

  /** Whoever renews certificates need not tell us. */
  watchCertificates(): void {
    if (this.front.certificateEndsAtMs === undefined) return;
    const everyMs = this.limits.certificateSeconds * 1000;
    this.#certificateWatch = setInterval(() => this.renewCertificates(), everyMs).unref();
  }

  renewCertificates(): void {
    try {
      if (!this.front.renew()) return;
      const ends = new Date(this.front.certificateEndsAtMs as number).toISOString();
      this.log.info({ ends }, 'new certificate in use');
    } catch (error) {
      const { message } = error as Error;
      this.log.error({ reason: message }, 'certificate files cannot be used, the old ones stay');
    }
  }

  stop(graceMs: number): Promise<void> {
    this.#stopped ??= this.#drain(graceMs);
    return this.#stopped;
  }

  /** The sockets that were ready when the turn began have all been heard. */
  readonly #turnEnded = (): void => {
    if (this.#behind) {
      const turnMs = performance.now() - this.#turnStartedMs;
      this.#behind = turnMs > this.limits.turnCaughtUpMs;
    }
    this.#turnStartedMs = NO_TURN;
    this.#turnRequests = 0;
  };

  /** `change` is 1 for a new connection, −1 for one that ended without an upgrade. */
  #connectionChanged(res: HttpResponse, change: number): void {
    this.#connections += change;
    const { connections, connectionsSlack } = this.limits;
    if (change < 0 || this.#connections <= connections) return;
    this.refused('connections');
    // With TLS an answer would need a handshake first, which is what there is no room for.
    const speechless = this.front.certificateEndsAtMs !== undefined;
    if (speechless || this.#connections > connections + connectionsSlack) res.close();
    else this.#refuseConnection(res);
  }

  /** Answers before anything was asked: the client takes it for the answer to its request. */
  #refuseConnection(res: HttpResponse): void {
    res.cork(() => {
      res.writeStatus('503 Service Unavailable');
      res.writeHeader('Content-Type', JSON_TYPE);
      res.writeHeader('Cache-Control', 'no-store');
      res.writeHeader('Retry-After', '1');
      res.end(JSON.stringify(this.replies.error(503, 'Busy, try again')), true);
    });
  }

  async #drain(graceMs: number): Promise<void> {
    this.draining = true;
    clearInterval(this.#certificateWatch);
    this.front.closeListener();
    this.#sockets.drain();
    if (this.#inFlight > 0) await this.#quietOrLate(graceMs);
    this.#sockets.endAll();
    this.front.close();
  }

  #quietOrLate(graceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const late = setTimeout(resolve, graceMs);
      this.#quiet = () => {
        clearTimeout(late);
        // The last answer is still being written: its connection must not be cut under it.
        setImmediate(resolve);
      };
    });
  }
}

/** uWebSockets.js does not say why it cannot listen; node:net, asked for the same, does. */
async function listenError(host: string, port: number): Promise<Error> {
  const code = await new Promise<string>((resolve) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.name));
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve('refused')));
  });
  const why = code === 'EADDRINUSE' ? 'the port is in use' : 'check host and port';
  return Object.assign(new Error(`cannot listen on ${host}:${port}: ${why} (${code})`), { code });
}
