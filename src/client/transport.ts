/** How a client reaches its servers: HTTP by `fetch`, the dance also by WebSocket. */
import { ClientError } from './errors.js';

export interface Request {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly url: string;
  readonly body?: Readonly<Record<string, unknown>>;
  /** Longest wait in milliseconds, where there is another way; else that of all requests. */
  readonly timeoutMs?: number;
}

export interface Reply {
  readonly status: number;
  readonly text: string;
}

/** One open WebSocket: an object each way in turn. */
export interface Channel {
  send(message: Readonly<Record<string, unknown>>): void;
  /** The next frame; throws `unreachable` when none comes. */
  receive(): Promise<string>;
  close(): void;
}

export interface Transport {
  /** Throws ClientError `unreachable` when there is no answer; any status is an answer. */
  request(request: Request): Promise<Reply>;
  openChannel(url: string): Promise<Channel>;
}

/** The part of the standard WebSocket that is used: browsers have it, `ws` too. */
export interface WebSocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown } & never) => void) | null;
  onerror: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  send(text: string): void;
  close(): void;
}

/** The longest honest wait is the RPA's 10 s for a mobile; twice that and a network is enough. */
const REQUEST_MS_MAX = 30_000;
/** Largest reply of the protocol: client settings, a few kilobytes. */
const REPLY_BYTES_MAX = 262_144;
/** Old clients give up on a silent WebSocket after 5 s (contract §5). */
const CHANNEL_SILENCE_MS_MAX = 5_000;

/** Headers of the application's own, e.g. a CSRF token. */
export interface CustomHeaders {
  readonly headers: Readonly<Record<string, string>>;
  /** Only requests to this origin carry them: they are nobody else's business. */
  readonly origin: string;
}

/** A transport over the platform's `fetch` and a maker of WebSockets. */
export function fetchTransport(
  openWebSocket: (url: string) => WebSocketLike,
  custom?: CustomHeaders,
): Transport {
  const headersFor = (url: string) =>
    custom !== undefined && new URL(url).origin === custom.origin ? custom.headers : {};
  return {
    request: (request) => send(request, headersFor(request.url)),
    openChannel: (url) => openChannel(openWebSocket, url),
  };
}

const JSON_TYPE = { 'Content-Type': 'application/json' };

async function send(
  { method, url, body, timeoutMs = REQUEST_MS_MAX }: Request,
  custom: Readonly<Record<string, string>>,
): Promise<Reply> {
  try {
    const response = await fetch(url, {
      method,
      signal: AbortSignal.timeout(timeoutMs),
      redirect: 'error',
      headers: { ...custom, ...(body === undefined ? {} : JSON_TYPE) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, text: await readText(response) };
  } catch (error) {
    if (error instanceof ClientError) throw error;
    throw new ClientError(
      'unreachable',
      `cannot reach ${originOf(url)}: ${reasonOf(error, timeoutMs)}`,
    );
  }
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of chunksOf(response)) {
    bytes += chunk.length;
    if (bytes > REPLY_BYTES_MAX) throw new ClientError('protocol', 'the reply is too long');
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

async function* chunksOf(response: Response): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel();
  }
}

function openChannel(open: (url: string) => WebSocketLike, url: string): Promise<Channel> {
  const socket = open(url);
  const inbox = new Inbox(`${originOf(url)} closed the connection`);
  const channel: Channel = {
    send: (message) => socket.send(JSON.stringify(message)),
    receive: () => inbox.next(),
    close: () => socket.close(),
  };
  return new Promise((resolve, reject) => {
    const fail = (message: string): void => {
      inbox.end();
      reject(new ClientError('unreachable', message));
    };
    const timer = setTimeout(() => {
      fail(`cannot reach ${originOf(url)} over WebSocket: no answer`);
      socket.close();
    }, CHANNEL_SILENCE_MS_MAX);
    socket.onopen = () => {
      clearTimeout(timer);
      resolve(channel);
    };
    socket.onmessage = ({ data }: { data: unknown }) => inbox.put(String(data));
    socket.onclose = socket.onerror = () => {
      clearTimeout(timer);
      fail(`cannot reach ${originOf(url)} over WebSocket`);
    };
  });
}

/** Frames that came before anyone asked, or the one who asked before a frame came. */
class Inbox {
  readonly #frames: string[] = [];
  readonly #endMessage: string;
  #ended = false;
  #waiting: ((frame: string | undefined) => void) | undefined;

  constructor(endMessage: string) {
    this.#endMessage = endMessage;
  }

  put(frame: string): void {
    if (this.#waiting === undefined) this.#frames.push(frame);
    else this.#waiting(frame);
  }

  end(): void {
    this.#ended = true;
    this.#waiting?.(undefined);
  }

  async next(): Promise<string> {
    const frame = this.#frames.shift() ?? (this.#ended ? undefined : await this.#wait());
    if (frame === undefined) throw new ClientError('unreachable', this.#endMessage);
    return frame;
  }

  #wait(): Promise<string | undefined> {
    return new Promise((resolve) => {
      const done = (frame: string | undefined): void => {
        clearTimeout(timer);
        this.#waiting = undefined;
        resolve(frame);
      };
      const timer = setTimeout(() => done(undefined), CHANNEL_SILENCE_MS_MAX);
      this.#waiting = done;
    });
  }
}

/** URLs hold identities and signatures: only scheme and host may be shown. */
function originOf(url: string): string {
  return /^[a-z]+:\/\/[^/?#]*/i.exec(url)?.[0] ?? 'the server';
}

function reasonOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${timeoutMs / 1000} s`;
  const cause = error.cause as { code?: string; message?: string } | undefined;
  if (cause?.code === 'ECONNREFUSED') return 'connection refused';
  return cause?.code ?? (cause?.message || error.message);
}
