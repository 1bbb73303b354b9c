/** WebSockets: who may open one, what may go through it, how it ends. */
import t, { type Test } from 'tap';
import { fetch } from 'undici';
import { WebSocket } from 'ws';
import type { Socket, SocketRoute } from '../../src/http/call.js';
import type { HttpServerOptions } from '../../src/http/server.js';
import { raw, request, route, serve, sleep } from './harness.js';

const FRAME_BYTES_MAX = 1000;

/** A server with one socket route at /ws. */
function serveSocket(
  t: Test,
  open: SocketRoute['open'],
  more: Partial<SocketRoute> = {},
  options: Partial<HttpServerOptions> = {},
) {
  const ws: SocketRoute = {
    path: '/rps/ws',
    frameBytesMax: FRAME_BYTES_MAX,
    idleSeconds: 5,
    open,
    ...more,
  };
  return serve(t, [route('GET', '/a')], { sockets: [ws], ...options });
}

const echo: SocketRoute['open'] = (socket) => ({
  message: (text) => socket.sendText(text),
  closed: () => {},
});

interface Client {
  readonly ws: WebSocket;
  readonly received: string[];
  readonly closed: Promise<{ code: number; reason: string }>;
}

function client(address: string, path = '/rps/ws', headers: Record<string, string> = {}): Client {
  const ws = new WebSocket(address.replace('http', 'ws') + path, { headers });
  const received: string[] = [];
  ws.on('message', (data) => received.push(String(data)));
  ws.on('error', () => {});
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    ws.on('close', (code, reason) => resolve({ code, reason: String(reason) }));
  });
  return { ws, received, closed };
}

async function opened(address: string, path?: string): Promise<Client> {
  const made = client(address, path);
  await new Promise<void>((resolve) => made.ws.once('open', () => resolve()));
  return made;
}

