/** A server on a free port and a raw socket to it, for the tests of this folder. */
import { connect, type Socket as TcpSocket } from 'node:net';
import { pino } from 'pino';
import type { Test } from 'tap';
import type { Route } from '../../src/http/call.js';
import { rpsCors } from '../../src/http/cors.js';
import { type HttpServer, type HttpServerOptions, startHttpServer } from '../../src/http/server.js';

export const BODY_BYTES_MAX = 4096;

export interface TestServer extends HttpServer {
  /** What the server logged, as text. */
  readonly logged: () => string;
}

/** Options of a server of these routes on a free port. */
export function serverOptions(routes: readonly Route[]): HttpServerOptions {
  return {
    host: '127.0.0.1',
    port: 0,
    routes,
    cors: rpsCors(['*']),
    privateAllow: ['127.0.0.1'],
    trustedProxies: [],
    bodyBytesMax: BODY_BYTES_MAX,
    replies: {
      error: (status, message) => ({ version: '0.3', status, message }),
      notFound: () => ({ version: '0.3', message: 'URI NOT FOUND' }),
      preflight: () => ({ version: '0.3', message: 'options request' }),
    },
    log: pino({ level: 'silent' }),
  };
}

/** Starts a server that is stopped with the test. */
export async function serve(
  t: Test,
  routes: readonly Route[],
  options: Partial<HttpServerOptions> = {},
): Promise<TestServer> {
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
  const server = await startHttpServer({ ...serverOptions(routes), log, ...options });
  t.teardown(() => server.stop(0));
  return { ...server, logged: () => lines.join('') };
}

/** A public GET or other route in one line. */
export function route(
  method: Route['method'],
  path: string,
  handle: Route['handle'] = (call) => ({ status: 200, body: { path: call.path } }),
  more: Partial<Route> = {},
): Route {
  return { method, path, access: 'public', handle, ...more };
}

/** A TCP connection that keeps all it has been sent. */
export interface RawConnection {
  readonly socket: TcpSocket;
  readonly text: () => string;
  /** Resolves when what came matches; rejects after five seconds or at the end without it. */
  until(pattern: RegExp): Promise<string>;
  /** Resolves with everything once the server has closed. */
  readonly closed: Promise<string>;
}

const PATIENCE_MS = 5_000;

export function raw(server: Pick<HttpServer, 'host' | 'port'>, first = ''): RawConnection {
  const socket = connect({ host: server.host, port: server.port, allowHalfOpen: true });
  let text = '';
  const watchers = new Set<() => void>();
  let ended = false;
  const changed = () => {
    for (const watcher of watchers) watcher();
  };
  socket.setEncoding('latin1');
  socket.on('data', (chunk) => {
    text += chunk;
    changed();
  });
  const end = () => {
    ended = true;
    socket.end();
    changed();
  };
  socket.on('end', end);
  socket.on('close', end);
  // A reset is one way of a server to close; the tests look at what came before it.
  socket.on('error', () => {});
  if (first !== '') socket.write(first);
  const shown = () => text.slice(0, 1000);
  const wait = (done: () => boolean, what: string) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        if (done()) finish(() => resolve(text));
        else if (ended) finish(() => reject(new Error(`closed without ${what}: ${shown()}`)));
      };
      const late = () => finish(() => reject(new Error(`no ${what} in time: ${shown()}`)));
      const timer = setTimeout(late, PATIENCE_MS);
      const finish = (act: () => void) => {
        clearTimeout(timer);
        watchers.delete(look);
        act();
      };
      watchers.add(look);
      look();
    });
  return {
    socket,
    text: () => text,
    until: (pattern) => wait(() => pattern.test(text), String(pattern)),
    get closed() {
      return wait(() => ended, 'close');
    },
  };
}

/** The text of a request, with Host and Content-Length where they are not given. */
export function request(line: string, headers: readonly string[] = [], body = ''): string {
  const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  return [`${line} HTTP/1.1`, 'Host: test', ...headers, ...length, '', body].join('\r\n');
}

export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
