/**
 * The only writer to a uWebSockets.js response. It registers the abort handler before anything
 * can go wrong, writes exactly one answer, never after an abort, and tells its server what is in
 * flight.
 */
import { STATUS_CODES } from 'node:http';
import { type Answer, HttpError, JSON_TYPE, type JsonObject } from './call.js';
import { logUnexpected, type ServerContext } from './context.js';
import type { FlatHeaders } from './cors.js';
import type { HttpResponse } from './uws.js';

/** A longer body is sent as the client reads it, so that a stop knows when it is out. */
const AT_ONCE_BYTES_MAX = 65_536;

/** Headers that are the server's own business: a relayed answer brings its upstream's. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'transfer-encoding',
]);

/** Has the headers of a 200, its length too, and never a body (RFC 9110 §15.4.5). */
const NOT_MODIFIED = 304;

const TEXT_TYPE = 'text/plain; charset=utf-8';

const RETRY_SOON: AnswerHeaders = { 'Retry-After': '1' };

type AnswerHeaders = NonNullable<Answer['headers']>;

/** An answer in the form it is written in: all that can fail has been done. */
interface Prepared {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly content: string | Uint8Array;
  readonly headers: FlatHeaders;
  /** Lower-case names in `headers`. */
  readonly given: ReadonlySet<string>;
}

const NO_HEADERS: FlatHeaders = [];
const NONE_GIVEN: ReadonlySet<string> = new Set();

export class Reply {
  readonly #server: ServerContext;
  #res: HttpResponse | undefined;
  #onAbort: (() => void) | undefined;
  /** CORS headers for this request's origin. */
  cors: FlatHeaders = NO_HEADERS;
  /** The answer to HEAD has the headers of one to GET and no body. */
  bodiless = false;
  /** Milliseconds of performance.now() when its head was there. */
  readonly startedMs: number;
  /** Whose failure it is when this answer is one; '' when nobody counts. */
  client = '';
  #status = 0;
  /** The route's pattern, for the log: the path itself may hold an identity. */
  route = '';

  constructor(server: ServerContext, res: HttpResponse) {
    this.#server = server;
    this.#res = res;
    res.onAborted(() => this.#aborted());
    this.startedMs = server.began();
  }

  /** False once answered or aborted: further answers are dropped. */
  get open(): boolean {
    return this.#res !== undefined;
  }

  /** `handler` is called once if the client goes away before it has been answered. */
  onAbort(handler: () => void): void {
    this.#onAbort = handler;
  }

  /** Sends an answer from inside the request's own callbacks. */
  send(answer: Answer, close = false): void {
    if (this.#res === undefined) return;
    let prepared: Prepared;
    try {
      prepared = this.#prepare(answer);
    } catch (error) {
      prepared = this.#prepare(this.answerTo(error));
    }
    this.#write(this.#res, prepared, close || this.#server.draining);
  }

  /** Sends an answer from anywhere else: after an await, from a timer. */
  sendLater(answer: Answer, close = false): void {
    this.#res?.cork(() => this.send(answer, close));
  }

  /** An error answer in the words of the service. */
  errorAnswer(status: number, message?: string, headers?: AnswerHeaders): Answer {
    const body = this.#message(status, message);
    return headers === undefined ? { status, body } : { status, body, headers };
  }

  /** 503: there is no room now, and may be soon. */
  busyAnswer(): Answer {
    return this.errorAnswer(503, 'Busy, try again', RETRY_SOON);
  }

  /** The answer that a thrown error stands for; what nobody foresaw is logged and is a 500. */
  answerTo(error: unknown): Answer {
    if (error instanceof HttpError) {
      return this.errorAnswer(error.status, error.message, error.headers);
    }
    const known = this.#server.errorAnswer?.(error);
    if (known !== undefined) return known;
    logUnexpected(this.#server.log, this.route, error);
    return this.errorAnswer(500);
  }

  /** Hands the response over for an upgrade to a WebSocket; undefined once answered. */
  release(): HttpResponse | undefined {
    const res = this.#res;
    this.#status = 101;
    this.#finish();
    return res;
  }

  #message(status: number, message = STATUS_CODES[status] ?? 'Error'): JsonObject {
    return this.#server.replies.error(status, message);
  }

  #prepare(answer: Answer): Prepared {
    const { status, body } = answer;
    const { headers, given } = flatten(answer.headers);
    const raw = typeof body === 'string' || body instanceof Uint8Array;
    if (raw && (body.length > 0 || status < 400)) {
      const contentType = body.length > 0 ? (answer.contentType ?? TEXT_TYPE) : answer.contentType;
      return { status, contentType, content: body, headers, given };
    }
    // Clients parse the body of every error, so none may be empty (contract §1, rule 3).
    const object = raw || (body === undefined && status >= 400) ? this.#message(status) : body;
    if (object === undefined)
      return { status, contentType: undefined, content: '', headers, given };
    const content = JSON.stringify(object);
    return { status, contentType: JSON_TYPE, content, headers, given };
  }

  #write(res: HttpResponse, prepared: Prepared, close: boolean): void {
    const { status, contentType, content, headers, given } = prepared;
    this.#status = status;
    if (this.client !== '' && isFailure(status)) {
      this.#server.rates?.failed(this.client, this.startedMs);
    }
    // uWebSockets.js writes 200 by itself.
    if (status !== 200) res.writeStatus(statusLine(status));
    if (contentType !== undefined && !given.has('content-type')) {
      res.writeHeader('Content-Type', contentType);
    }
    if (!given.has('cache-control')) res.writeHeader('Cache-Control', 'no-store');
    // An unknown scheme makes no browser ask for a password (contract §2).
    if (status === 401 && !given.has('www-authenticate')) {
      res.writeHeader('WWW-Authenticate', 'Authenticate');
    }
    if (!given.has('access-control-allow-origin')) writeHeaders(res, this.cors);
    writeHeaders(res, headers);
    if (this.bodiless || status === NOT_MODIFIED) {
      this.#finish();
      res.endWithoutBody(Buffer.byteLength(content), close);
    } else if (content.length <= AT_ONCE_BYTES_MAX) {
      this.#finish();
      res.end(content, close);
    } else {
      if (close) res.writeHeader('Connection', 'close');
      this.#stream(res, Buffer.from(content as string));
    }
  }

