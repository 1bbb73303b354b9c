/** Relays the public RPS API: browsers reach the RPS through here and nothing else of it. */
import { type Answer, type Call, HttpError, type Method, type Route } from '../http/call.js';
import { HOP_BY_HOP, type Outgoing, OutgoingError, type OutgoingReply } from '../http/outgoing.js';

export interface RelayOptions {
  readonly outgoing: Outgoing;
  /** Base URL of the RPS. */
  readonly rpsUrl: string;
  /** Prefix of its public API, without slashes. */
  readonly prefix: string;
}

/** What clients of the public API use; PAD, MOB and SDK know no others (contract §11). */
const METHODS: readonly Method[] = ['GET', 'POST', 'PUT', 'OPTIONS'];

/** Longest wait for the RPS in milliseconds: it holds a mobile's reply for up to 10 s. */
const RELAY_MS_MAX = 20_000;

/** Headers that say where a request came from: only ours may, or a client could claim any. */
const ORIGIN_CLAIMS: ReadonlySet<string> = new Set([
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
]);

/** Escapes that some server on the way may read as part of the path's structure. */
const STRUCTURAL_ESCAPE = /%(?:2e|2f|5c|25|[01][0-9a-f]|7f)/i;

/** One route a method; status, headers and body of the RPS come back as they are. */
export function relayRoutes(options: RelayOptions): Route[] {
  return METHODS.map((method) => ({
    method,
    path: `/${options.prefix}/*`,
    access: 'public',
    headers: 'all',
    handle: (call) => relay(options, call),
  }));
}

/**
 * The URL at the RPS for a path asked for here, or undefined when there is none: only what lies
 * below the prefix however one reads it. A path with dot segments, backslashes or escaped
 * structure is refused, not repaired, because two readers could repair it differently.
 */
export function relayTarget(
  { rpsUrl, prefix }: Pick<RelayOptions, 'rpsUrl' | 'prefix'>,
  { path, query }: Pick<Call, 'path' | 'query'>,
): URL | undefined {
  if (!path.startsWith(`/${prefix}/`) || STRUCTURAL_ESCAPE.test(path)) return undefined;
  const target = new URL(path, rpsUrl);
  // The URL standard resolves dot segments and backslashes: nothing to resolve, nothing hidden.
  if (target.pathname !== path || target.origin !== new URL(rpsUrl).origin) return undefined;
  target.search = query;
  return target;
}

/** The headers to pass on: all that are not about one connection, and who it came from. */
export function relayedHeaders(
  headers: Readonly<Record<string, string>>,
  peer: string,
): Record<string, string> {
  const named = new Set((headers['connection'] ?? '').toLowerCase().split(/\s*,\s*/));
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const dropped =
      HOP_BY_HOP.has(name) ||
      ORIGIN_CLAIMS.has(name) ||
      named.has(name) ||
      name === 'content-length';
    if (!dropped) kept[name] = value;
  }
  return { ...kept, 'x-forwarded-for': peer };
}

async function relay(options: RelayOptions, call: Call): Promise<Answer> {
  const url = relayTarget(options, call);
  if (url === undefined) throw new HttpError(404, 'URI NOT FOUND');
  try {
    const reply = await options.outgoing.request({
      method: call.method,
      url,
      headers: relayedHeaders(call.headers, call.peer),
      timeoutMs: RELAY_MS_MAX,
      signal: call.aborted,
      ...(call.body.length === 0 ? {} : { body: call.body }),
    });
    return passedBack(reply);
  } catch (error) {
    throw gatewayError(error);
  }
}

/** 504 when the RPS is slow, 502 when it is not there or talks nonsense. */
export function gatewayError(error: unknown): unknown {
  if (!(error instanceof OutgoingError)) return error;
  return error.reason === 'timeout'
    ? new HttpError(504, 'the authentication server did not answer in time')
    : new HttpError(502, 'the authentication server cannot be reached');
}

/** `date` and the length are written anew by our server. */
const REWRITTEN: ReadonlySet<string> = new Set(['content-length', 'content-type', 'date']);

function passedBack({ status, headers, body }: OutgoingReply): Answer {
  const kept: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (!HOP_BY_HOP.has(name) && !REWRITTEN.has(name)) kept[name] = value;
  }
  const { 'content-type': contentType } = headers;
  return {
    status,
    headers: kept,
    body,
    ...(typeof contentType === 'string' ? { contentType } : {}),
  };
}
