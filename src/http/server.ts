/**
 * The HTTP and WebSocket server of every role, on uWebSockets.js: its options and its life.
 * Routes are plain functions (call.ts); dispatch.ts brings requests to them.
 */
import { createServer } from 'node:net';
import type { Logger } from 'pino';
import type { Answer } from './call.js';
import type { ReplyBodies, ServerContext } from './context.js';
import { Dispatcher, type DispatchOptions } from './dispatch.js';
import { HTTP_LIMITS, type HttpLimits } from './limits.js';
import { type AddressList, compileAddressList } from './peers.js';
import { Sockets } from './sockets.js';
import {
  closeListenSocket,
  createApp,
  type ListenSocket,
  listenExclusive,
  localPort,
} from './uws.js';

export type { ReplyBodies } from './context.js';

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
}

export interface HttpServer {
  readonly host: string;
  readonly port: number;
  /** `http://host:port` */
  readonly address: string;
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
    stop: (graceMs) => running.stop(listening, graceMs),
  };
}

class Running implements ServerContext {
  readonly app = createApp();
  readonly log: Logger;
  readonly replies: ReplyBodies;
  readonly errorAnswer: ServerContext['errorAnswer'];
  readonly limits: HttpLimits;
  readonly trustedProxies: AddressList;
  readonly privateAllow: AddressList;
  draining = false;
  readonly #sockets: Sockets;
  #inFlight = 0;
  #stopped: Promise<void> | undefined;
  #quiet: (() => void) | undefined;

  constructor(options: HttpServerOptions) {
    this.log = options.log;
    this.replies = options.replies;
    this.errorAnswer = options.errorAnswer;
    this.limits = { ...HTTP_LIMITS, ...options.limits };
    this.trustedProxies = compileAddressList(options.trustedProxies);
    this.privateAllow = compileAddressList(options.privateAllow);
    this.#sockets = new Sockets(this);
    new Dispatcher(this, this.#sockets, options).attach(this.app, options.sockets ?? []);
  }

  began(): void {
    this.#inFlight += 1;
  }

  ended(): void {
    this.#inFlight -= 1;
    if (this.#inFlight === 0) this.#quiet?.();
  }

  stop(listening: ListenSocket, graceMs: number): Promise<void> {
    this.#stopped ??= this.#drain(listening, graceMs);
    return this.#stopped;
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
