/** Where load goes, and the requests as bytes on the wire. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** Value of the Host header. */
  readonly authority: string;
}

/** Longest wait for any answer in milliseconds: whoever waits longer has lost it. */
export const ANSWER_MS_MAX = 10_000;

export function targetOf(url: string): Target {
  const { protocol, hostname, port, host } = new URL(url);
  const tls = protocol === 'https:' || protocol === 'wss:';
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (tls ? 443 : 80) : Number(port),
    tls,
    authority: host,
  };
}

/** A connection with `latin1` text in and out, so that a character is a byte. */
export function connectTo({ host, port, tls }: Target): Socket {
  const socket = tls ? connectTls({ host, port, servername: host }) : connect({ host, port });
  socket.setNoDelay(true);
  socket.setTimeout(ANSWER_MS_MAX);
  return socket;
}

/** A whole request with a JSON body (ASCII), or none. */
export function requestText(
  { authority }: Target,
  method: 'GET' | 'POST' | 'PUT',
  path: string,
  body?: string,
): string {
  const head = `${method} ${path} HTTP/1.1\r\nHost: ${authority}\r\n`;
  if (body === undefined) return `${head}\r\n`;
  return `${head}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}
