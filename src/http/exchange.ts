/** One request on its way from the socket to its route and back. */
import type { Answer, Call, Method, Route } from './call.js';
import type { ServerContext } from './context.js';
import { type Head, readHeaders, socketPeer } from './headers.js';
import { isBarred } from './private.js';
import type { Reply } from './reply.js';
import type { Match } from './router.js';
import type { HttpRequest, HttpResponse } from './uws.js';

/** Methods whose body, if any, means nothing (RFC 9110 §9.3): it is read and dropped. */
const BODILESS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

const EMPTY = new Uint8Array(0);

/** What was found out about a request before its route is asked. */
interface Target {
  readonly head: Head;
  readonly match: Match<Route>;
  readonly route: Route;
  readonly method: Method;
  readonly bodyBytesMax: number;
}

/** Reads the request's head while it is there, then its body, then asks the route. */
export function serveRoute(
  server: ServerContext,
  reply: Reply,
  res: HttpResponse,
  req: HttpRequest,
  target: Target,
): void {
  const { head, match, route, method, bodyBytesMax } = target;
  const refused = refusalBy(server, reply, route);
  if (refused !== undefined) {
    reply.send(refused);
    return;
  }
  const { peer, client } = socketPeer(server, res, head);
  if (route.access === 'private' && isBarred(server, { route, res, req, head, peer, client })) {
    reply.send(reply.errorAnswer(403));
    return;
  }
  if (route.access === 'public' && !withinRate(server, reply, client)) return;
  const headers = readHeaders(req, route.headers, server.trustedProxies(peer));
  const call = new RequestCall(method, match, req.getQuery() ?? '', client, headers);
  if (BODILESS.has(method)) {
    reply.onAbort(() => call.abort());
    run(reply, route, call);
    return;
  }
  if (Number(head.contentLength) > bodyBytesMax) {
    reply.send(reply.errorAnswer(413));
    return;
  }
  readBody(server, reply, res, bodyBytesMax, call, () => run(reply, route, call));
}

/** The answer of a server or route that has no room for this request, before any of it is read. */
export function refusalBy(
  server: ServerContext,
  reply: Reply,
  route: Pick<Route, 'beginsWork' | 'refuse'>,
): Answer | undefined {
  if (route.beginsWork === true && server.isBehind(reply.startedMs)) {
    server.refused('turn');
    return reply.busyAnswer();
  }
  return route.refuse?.();
}

/** Counts a request of `client`; answers 429 and gives false when there were too many. */
export function withinRate(server: ServerContext, reply: Reply, client: string): boolean {
  const { rates } = server;
  if (rates === undefined) return true;
  const seconds = rates.admit(client, reply.startedMs);
  if (seconds === 0) {
    reply.client = client;
    return true;
  }
  server.refused('rate');
  reply.send(reply.errorAnswer(429, undefined, { 'Retry-After': String(seconds) }));
  return false;
}

/** A synchronous answer goes out at once, without a promise in between. */
function run(reply: Reply, route: Route, call: Call): void {
  let given: Answer | Promise<Answer>;
  try {
    given = route.handle(call);
  } catch (error) {
    reply.send(reply.answerTo(error));
    return;
  }
  if (given instanceof Promise) {
    given.then(
      (answer) => reply.sendLater(answer),
      (error: unknown) => reply.sendLater(reply.answerTo(error)),
    );
  } else {
    reply.send(given);
  }
}

/**
 * Collects the body into `call`. Nothing here limits a body but this count; uWebSockets.js drops
 * what a client still sends after it has been answered.
 */
function readBody(
  server: ServerContext,
  reply: Reply,
  res: HttpResponse,
  bytesMax: number,
  call: RequestCall,
  done: () => void,
): void {
  const chunks: Uint8Array[] = [];
  let total = 0;
  let deadline: NodeJS.Timeout | undefined;
  reply.onAbort(() => {
    clearTimeout(deadline);
    call.abort();
  });
  res.onData((chunk, isLast) => {
    if (!reply.open) return;
    total += chunk.byteLength;
    if (total > bytesMax) {
      clearTimeout(deadline);
      reply.send(reply.errorAnswer(413));
      return;
    }
    // The chunk's memory is gone after this callback. A copy in Node's pool of small buffers costs
    // half of one that the allocator and the collector must know of.
    if (chunk.byteLength > 0) chunks.push(Buffer.from(new Uint8Array(chunk)));
    if (isLast) {
      clearTimeout(deadline);
      call.body = joined(chunks, total);
      done();
    } else {
      const late = () => reply.sendLater(reply.errorAnswer(408), true);
      deadline ??= setTimeout(late, server.limits.bodySeconds * 1000);
    }
  });
}

function joined(chunks: readonly Uint8Array[], total: number): Uint8Array {
  if (chunks.length <= 1) return chunks[0] ?? EMPTY;
  return Buffer.concat(chunks, total);
}

class RequestCall implements Call {
  readonly method: Method;
  readonly path: string;
  readonly params: readonly string[];
  readonly query: string;
  readonly peer: string;
  readonly headers: Readonly<Record<string, string>>;
  body: Uint8Array = EMPTY;
  #controller: AbortController | undefined;
  #gone = false;

  constructor(
    method: Method,
    match: Match<Route>,
    query: string,
    peer: string,
    headers: Readonly<Record<string, string>>,
  ) {
    this.method = method;
    this.path = match.path;
    this.params = match.params;
    this.query = query;
    this.peer = peer;
    this.headers = headers;
  }

  /** Made when asked for: most routes never look. */
  get aborted(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#gone) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  abort(): void {
    this.#gone = true;
    this.#controller?.abort();
  }
}
