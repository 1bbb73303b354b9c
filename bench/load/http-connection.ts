/**
 * One keep-alive HTTP connection with one request at a time, by hand: a general client costs more
 * than the server under test, and on a machine of two cores that is taken from the server.
 */
import type { Socket } from 'node:net';
import { connectTo, type Target } from './target.js';

export interface Reply {
  readonly status: number;
  /** One character a byte. */
  readonly body: string;
}

/** The longest reply that is waited for, in bytes: those of the protocol have some hundred. */
const REPLY_BYTES_MAX = 65_536;
/**
 * Milliseconds after which an idle connection is not used again. The server closes it after some
 * 12 s, and what is sent at that very moment is lost (RFC 9112 §9.3.1: no POST is sent again).
 */
const IDLE_MS_MAX = 8_000;
const HEAD_END = '\r\n\r\n';

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

export class HttpConnection {
  readonly #target: Target;
  #socket: Socket | undefined;
  #received = '';
  #usedMs = 0;
  #waiting: Waiting | undefined;

  constructor(target: Target) {
    this.#target = target;
  }

  /**
   * Sends a whole request and gives its reply. Connects first where the server has hung up, or is
   * about to.
   */
  request(text: string): Promise<Reply> {
    const nowMs = performance.now();
    if (nowMs - this.#usedMs > IDLE_MS_MAX) this.close();
    this.#usedMs = nowMs;
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket ??= this.#connect();
      this.#socket.write(text, 'latin1');
    });
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #connect(): Socket {
    const socket = connectTo(this.#target);
    socket.setEncoding('latin1');
    socket.on('data', (chunk) => this.#read(String(chunk)));
    socket.on('timeout', () => this.#lost(socket, 'no answer in time'));
    socket.on('error', (error: NodeJS.ErrnoException) => this.#lost(socket, error.code ?? 'error'));
    for (const event of ['end', 'close']) {
      socket.on(event, () => this.#lost(socket, 'connection closed'));
    }
    return socket;
  }

  #lost(socket: Socket, why: string): void {
    socket.destroy();
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    this.#received = '';
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(new Error(why));
  }

  #read(chunk: string): void {
    this.#received = this.#received === '' ? chunk : this.#received + chunk;
    const end = this.#received.indexOf(HEAD_END);
    if (end < 0 && this.#received.length < REPLY_BYTES_MAX) return;
    const head = this.#received.slice(0, end);
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? Number.NaN);
    const from = end + HEAD_END.length;
    if (end < 0 || !(length <= REPLY_BYTES_MAX)) {
      if (this.#socket !== undefined) this.#lost(this.#socket, 'a reply without Content-Length');
      return;
    }
    if (this.#received.length < from + length) return;
    const reply = { status: Number(head.slice(9, 12)), body: this.#received.slice(from) };
    this.#received = '';
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (/\r\nconnection: *close/i.test(head)) this.close();
    waiting?.resolve(reply);
  }
}
