/** Relays the WebSocket of the dance, frame by frame, to the RPS (contract §5). */
import { type RawData, WebSocket } from 'ws';
import { answer, type Socket, type SocketRoute, type SocketSession } from '../http/call.js';
import { relayedHeaders } from './relay.js';

/** Largest frame in bytes: pass 1 with the largest identity stays below 8 KiB. */
const FRAME_BYTES_MAX = 16_384;
/** The RPS ends a silent dance after 15 s; this side only has to come later. */
const IDLE_SECONDS = 20;
/** Longest wait for the RPS to open its side, in milliseconds; clients wait 5 s for pass 1. */
const OPEN_MS_MAX = 4_000;
/** Most relayed sockets at once: each holds two connections of this process. */
const SOCKETS_MAX = 1_000;

/** RFC 6455 §7.4: an honest end, a peer that failed, and the codes no frame may carry. */
const CLOSE_NORMAL = 1000;
const CLOSE_NO_STATUS = 1005;
const CLOSE_ABNORMAL = 1006;
const CLOSE_INTERNAL = 1011;

/** Headers of a handshake belong to one connection. */
const HANDSHAKE = /^(?:sec-websocket-|upgrade$|connection$)/;

export function socketRelay(rpsUrl: string, prefix: string): SocketRoute {
  const path = `/${prefix}/authenticationToken`;
  const target = new URL(path, rpsUrl.replace(/^http/, 'ws')).href;
  let open = 0;
  return {
    path,
    frameBytesMax: FRAME_BYTES_MAX,
    idleSeconds: IDLE_SECONDS,
    headers: 'all',
    refuse: () =>
      open < SOCKETS_MAX
        ? undefined
        : answer(503, { version: '0.3', message: 'too many connections' }, { 'Retry-After': '1' }),
    open: (socket, { headers }) => {
      open++;
      return relaySocket(socket, dial(target, headers, socket.peer), () => open--);
    },
  };
}

function dial(target: string, headers: Readonly<Record<string, string>>, peer: string): WebSocket {
  const kept = Object.entries(relayedHeaders(headers, peer)).filter(([n]) => !HANDSHAKE.test(n));
  return new WebSocket(target, {
    headers: Object.fromEntries(kept),
    handshakeTimeout: OPEN_MS_MAX,
    maxPayload: FRAME_BYTES_MAX,
    perMessageDeflate: false,
    followRedirects: false,
  });
}

function relaySocket(client: Socket, upstream: WebSocket, done: () => void): SocketSession {
  let ended = false;
  const opened = new Promise<boolean>((resolve) => {
    upstream.once('open', () => resolve(true));
    upstream.once('close', () => resolve(false));
  });
  const end = (code: number): void => {
    if (ended) return;
    ended = true;
    // The RPS died or never let us in. A bare close leaves old clients hanging (contract §5).
    if (code === CLOSE_ABNORMAL) {
      client.send({ pass: 0, version: '0.3', message: 'the authentication server is gone' });
    }
    client.close(sendable(code));
  };
  upstream.on('message', (data: RawData) => {
    if (!ended) client.sendText(data.toString());
  });
  // An error is always followed by 'close'; without a listener it would end the process.
  upstream.on('error', () => undefined);
  upstream.on('close', end);
  return {
    message: async (text) => {
      if (await opened) upstream.send(text);
    },
    closed: () => {
      ended = true;
      done();
      upstream.close();
    },
  };
}

/** A close code that may stand in a frame. */
function sendable(code: number): number {
  if (code === CLOSE_NO_STATUS) return CLOSE_NORMAL;
  return code === CLOSE_ABNORMAL ? CLOSE_INTERNAL : code;
}
