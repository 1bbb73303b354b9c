/**
 * Outgoing HTTP: calls to D-TAs, to the hosted side and to the relying party, and the demo's
 * relay. Every wait and every size has a limit; redirects are never followed, because a signed
 * query must not travel to an address the answering side chose.
 */
import { Agent, type Dispatcher, errors } from 'undici';
import type { JsonObject } from './call.js';
import { parseJsonObject } from './json.js';

/**
 * Headers that belong to one connection (RFC 9110 §7.6.1, with the older ones of RFC 2616) and
 * are not relayed; `expect` too, as a relay that holds the whole body has nothing to wait for.
 */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Longest wait for a TCP connection in milliseconds: peers are in one data centre or region. */
const CONNECT_MS_MAX = 5_000;
/** Most bytes of a reply's headers. */
const HEADER_BYTES_MAX = 16_384;
/** Life of an idle connection in milliseconds: shorter than uWebSockets.js closes it (10 s). */
const KEEP_ALIVE_MS = 4_000;
/** Longest life a peer's Keep-Alive header may ask for, in milliseconds. */
const KEEP_ALIVE_MS_MAX = 60_000;

export type OutgoingReason = 'unreachable' | 'timeout' | 'too-large' | 'bad-reply' | 'aborted';

/** Why a call brought no usable reply. The message never holds the path's query. */
export class OutgoingError extends Error {
  readonly reason: OutgoingReason;
  /** The reply's status, where there was a reply. */
  readonly status: number | undefined;

  constructor(reason: OutgoingReason, host: string, detail: string, status?: number) {
    super(`${host}: ${reason}${detail === '' ? '' : ` (${detail})`}`);
    this.name = 'OutgoingError';
    this.reason = reason;
    this.status = status;
  }
}

export interface OutgoingOptions {
  /** Most connections to one origin; further calls wait for a free one within their time. */
  readonly connectionsMax: number;
  /** Limit of a whole call, from its start to the last byte of its reply, in milliseconds. */
  readonly timeoutMs: number;
  /** Longest reply in bytes. */
  readonly bodyBytesMax: number;
}

export interface OutgoingRequest {
  readonly method: string;
  readonly url: string | URL;
  /** Sent as they are, `host` included. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
  /** Instead of the common limit. */
  readonly timeoutMs?: number;
  /** Ends the call early, with reason 'aborted'. */
  readonly signal?: AbortSignal;
}

export interface OutgoingReply {
  readonly status: number;
  /** Lower-case names; a repeated header is an array. */
  readonly headers: Record<string, string | string[]>;
  readonly body: Buffer;
}

export interface Outgoing {
  /** Any status is a reply; everything else rejects with an {@link OutgoingError}. */
  request(request: OutgoingRequest): Promise<OutgoingReply>;
  /** GET of a JSON object; another status than 200 or another body is a 'bad-reply'. */
  getJson(url: string | URL): Promise<JsonObject>;
  /** GET of a text; another status than 200 is a 'bad-reply'. */
  getText(url: string | URL): Promise<string>;
  /** Ends all connections; calls under way fail. */
  close(): Promise<void>;
}

/** A client with its own pool of connections. */
export function createOutgoing(options: OutgoingOptions): Outgoing {
  const agent = new Agent({
    connections: options.connectionsMax,
    pipelining: 1,
    connect: { timeout: Math.min(CONNECT_MS_MAX, options.timeoutMs) },
    // The call's own deadline covers both; these two would only act later.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: options.bodyBytesMax,
    maxHeaderSize: HEADER_BYTES_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS_MAX,
  });
  const request = (asked: OutgoingRequest) => send(agent, asked, options.timeoutMs);
  return {
    request,
    getJson: async (url) => readJson(parseUrl(url).host, await request({ method: 'GET', url })),
    getText: async (url) => readText(parseUrl(url).host, await request({ method: 'GET', url })),
    close: () => agent.destroy(),
  };
}

async function send(
  agent: Agent,
  asked: OutgoingRequest,
  timeoutMs: number,
): Promise<OutgoingReply> {
  const { origin, host, pathname, search } = parseUrl(asked.url);
  const end = new AbortController();
  const timer = setTimeout(() => end.abort('timeout'), asked.timeoutMs ?? timeoutMs);
  const abort = () => end.abort('aborted');
  asked.signal?.addEventListener('abort', abort, { once: true });
  if (asked.signal?.aborted) abort();
  try {
    const reply = await agent.request({
      origin,
      path: pathname + search,
      method: asked.method as Dispatcher.HttpMethod,
      headers: (asked.headers ?? {}) as Record<string, string | string[]>,
      body: asked.body ?? null,
      signal: end.signal,
    });
    const body = Buffer.from(await reply.body.arrayBuffer());
    return { status: reply.statusCode, headers: present(reply.headers), body };
  } catch (error) {
    if (end.signal.aborted) throw new OutgoingError(end.signal.reason, host, '');
    throw failure(host, error);
  } finally {
    clearTimeout(timer);
    asked.signal?.removeEventListener('abort', abort);
  }
}

/** The error of `new URL` carries its whole input, signed query included. */
function parseUrl(url: string | URL): URL {
  if (url instanceof URL) return url;
  if (!URL.canParse(url)) throw new OutgoingError('unreachable', 'no host', 'not a URL');
  return new URL(url);
}

function readText(host: string, { status, body }: OutgoingReply): string {
  if (status !== 200) throw new OutgoingError('bad-reply', host, `status ${status}`, status);
  return body.toString('utf8');
}

function readJson(host: string, reply: OutgoingReply): JsonObject {
  const { status } = reply;
  if (status !== 200) throw new OutgoingError('bad-reply', host, `status ${status}`, status);
  const value = parseJsonObject(reply.body);
  if (value === undefined) throw new OutgoingError('bad-reply', host, 'not a JSON object', status);
  return value;
}

function failure(host: string, error: unknown): OutgoingError {
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? '';
  if (error instanceof errors.ConnectTimeoutError) return new OutgoingError('timeout', host, code);
  if (error instanceof errors.ResponseExceededMaxSizeError) {
    return new OutgoingError('too-large', host, '');
  }
  if (error instanceof errors.HeadersOverflowError) return new OutgoingError('too-large', host, '');
  if (error instanceof errors.HTTPParserError) return new OutgoingError('bad-reply', host, code);
  return new OutgoingError('unreachable', host, code);
}

function present(
  headers: Record<string, string | string[] | undefined>,
): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = Object.create(null);
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) kept[name] = value;
  return kept;
}
