/** Takes each request from uWebSockets.js to its route, or to the answer for having none. */
import type { Answer, Method, Route, SocketRoute } from './call.js';
import type { ServerContext } from './context.js';
import { type CorsHeaders, type CorsPolicy, compileCors } from './cors.js';
import { refusalBy, serveRoute, withinRate } from './exchange.js';
import { type Head, readHead, readHeaders, socketPeer } from './headers.js';
import { Reply } from './reply.js';
import { type Found, type Match, Router } from './router.js';
import { type Sockets, userData } from './sockets.js';
import type { HttpRequest, HttpResponse, SocketContext, UwsApp } from './uws.js';

export interface DispatchOptions {
  readonly routes: readonly Route[];
  readonly sockets?: readonly SocketRoute[];
  readonly cors: CorsPolicy;
  readonly bodyBytesMax: number;
}

export class Dispatcher {
  readonly #server: ServerContext;
  readonly #sockets: Sockets;
  readonly #bodyBytesMax: number;
  readonly #cors: CorsHeaders;
  readonly #routes: Router<Route>;
  readonly #socketRoutes: Router<SocketRoute>;

  constructor(server: ServerContext, sockets: Sockets, options: DispatchOptions) {
    this.#server = server;
    this.#sockets = sockets;
    this.#bodyBytesMax = options.bodyBytesMax;
    this.#cors = compileCors(options.cors);
    this.#routes = new Router(options.routes);
    this.#socketRoutes = new Router(options.sockets ?? []);
  }

  /** Puts everything behind one pattern each: paths are matched by our router alone. */
  attach(app: UwsApp, socketRoutes: readonly SocketRoute[]): void {
    if (socketRoutes.length > 0) {
      app.ws('/*', {
        ...this.#sockets.behaviour(socketRoutes),
        upgrade: (res, req, context) => this.#upgrade(res, req, context),
      });
    }
    app.any('/*', (res, req) => this.#request(res, req));
  }

  #request(res: HttpResponse, req: HttpRequest): void {
    const reply = new Reply(this.#server, res);
    try {
      const method = req.getCaseSensitiveMethod();
      const head = readHead(req);
      reply.cors = this.#cors(head.origin, method === 'OPTIONS');
      reply.bodiless = method === 'HEAD';
      if (!head.framed) {
        reply.send(reply.errorAnswer(400, 'Unclear where the body ends'), true);
        return;
      }
      const url = req.getUrl();
      const found = this.#routes.find(url);
      if (!this.#serve(reply, res, req, { head, method, found })) {
        reply.send(this.#unserved(reply, method, url, found));
      }
    } catch (error) {
      reply.send(reply.answerTo(error));
    }
  }

  /** Hands the request to the first route of its path that has its method; false without one. */
  #serve(
    reply: Reply,
    res: HttpResponse,
    req: HttpRequest,
    { head, method, found }: { head: Head; method: string; found: Found<Route> },
  ): boolean {
    if (typeof found === 'string') return false;
    for (const match of found) {
      const route = routeOf(match.targets, method);
      if (route === undefined) continue;
      reply.route = route.path;
      const bodyBytesMax = route.bodyBytesMax ?? this.#bodyBytesMax;
      const target = { head, match, route, method: method as Method, bodyBytesMax };
      serveRoute(this.#server, reply, res, req, target);
      return true;
    }
    return false;
  }

  #unserved(reply: Reply, method: string, url: string, found: Found<Route>): Answer {
    const { replies } = this.#server;
    if (method === 'OPTIONS') return { status: 200, body: replies.preflight() };
    if (found === 'bad') return reply.errorAnswer(400);
    if (found !== 'missing' && found.length > 0) {
      return reply.errorAnswer(405, undefined, { Allow: allowed(found) });
    }
    if (this.#socketRoute(url) !== undefined) {
      return reply.errorAnswer(426, undefined, { Upgrade: 'websocket' });
    }
    return { status: 404, body: replies.notFound() };
  }

  #socketRoute(url: string): SocketRoute | undefined {
    const found = this.#socketRoutes.find(url);
    return typeof found === 'string' ? undefined : found[0]?.targets[0];
  }

  #upgrade(res: HttpResponse, req: HttpRequest, context: SocketContext): void {
    const route = this.#socketRoute(req.getUrl());
    if (route === undefined) {
      // Not ours: `any` answers it like every other GET.
      req.setYield(true);
      return;
    }
    const reply = new Reply(this.#server, res);
    reply.route = route.path;
    try {
      const head = readHead(req);
      reply.cors = this.#cors(head.origin, false);
      this.#open(reply, res, req, { context, route, head });
    } catch (error) {
      reply.send(reply.answerTo(error));
    }
  }

  #noRoom(reply: Reply): Answer | undefined {
    if (!this.#sockets.full && !this.#server.draining) return undefined;
    this.#server.refused('sockets');
    return reply.busyAnswer();
  }

  #open(
    reply: Reply,
    res: HttpResponse,
    req: HttpRequest,
    { context, route, head }: { context: SocketContext; route: SocketRoute; head: Head },
  ): void {
    const { peer, client } = socketPeer(this.#server, res, head);
    if (!withinRate(this.#server, reply, client)) return;
    const headers = readHeaders(req, route.headers, this.#server.trustedProxies(peer));
    const refused =
      this.#noRoom(reply) ??
      refusalBy(this.#server, reply, {
        ...(route.beginsWork === undefined ? {} : { beginsWork: route.beginsWork }),
        refuse: () => route.refuse?.({ headers, peer: client }),
      });
    if (refused !== undefined) {
      reply.send(refused);
      return;
    }
    const key = req.getHeader('sec-websocket-key');
    // Neither a subprotocol nor compression: the dance has none (contract §5).
    reply.release()?.upgrade(userData({ route, peer: client, headers }), key, '', '', context);
  }
}

function routeOf(targets: readonly Route[], method: string): Route | undefined {
  const named = targets.find((route) => route.method === method);
  if (named !== undefined || method !== 'HEAD') return named;
  return targets.find((route) => route.method === 'GET');
}

function allowed(found: readonly Match<Route>[]): string {
  const methods = new Set<string>(found.flatMap(({ targets }) => targets.map((t) => t.method)));
  if (methods.has('GET')) methods.add('HEAD');
  return [...methods.add('OPTIONS')].sort().join(', ');
}
