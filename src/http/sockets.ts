/**
 * WebSockets: what RFC 6455 and a route's limits ask of a connection, so that a route sees text
 * frames one at a time and a socket that forgets what is sent after its end.
 */
import type { JsonObject, Socket, SocketRoute, SocketSession } from './call.js';
import { logUnexpected, type ServerContext } from './context.js';
import type { UwsApp, WebSocket } from './uws.js';

/** Close codes (RFC 6455 §7.4.1). */
const CLOSE_NORMAL = 1000;
const CLOSE_GOING_AWAY = 1001;
const CLOSE_UNSUPPORTED = 1003;
const CLOSE_POLICY = 1008;
const CLOSE_TOO_BIG = 1009;
const CLOSE_INTERNAL = 1011;

/** Room for a reason in a close frame, in bytes (RFC 6455 §5.5). */
const REASON_BYTES_MAX = 123;

/** Bounds of uWebSockets.js' own idle time, in seconds. */
const UWS_IDLE_SECONDS_MIN = 8;
const UWS_IDLE_SECONDS_MAX = 960;

/** What is handed to a WebSocket at its upgrade. */
export interface SocketSeed {
  readonly route: SocketRoute;
  readonly peer: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface UserData {
  readonly seed: SocketSeed;
  connection?: Connection;
}

/** The open WebSockets of a server. */
export class Sockets {
  readonly #server: ServerContext;
  readonly #open = new Set<Connection>();

  constructor(server: ServerContext) {
    this.#server = server;
  }

  get open(): number {
    return this.#open.size;
  }

  get full(): boolean {
    return this.#open.size >= this.#server.limits.sockets;
  }

  /** The handlers of uWebSockets.js for all socket routes, but for `upgrade`. */
  behaviour(routes: readonly SocketRoute[]): Parameters<UwsApp['ws']>[1] {
    const { limits } = this.#server;
    const longest = Math.max(...routes.map((route) => route.frameBytesMax));
    // Only to get rid of peers that answer nothing after our close frame.
    const idle = 2 * Math.max(...routes.map((route) => route.idleSeconds));
    return {
      maxPayloadLength: longest + limits.frameSlackBytes,
      idleTimeout: Math.min(Math.max(idle, UWS_IDLE_SECONDS_MIN), UWS_IDLE_SECONDS_MAX),
      maxBackpressure: limits.socketBacklogBytes,
      closeOnBackpressureLimit: true,
      sendPingsAutomatically: false,
      open: (ws) => this.#opened(ws as WebSocket<UserData>),
      message: (ws, message, isBinary) => connectionOf(ws)?.received(message, isBinary),
      close: (ws) => {
        const connection = connectionOf(ws);
        if (connection === undefined) return;
        this.#open.delete(connection);
        connection.ended();
        this.#server.socketEnded();
        this.#server.ended();
      },
    };
  }

  /** Ends every connection with 1001, those with a message in work after it. */
  drain(): void {
    for (const connection of [...this.#open]) connection.drain();
  }

  /** Ends every connection with 1001 at once. */
  endAll(): void {
    for (const connection of [...this.#open]) connection.close(CLOSE_GOING_AWAY, '');
  }

  #opened(ws: WebSocket<UserData>): void {
    const data = ws.getUserData();
    const connection = new Connection(this.#server, data.seed, ws);
    data.connection = connection;
    this.#open.add(connection);
    this.#server.began();
    connection.start();
  }
}

/** uWebSockets.js makes an object of its own from the data given at the upgrade. */
export function userData(seed: SocketSeed): UserData {
  return { seed };
}

function connectionOf(ws: WebSocket<unknown>): Connection | undefined {
  return (ws as WebSocket<UserData>).getUserData().connection;
}

/**
 * A relayed close may carry a code that only tells an application of an end without a code (1005)
 * or without a close frame (1006, 1015): none of them may be sent (RFC 6455 §7.4).
 */
function sendableCode(code: number): number {
  const registered = code >= 1000 && code <= 1014 && code !== 1004 && code !== 1006;
  if (code === 1005) return CLOSE_NORMAL;
  return registered || (code >= 3000 && code <= 4999) ? code : CLOSE_INTERNAL;
}

class Connection implements Socket {
  readonly peer: string;
  readonly #server: ServerContext;
  readonly #seed: SocketSeed;
  #ws: WebSocket<UserData> | undefined;
  #session: SocketSession | undefined;
  #idle: NodeJS.Timeout | undefined;
  #waiting: string[] = [];
  #busy = false;
  #draining = false;

  constructor(server: ServerContext, seed: SocketSeed, ws: WebSocket<UserData>) {
    this.#server = server;
    this.#seed = seed;
    this.#ws = ws;
    this.peer = seed.peer;
  }

  start(): void {
    const { route, headers } = this.#seed;
    this.#idle = setTimeout(() => this.close(CLOSE_NORMAL, 'idle'), route.idleSeconds * 1000);
    try {
      this.#session = route.open(this, { headers });
    } catch (error) {
      this.#failed(error);
    }
    // A route may have closed the socket it was just given.
    if (this.#ws === undefined) this.#endSession();
  }

  send(message: JsonObject): void {
    this.sendText(JSON.stringify(message));
  }

  sendText(text: string): void {
    this.#ws?.send(text, false, false);
  }

  close(code: number, reason = ''): void {
    const fits = Buffer.byteLength(reason) <= REASON_BYTES_MAX;
    this.#ws?.end(sendableCode(code), fits ? reason : '');
  }

  received(message: ArrayBuffer, isBinary: boolean): void {
    this.#idle?.refresh();
    if (isBinary) {
      this.close(CLOSE_UNSUPPORTED, 'text frames only');
    } else if (message.byteLength > this.#seed.route.frameBytesMax) {
      this.close(CLOSE_TOO_BIG, `at most ${this.#seed.route.frameBytesMax} bytes`);
    } else if (!this.#busy) {
      this.#deliver(Buffer.from(message).toString());
    } else if (this.#waiting.length >= this.#server.limits.framesQueued) {
      this.close(CLOSE_POLICY, 'too many frames at once');
    } else {
      this.#waiting.push(Buffer.from(message).toString());
    }
  }

  drain(): void {
    this.#draining = true;
    if (!this.#busy) this.close(CLOSE_GOING_AWAY);
  }

  /** The connection is gone, whoever ended it. */
  ended(): void {
    this.#ws = undefined;
    this.#waiting = [];
    clearTimeout(this.#idle);
    this.#endSession();
  }

  #deliver(text: string): void {
    try {
      const work = this.#session?.message(text);
      if (!(work instanceof Promise)) return;
      this.#busy = true;
      work.then(
        () => this.#next(),
        (error: unknown) => this.#failed(error),
      );
    } catch (error) {
      this.#failed(error);
    }
  }

  #next(): void {
    this.#busy = false;
    if (this.#draining) this.close(CLOSE_GOING_AWAY);
    while (!this.#busy && this.#ws !== undefined) {
      const text = this.#waiting.shift();
      if (text === undefined) return;
      this.#deliver(text);
    }
  }

  #failed(error: unknown): void {
    logUnexpected(this.#server.log, this.#seed.route.path, error);
    this.close(CLOSE_INTERNAL, 'internal error');
  }

  #endSession(): void {
    const session = this.#session;
    this.#session = undefined;
    try {
      session?.closed();
    } catch (error) {
      logUnexpected(this.#server.log, this.#seed.route.path, error);
    }
  }
}
