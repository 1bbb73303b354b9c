/** One request on its way from the socket to its route and back. */
import type { Answer, Call, Method, Route } from './call.js';
import type { ServerContext } from './context.js';
import { readHeaders, socketPeer } from './headers.js';
import type { Reply } from './reply.js';
import type { Match } from './router.js';
import type { HttpRequest, HttpResponse } from './uws.js';

/** Methods whose body, if any, means nothing (RFC 9110 §9.3): it is read and dropped. */
const BODILESS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

const EMPTY = new Uint8Array(0);

/** Reads the request's head while it is there, then its body, then asks the route. */
export function serveRoute(
  server: ServerContext,
  reply: Reply,
  res: HttpResponse,
  req: HttpRequest,
  found: { match: Match<Route>; route: Route; method: Method; bodyBytesMax: number },
): void {
  const { match, route, method, bodyBytesMax } = found;
  const { peer, client } = socketPeer(server, res, req);
  // A forwarded address can only take away: a proxy inside the list must not let the world in.
  if (route.access === 'private' && !(server.privateAllow(peer) && server.privateAllow(client))) {
    reply.send(reply.errorAnswer(403));
    return;
  }
  const headers = readHeaders(req, route.headers, server.trustedProxies(peer));
  const call = new RequestCall(method, match, req.getQuery() ?? '', client, headers);
  if (BODILESS.has(method)) {
    reply.onAbort(() => call.abort());
    run(reply, route, call);
    return;
  }
  if (Number(req.getHeader('content-length')) > bodyBytesMax) {
    reply.send(reply.errorAnswer(413));
    return;
  }
  readBody(server, reply, res, bodyBytesMax, call, () => run(reply, route, call));
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
    // The chunk's memory is gone after this callback.
    if (chunk.byteLength > 0) chunks.push(new Uint8Array(chunk.slice(0)));
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
