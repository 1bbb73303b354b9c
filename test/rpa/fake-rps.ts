/** An RPS that writes down what reaches it and answers what it is told to. */
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface FakeReply {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly delayMs?: number;
}

export interface FakeRps {
  readonly url: string;
  readonly seen: Seen[];
  readonly sockets: { socket: WebSocket; headers: IncomingHttpHeaders; url: string }[];
  reply: (seen: Seen) => FakeReply;
  onFrame: (socket: WebSocket, text: string) => void;
  /** Answer upgrades with this status instead. */
  refuseUpgrade: number | undefined;
  close(): Promise<void>;
}

export async function fakeRps(): Promise<FakeRps> {
  const server = createServer();
  const sockets = new WebSocketServer({ noServer: true });
  const fake: FakeRps = {
    url: '',
    seen: [],
    sockets: [],
    reply: () => ({ status: 200, body: '{}' }),
    onFrame: (socket, text) => socket.send(text),
    refuseUpgrade: undefined,
    close: () => closeAll(server, sockets),
  };
  server.on('request', async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = '', url = '', headers } = request;
    const seen = { method, url, headers, body: Buffer.concat(chunks).toString() };
    fake.seen.push(seen);
    const { status, headers: own = {}, body = '', delayMs = 0 } = fake.reply(seen);
    setTimeout(() => response.writeHead(status, own).end(body), delayMs).unref();
  });
  server.on('upgrade', (request, socket, head) => {
    if (fake.refuseUpgrade !== undefined) {
      socket.end(`HTTP/1.1 ${fake.refuseUpgrade} No\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (ws) => {
      fake.sockets.push({ socket: ws, headers: request.headers, url: request.url ?? '' });
      ws.on('message', (data) => fake.onFrame(ws, String(data)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(fake, { url: `http://127.0.0.1:${port}` });
}

function closeAll(server: Server, sockets: WebSocketServer): Promise<void> {
  for (const socket of sockets.clients) socket.terminate();
  sockets.close();
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
