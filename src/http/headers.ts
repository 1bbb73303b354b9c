/** Reads what routes may see of a request's head; the request is gone when its callback returns. */
import type { ServerContext } from './context.js';
import { addressText, forwardedPeer } from './peers.js';
import type { HttpRequest, HttpResponse } from './uws.js';

type Headers = Readonly<Record<string, string>>;

const NONE: Headers = Object.freeze(Object.create(null));

/** Headers that name the client or the address it used: only a trusted proxy's are handed on. */
const FORWARDED: ReadonlySet<string> = new Set([
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
]);

/** What the server itself looks at in every head. */
export interface Head {
  readonly origin: string;
  /** '' when there is none. */
  readonly contentLength: string;
  /** All values, joined by commas. */
  readonly forwardedFor: string | undefined;
  /**
   * Whether it says clearly where the body ends. uWebSockets.js goes by the first of two
   * Content-Lengths and takes any Transfer-Encoding for chunked; a proxy that decides otherwise
   * would let one client's bytes pass for the next one's request (RFC 9112 §6.3, §11.2).
   */
  readonly framed: boolean;
}

/** One pass over the head: each header costs a call into JavaScript, whoever asks. */
export function readHead(req: HttpRequest): Head {
  let origin = '';
  let contentLength = '';
  let forwardedFor: string | undefined;
  let framed = true;
  req.forEach((name, value) => {
    if (name === 'content-length') {
      if (contentLength !== '' && contentLength !== value) framed = false;
      contentLength = value;
    } else if (name === 'transfer-encoding') {
      if (value.toLowerCase() !== 'chunked') framed = false;
    } else if (name === 'origin') {
      if (origin === '') origin = value;
    } else if (name === 'x-forwarded-for') {
      forwardedFor = forwardedFor === undefined ? value : `${forwardedFor}, ${value}`;
    }
  });
  return { origin, contentLength, forwardedFor, framed };
}

/** `peer` is the socket's other end, `client` the address a trusted proxy forwarded, or `peer`. */
export function socketPeer(
  server: ServerContext,
  res: HttpResponse,
  { forwardedFor }: Head,
): { peer: string; client: string } {
  const peer = addressText(res.getRemoteAddress());
  if (forwardedFor === undefined || !server.trustedProxies(peer)) return { peer, client: peer };
  return { peer, client: forwardedPeer(peer, forwardedFor, server.trustedProxies) };
}

/** The wanted headers that are there. */
export function readHeaders(
  req: HttpRequest,
  wanted: readonly string[] | 'all' | undefined,
  trusted: boolean,
): Headers {
  if (wanted === undefined) return NONE;
  if (wanted === 'all') return allHeaders(req, trusted);
  const headers: Record<string, string> = Object.create(null);
  for (const name of wanted) {
    const value = trusted || !FORWARDED.has(name) ? req.getHeader(name) : '';
    if (value !== '') headers[name] = value;
  }
  return headers;
}

/** A header that comes more than once is one list (RFC 9110 §5.3), for cookies with semicolons. */
function allHeaders(req: HttpRequest, trusted: boolean): Headers {
  const headers: Record<string, string> = Object.create(null);
  req.forEach((name, value) => {
    if (!trusted && FORWARDED.has(name)) return;
    const before = headers[name];
    const separator = name === 'cookie' ? '; ' : ', ';
    headers[name] = before === undefined ? value : `${before}${separator}${value}`;
  });
  return headers;
}