  #stream(res: HttpResponse, bytes: Buffer): void {
    const push = (offset: number): boolean => {
      const [ok, done] = res.tryEnd(bytes.subarray(offset), bytes.length);
      if (done) this.#finish();
      return ok;
    };
    res.onWritable(push);
    push(0);
  }

  #aborted(): void {
    if (this.#res === undefined) return;
    this.#finish();
    this.#onAbort?.();
  }

  #finish(): void {
    if (this.#res === undefined) return;
    this.#res = undefined;
    const { onAnswer } = this.#server;
    onAnswer?.(this.route, this.#status, performance.now() - this.startedMs);
    this.#server.ended();
  }
}

/** Too many requests is no failure of its own: it would never end. */
function isFailure(status: number): boolean {
  return status >= 400 && status < 500 && status !== 429;
}

function writeHeaders(res: HttpResponse, headers: FlatHeaders): void {
  for (let index = 0; index < headers.length; index += 2) {
    res.writeHeader(headers[index] as string, headers[index + 1] as string);
  }
}

/** Throws for a name or value that would end its line and start another header. */
function flatten(headers: Answer['headers']): Pick<Prepared, 'headers' | 'given'> {
  if (headers === undefined) return { headers: NO_HEADERS, given: NONE_GIVEN };
  const flat: string[] = [];
  const given = new Set<string>();
  for (const [name, values] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    if (OWN_HEADERS.has(lower)) continue;
    given.add(lower);
    for (const value of typeof values === 'string' ? [values] : values) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
      if (/[\x00-\x08\x0a-\x1f\x7f]/.test(value) || !/^[\w!#$%&'*+.^`|~-]+$/.test(name)) {
        throw new Error(`header ${JSON.stringify(name)} has a control character`);
      }
      flat.push(name, value);
    }
  }
  return { headers: flat, given };
}

const statusLines = new Map<number, string>();

function statusLine(status: number): string {
  let line = statusLines.get(status);
  if (line === undefined) {
    line = `${status} ${STATUS_CODES[status] ?? 'Unknown'}`;
    statusLines.set(status, line);
  }
  return line;
}
