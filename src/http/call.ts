/**
 * What a route sees of a request, and what it gives back. Routes are plain functions from a
 * Call to an Answer: only `server.ts` touches uWebSockets.js, so no route can write twice, write
 * after an abort or forget to answer.
 */

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS' | 'HEAD';

/** A JSON object: the only form a body may have on this wire (contract §1, rules 2 and 3). */
export type JsonObject = Record<string, unknown>;

export interface Call {
  readonly method: Method;
  /** Path with runs of slashes collapsed, still percent-encoded, never with a query. */
  readonly path: string;
  /** The segments matched by `:name` parts of the route, percent-decoded, in order. */
  readonly params: readonly string[];
  /** Query without `?`; empty when there is none. Use {@link queryOf} for fields. */
  readonly query: string;
  /**
   * Address of the client: the socket's peer, or the address a trusted proxy forwarded.
   * Numeric text form, IPv4-mapped IPv6 shown as IPv4.
   */
  readonly peer: string;
  /**
   * The headers the route asked for (lower-case names); all of them when it said 'all'. Those
   * that name a forwarded client or host are there only when a trusted proxy sent them.
   */
  readonly headers: Readonly<Record<string, string>>;
  /** The whole body, own memory; empty when there is none. */
  readonly body: Uint8Array;
  /** Fires when the client went away: let work finish or stop, the answer is dropped. */
  readonly aborted: AbortSignal;
}

/** Content-Type of every JSON answer. */
export const JSON_TYPE = 'application/json; charset=utf-8';

export interface Answer {
  readonly status: number;
  /** An object is sent as JSON; a string or bytes as they are with `contentType`. */
  readonly body?: JsonObject | string | Uint8Array;
  /** Content-Type of a string or byte body; default `text/plain; charset=utf-8`. */
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
}

export interface Route {
  readonly method: Method;
  /** `/a/b`, with `:name` for one segment, `*` as last segment for any rest. */
  readonly path: string;
  /** Private routes answer only whom private.ts lets through, others get 403. */
  readonly access: 'public' | 'private';
  /** A private route for probes, which have an address and nothing else to show. */
  readonly forProbes?: boolean;
  /** Header names (lower case) to hand over; each costs a little on the hot path. */
  readonly headers?: readonly string[] | 'all';
  /** Cap on the body in bytes; the server's default when absent. */
  readonly bodyBytesMax?: number;
  /** Begins something new: refused with 503 while the server is behind (`turnMs` of limits.ts). */
  readonly beginsWork?: boolean;
  /** Asked before the body is read: an Answer ends the request at little cost. */
  refuse?(): Answer | undefined;
  handle(call: Call): Answer | Promise<Answer>;
}

/** One open WebSocket as a route sees it. All text frames; binary frames are refused (1003). */
export interface Socket {
  readonly peer: string;
  send(message: JsonObject): void;
  /** Raw text frame, for relaying. */
  sendText(text: string): void;
  /** Sends a close frame; codes as in RFC 6455 §7.4. */
  close(code: number, reason?: string): void;
}

/** Callbacks of one connection. `message` calls never overlap: the next waits for the promise. */
export interface SocketSession {
  message(text: string): void | Promise<void>;
  closed(): void;
}

export interface SocketRoute {
  readonly path: string;
  /** Largest frame in bytes; a longer one closes with 1009. */
  readonly frameBytesMax: number;
  /** Silence after which the server closes with 1000, in seconds. */
  readonly idleSeconds: number;
  /** Headers to hand to `open`, as in {@link Route}. */
  readonly headers?: readonly string[] | 'all';
  /** As in {@link Route}. */
  readonly beginsWork?: boolean;
  /** Returns an Answer to refuse the upgrade (403 for a foreign origin), or undefined. */
  refuse?(request: { headers: Readonly<Record<string, string>>; peer: string }): Answer | undefined;
  open(socket: Socket, request: { headers: Readonly<Record<string, string>> }): SocketSession;
}

/** A JSON answer; `body` gets no fields added. */
export function answer(
  status: number,
  body: JsonObject,
  headers?: Readonly<Record<string, string | readonly string[]>>,
): Answer {
  return headers === undefined ? { status, body } : { status, body, headers };
}

/** An error thrown by route code to end a request with this status and message. */
export class HttpError extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = 'HttpError';
    this.status = status;
    this.headers = headers;
  }
}

/** Query fields of a call; a repeated field keeps its first value. */
export function queryOf(call: Call): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(call.query)) {
    if (!fields.has(name)) fields.set(name, value);
  }
  return fields;
}