/** Status and body of a refused upgrade. */
function refusal(address: string, path: string, headers: Record<string, string> = {}) {
  return new Promise<{ status: number; body: string }>((resolve) => {
    const { ws } = client(address, path, headers);
    ws.on('unexpected-response', (_request, response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
  });
}

t.test('text goes both ways, on a path with doubled slashes too', async (t) => {
  const server = await serveSocket(t, (socket) => ({
    message: (text) => socket.send({ text, peer: socket.peer }),
    closed: () => {},
  }));
  const { ws, received, closed } = await opened(server.address, '//rps//ws');
  ws.send('Zoë');
  await new Promise((resolve) => ws.once('message', resolve));
  t.same(JSON.parse(received[0] as string), { text: 'Zoë', peer: '127.0.0.1' });
  ws.close(1000);
  t.match(await closed, { code: 1000 });
});

t.test('an upgrade is refused with an answer: by the route, without one, when full', async (t) => {
  const server = await serveSocket(
    t,
    echo,
    {
      headers: ['origin'],
      refuse: ({ headers, peer }) =>
        headers['origin'] === 'https://evil.example'
          ? { status: 403, body: { message: `no, ${peer}` } }
          : undefined,
    },
    { limits: { sockets: 1 } },
  );
  const evil = { Origin: 'https://evil.example' };
  t.match(await refusal(server.address, '/rps/ws', evil), {
    status: 403,
    body: '{"message":"no, 127.0.0.1"}',
  });
  t.match(await refusal(server.address, '/nowhere'), { status: 404, body: /URI NOT FOUND/ });
  t.match(await refusal(server.address, '/rps/../ws'), { status: 404 });
  t.match(await refusal(server.address, '/a'), { status: 200 }, 'a route of HTTP stays one');
  const plain = await fetch(`${server.address}/rps/ws`);
  t.match([plain.status, plain.headers.get('upgrade')], [426, 'websocket']);
  const first = await opened(server.address);
  t.match(await refusal(server.address, '/rps/ws'), { status: 503, body: /503/ });
  first.ws.close();
  await first.closed;
  await sleep(10);
  (await opened(server.address)).ws.terminate();
});

t.test('a throw in refuse is a 500, a throw in open or message is 1011', async (t) => {
  const bug = () => {
    throw new Error('bug');
  };
  const refusing = await serveSocket(t, echo, { refuse: bug });
  t.match(await refusal(refusing.address, '/rps/ws'), { status: 500 });
  const opening = await serveSocket(t, bug);
  t.match(await client(opening.address).closed, { code: 1011 });
  let ended = 0;
  const closed = () => {
    ended += 1;
  };
  for (const message of [bug, async () => bug()]) {
    const server = await serveSocket(t, () => ({ message, closed }));
    const { ws, closed: over } = await opened(server.address);
    ws.send('SECRET');
    t.match(await over, { code: 1011, reason: 'internal error' });
    t.match(server.logged(), /"route":"\/rps\/ws","error":"Error"/);
    t.notMatch(server.logged(), /SECRET/);
  }
  t.equal(ended, 2, 'closed is called once for each connection');
});

t.test('a frame that is binary, too long or not UTF-8 ends the connection', async (t) => {
  const server = await serveSocket(t, echo);
  const cases: [string, (ws: WebSocket) => void, number][] = [
    ['binary', (ws) => ws.send(Buffer.from('ab')), 1003],
    ['too long by one', (ws) => ws.send('x'.repeat(FRAME_BYTES_MAX + 1)), 1009],
    ['much too long', (ws) => ws.send('x'.repeat(60_000)), 1009],
    ['too long in bytes', (ws) => ws.send('é'.repeat(501)), 1009],
    ['huge: cut off, unread', (ws) => ws.send('x'.repeat(1_000_000)), 1006],
    ['not UTF-8', (ws) => ws.send(Buffer.from([0xff]), { binary: false }), 1006],
  ];
  for (const [name, act, code] of cases) {
    const { ws, closed, received } = await opened(server.address);
    act(ws);
    t.match(await closed, { code }, name);
    t.same(received, []);
  }
  const { ws, received } = await opened(server.address);
  ws.send('x'.repeat(FRAME_BYTES_MAX));
  await new Promise((resolve) => ws.once('message', resolve));
  t.equal(received[0]?.length, FRAME_BYTES_MAX);
  ws.terminate();
});

t.test('silence ends a connection with 1000, pings do not count as talk', async (t) => {
  const server = await serveSocket(t, echo, { idleSeconds: 0.2 });
  const { ws, closed } = await opened(server.address);
  const before = performance.now();
  await sleep(100);
  ws.send('x');
  const ping = setInterval(() => ws.ping(), 30);
  t.match(await closed, { code: 1000, reason: 'idle' });
  clearInterval(ping);
  const lived = performance.now() - before;
  t.ok(lived > 280 && lived < 2_000, `${lived} ms: the frame after 100 ms began a new silence`);
});

t.test('messages of a connection are worked on one after the other', async (t) => {
  const order: string[] = [];
  const server = await serveSocket(t, () => ({
    async message(text) {
      order.push(`begin ${text}`);
      await sleep(20);
      order.push(`end ${text}`);
    },
    closed: () => order.push('closed'),
  }));
  const { ws, closed } = await opened(server.address);
  for (const text of ['1', '2', '3']) ws.send(text);
  await sleep(100);
  ws.close();
  await closed;
  await sleep(10);
  const pairs = ['1', '2', '3'].flatMap((text) => [`begin ${text}`, `end ${text}`]);
  t.same(order, [...pairs, 'closed']);
});

t.test('frames that pile up end the connection, and are not worked on', async (t) => {
  let begun = 0;
  const server = await serveSocket(
    t,
    () => ({
      async message() {
        begun += 1;
        await sleep(20);
      },
      closed: () => {},
    }),
    {},
    { limits: { framesQueued: 2 } },
  );
  const { ws, closed } = await opened(server.address);
  for (let at = 0; at < 4; at += 1) ws.send('x');
  t.match(await closed, { code: 1008 });
  await sleep(60);
  t.equal(begun, 1);
});

t.test('nothing is sent after the end, and nothing breaks', async (t) => {
  const ends: string[] = [];
  let kept: Socket | undefined;
  const server = await serveSocket(t, (socket) => {
    kept = socket;
    return {
      async message(text) {
        if (text === 'close') socket.close(4001, 'asked');
        await sleep(20);
        socket.send({ late: true });
        socket.close(1000);
      },
      closed: () => ends.push('closed'),
    };
  });
  const asked = await opened(server.address);
  asked.ws.send('close');
  t.match(await asked.closed, { code: 4001, reason: 'asked' });
  t.same(asked.received, []);
  const gone = await opened(server.address);
  gone.ws.send('x');
  gone.ws.terminate();
  await sleep(50);
  kept?.sendText('more');
  kept?.close(1000);
  t.same(ends, ['closed', 'closed']);
  t.equal(server.logged(), '');
});

t.test('a relayed close is sent with a code that may be sent', async (t) => {
  const server = await serveSocket(t, (socket) => ({
    message: (text) => socket.close(Number(text), text === '4000' ? 'é'.repeat(62) : 'why'),
    closed: () => {},
  }));
  const codes = {
    1000: 1000,
    1005: 1000,
    1006: 1011,
    1015: 1011,
    999: 1011,
    1014: 1014,
    4999: 4999,
  };
  for (const [asked, sent] of Object.entries(codes)) {
    const { ws, closed } = await opened(server.address);
    ws.send(asked);
    t.match(await closed, { code: sent, reason: 'why' }, asked);
  }
  const { ws, closed } = await opened(server.address);
  ws.send('4000');
  t.match(await closed, { code: 4000, reason: '' }, 'a reason too long for its frame is left out');
});

t.test('a route may close the socket while it opens it', async (t) => {
  let ends = 0;
  const server = await serveSocket(t, (socket) => {
    socket.send({ pass: 0 });
    socket.close(1008, 'no');
    return {
      message: () => {},
      closed: () => {
        ends += 1;
      },
    };
  });
  const { closed, received } = client(server.address);
  t.match(await closed, { code: 1008, reason: 'no' });
  t.same(received, ['{"pass":0}']);
  await sleep(10);
  t.equal(ends, 1);
});

t.test('a client that reads nothing is cut off at its backlog', async (t) => {
  let ends = 0;
  const server = await serveSocket(
    t,
    (socket) => ({
      message() {
        for (let at = 0; at < 400; at += 1) socket.sendText('x'.repeat(50_000));
      },
      closed: () => {
        ends += 1;
      },
    }),
    {},
    { limits: { socketBacklogBytes: 100_000 } },
  );
  const { ws } = await opened(server.address);
  ws.pause();
  ws.send('go');
  await sleep(100);
  t.equal(ends, 1);
  ws.terminate();
});

t.test('a stop ends idle connections with 1001 and waits for the busy ones', async (t) => {
  const server = await serveSocket(t, (socket) => ({
    async message(text) {
      await sleep(60);
      socket.sendText(`done ${text}`);
    },
    closed: () => {},
  }));
  const idle = await opened(server.address);
  const busy = await opened(server.address);
  busy.ws.send('1');
  await sleep(20);
  const stopping = server.stop(5_000);
  t.match(await idle.closed, { code: 1001 });
  t.match(await busy.closed, { code: 1001 });
  t.same(busy.received, ['done 1']);
  await stopping;
});

t.test('a stop does not wait for a message that takes longer than its grace', async (t) => {
  const server = await serveSocket(t, () => ({
    message: () => new Promise<void>(() => {}),
    closed: () => {},
  }));
  const stuck = await opened(server.address);
  stuck.ws.send('x');
  await sleep(20);
  await server.stop(50);
  t.match(await stuck.closed, { code: 1001 });
});

t.test('half a handshake and a broken one leave no connection', async (t) => {
  let opens = 0;
  const server = await serveSocket(t, (socket) => {
    opens += 1;
    return echo(socket, { headers: {} });
  });
  const upgrade = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'];
  const noKey = await raw(server, request('GET /rps/ws', upgrade)).until(/\}$/);
  t.match(noKey, /^HTTP\/1.1 426/);
  const shortKey = request('GET /rps/ws', [...upgrade, 'Sec-WebSocket-Key: short']);
  t.match(await raw(server, shortKey).until(/\}$/), /^HTTP\/1.1 426/);
  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
  const posted = await raw(server, request('POST /rps/ws', [...upgrade, key])).until(/\}$/);
  t.match(posted, /^HTTP\/1.1 426/);
  const half = raw(server, `GET /rps/ws HTTP/1.1\r\nHost: a\r\n${key}\r\n`);
  await sleep(20);
  half.socket.destroy();
  t.equal(opens, 0);
});
