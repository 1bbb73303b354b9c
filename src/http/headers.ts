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

/** `peer` is the socket's other end, `client` the address a trusted proxy forwarded, or `peer`. */
export function socketPeer(
  server: ServerContext,
  res: HttpResponse,
  req: HttpRequest,
): { peer: string; client: string } {
  const peer = addressText(res.getRemoteAddress());
  if (!server.trustedProxies(peer)) return { peer, client: peer };
  const forwardedFor = allHeaders(req, true)['x-forwarded-for'];
  if (forwardedFor === undefined) return { peer, client: peer };
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
