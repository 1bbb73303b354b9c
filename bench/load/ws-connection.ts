/** One WebSocket with one message at a time, by hand for the reason of http-connection.ts. */
import { createHash, randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { connectTo, type Target } from './target.js';

/** One key for all: it only proves that the server speaks WebSocket (RFC 6455 §1.3). */
const KEY = randomBytes(16).toString('base64');
const ACCEPT = createHash('sha1')
  .update(`${KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
  .digest('base64');

const TEXT = 0x81;
const CLOSE = 0x88;
const MASKED = 0x80;
const CLOSE_NORMAL = Buffer.from([CLOSE, MASKED | 2, 0, 0, 0, 0, 1000 >> 8, 1000 & 0xff]);
/** First length byte of a frame whose length is in the next two (RFC 6455 §5.2). */
const LENGTH_16 = 126;

/** The server refused the upgrade with this status. */
export class UpgradeRefused extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`upgrade: status ${status}`);
    this.status = status;
  }
}

interface Waiting {
  readonly resolve: (text: string) => void;
  readonly reject: (error: Error) => void;
}

export class WsConnection {
  readonly #socket: Socket;
  #open = false;
  #ended = false;
  #received: Buffer = Buffer.alloc(0);
  #waiting: Waiting | undefined;

  constructor(target: Target) {
    const socket = connectTo(target);
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('timeout', () => this.#lost('no answer in time'));
    socket.on('error', (error: NodeJS.ErrnoException) => this.#lost(error.code ?? 'error'));
    socket.on('close', () => this.#lost('connection closed'));
  }

  /** Upgrades; rejects with UpgradeRefused when the server says another status than 101. */
  async open({ authority }: Target, path: string): Promise<void> {
    const request =
      `GET ${path} HTTP/1.1\r\nHost: ${authority}\r\nUpgrade: websocket\r\n` +
      `Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`;
    const head = await this.#exchange(Buffer.from(request, 'latin1'));
    const status = Number(head.slice(9, 12));
    if (status !== 101) throw new UpgradeRefused(status);
    if (!head.includes(ACCEPT)) throw new Error('upgrade: wrong Sec-WebSocket-Accept');
  }

  /** Sends a message (ASCII, shorter than 64 KB) and gives the next one of the server. */
  exchange(message: string): Promise<string> {
    return this.#exchange(frameOf(message));
  }

  /** Ends properly: our close frame, the server's, then the connection, by the server first. */
  async close(): Promise<void> {
    if (this.#ended) return;
    const closed = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
    this.#socket.write(CLOSE_NORMAL);
    await closed;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #exchange(bytes: Buffer): Promise<string> {
    return new Promise((resolve, reject) => {
      if (this.#ended) {
        reject(new Error('connection closed'));
        return;
      }
      this.#waiting = { resolve, reject };
      this.#socket.write(bytes);
    });
  }

  #lost(why: string): void {
    this.#ended = true;
    this.#socket.destroy();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(new Error(why));
  }

  #read(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    if (!this.#open) {
      const end = this.#received.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = this.#received.toString('latin1', 0, end);
      this.#received = this.#received.subarray(end + 4);
      this.#open = true;
      this.#answer(head);
    }
    this.#readFrames();
  }

  #readFrames(): void {
    while (this.#received.length >= 2) {
      const [opcode = 0, short = 0] = this.#received;
      const long = short === LENGTH_16;
      const from = long ? 4 : 2;
      if (this.#received.length < from) return;
      const length = long ? this.#received.readUInt16BE(2) : short;
      if (this.#received.length < from + length) return;
      const text = this.#received.toString('latin1', from, from + length);
      this.#received = this.#received.subarray(from + length);
      // A server may ping; an answer is owed only by those who stay.
      if (opcode === TEXT) this.#answer(text);
    }
  }

  #answer(text: string): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(text);
  }
}

/** A text frame under a mask of zeros, which spares us the masking and the server nothing. */
function frameOf(message: string): Buffer {
  const { length } = message;
  const long = length >= LENGTH_16;
  const from = long ? 8 : 6;
  const frame = Buffer.alloc(from + length);
  frame[0] = TEXT;
  frame[1] = MASKED | (long ? LENGTH_16 : length);
  if (long) frame.writeUInt16BE(length, 2);
  frame.write(message, from, 'latin1');
  return frame;
}
