/**
 * The HTTP and WebSocket server of every role, on uWebSockets.js: its options and its life.
 * Routes are plain functions (call.ts); dispatch.ts brings requests to them.
 */
import { createServer } from 'node:net';
import type { Logger } from 'pino';
import { type Answer, JSON_TYPE } from './call.js';
import type { AnswerObserver, RefusalReason, ReplyBodies, ServerContext } from './context.js';
import { Dispatcher, type DispatchOptions } from './dispatch.js';
import { HTTP_LIMITS, type HttpLimits } from './limits.js';
import { type AddressList, compileAddressList } from './peers.js';
import { type AddressRateOptions, AddressRates } from './rates.js';
import { Sockets } from './sockets.js';
import {
  closeListenSocket,
  createApp,
  type HttpResponse,
  type ListenSocket,
  listenExclusive,
  localPort,
} from './uws.js';

export type { AnswerObserver, RefusalReason, ReplyBodies } from './context.js';

export interface HttpServerOptions extends DispatchOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /**
   * CIDRs or addresses that may call private routes. The socket's own peer counts, and behind a
   * trusted proxy the client as well: a forwarded address can take the right away, not give it.
   */
  readonly privateAllow: readonly string[];
  /** CIDRs or addresses whose X-Forwarded-* headers are believed and handed to routes. */
  readonly trustedProxies: readonly string[];
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
}

export interface HttpServer {
  readonly host: string;
  readonly port: number;
  /** `http://host:port` */
  readonly address: string;
  stats(): HttpStats;
  /** Counts a failure that its answer does not show against the address of its client. */
  countFailure(client: string): void;
  /**
   * Stops listening, lets requests in flight finish for up to `graceMs` milliseconds, closes
   * WebSockets with 1001 and then every connection.
   */
  stop(graceMs: number): Promise<void>;
}

/** Starts a server; rejects with an Error that names host, port and reason when it cannot. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { host, port } = options;
  const running = new Running(options);
  const listening = await listenExclusive(running.app, host, port);
  if (listening === false) throw await listenError(host, port);
  const realPort = localPort(listening);
  const shownHost = host.includes(':') ? `[${host}]` : host;
  return {
    host,
    port: realPort,
    address: `http://${shownHost}:${realPort}`,
    stats: () => running.stats(),
    countFailure: (client) => running.rates?.failed(client, performance.now()),
    stop: (graceMs) => running.stop(listening, graceMs),
  };
}

/** No request has come in since the event loop last turned. */
const NO_TURN = Number.POSITIVE_INFINITY;

class Running implements ServerContext {
  readonly app = createApp();
  readonly log: Logger;
  readonly replies: ReplyBodies;
  readonly errorAnswer: ServerContext['errorAnswer'];
  readonly limits: HttpLimits;
  readonly trustedProxies: AddressList;
  readonly privateAllow: AddressList;
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

  constructor(options: HttpServerOptions) {
    this.log = options.log;
    this.replies = options.replies;
    this.errorAnswer = options.errorAnswer;
    this.limits = { ...HTTP_LIMITS, ...options.limits };
    this.trustedProxies = compileAddressList(options.trustedProxies);
    this.privateAllow = compileAddressList(options.privateAllow);
    this.rates = options.rates && new AddressRates(options.rates, this.trustedProxies);
    this.onAnswer = options.onAnswer;
    this.#sockets = new Sockets(this);
    this.app.filter((res, change) => this.#connectionChanged(res, Number(change)));
    new Dispatcher(this, this.#sockets, options).attach(this.app, options.sockets ?? []);
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
    };
  }

  stop(listening: ListenSocket, graceMs: number): Promise<void> {
    this.#stopped ??= this.#drain(listening, graceMs);
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
    if (this.#connections > connections + connectionsSlack) res.close();
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

  async #drain(listening: ListenSocket, graceMs: number): Promise<void> {
    this.draining = true;
    closeListenSocket(listening);
    this.#sockets.drain();
    if (this.#inFlight > 0) await this.#quietOrLate(graceMs);
    this.#sockets.endAll();
    this.app.close();
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
