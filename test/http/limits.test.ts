/** What is refused, and how early: connections, late requests, rates, heads with two ends. */
import t from 'tap';
import { fetch } from 'undici';
import { WebSocket } from 'ws';
import type { Answer } from '../../src/http/call.js';
import { compileAddressList } from '../../src/http/peers.js';
import { AddressRates } from '../../src/http/rates.js';
import { raw, request, route, serve, sleep } from './harness.js';

const OK: Answer = { status: 200, body: {} };

t.test('a head that ends its body in two places is refused, whatever it asks for', async (t) => {
  let handled = 0;
  const count = () => {
    handled += 1;
    return OK;
  };
  const server = await serve(t, [route('POST', '/a', count), route('GET', '/a', count)]);
  const twice = ['Content-Length: 3', 'Content-Length: 5'];
  const heads = [
    request('POST /a', twice),
    request('GET /a', twice),
    request('POST /nowhere', twice),
    request('POST /a', ['Content-Length: 5', 'X: y', 'content-length: 3']),
    request('POST /a', ['Transfer-Encoding: gzip']),
    request('POST /a', ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity']),
  ];
  for (const head of heads) {
    const answered = await raw(server, `${head}abcde`).closed;
    t.match(answered, /^HTTP\/1.1 400 [\s\S]*Connection: close\r\n/, JSON.stringify(head));
    t.equal(answered.match(/HTTP\/1.1/g)?.length, 1, 'and nothing behind it is read');
  }
  t.equal(handled, 0);
  const same = raw(server, `${request('POST /a', ['Content-Length: 3', 'Content-Length: 3'])}abc`);
  t.match(await same.until(/\}$/), /^HTTP\/1.1 200/, 'said twice, it is still clear');
});

t.test(
  'a connection too many is told 503 before it has asked, and there is room again',
  async (t) => {
    const server = await serve(t, [route('GET', '/a')], { limits: { connections: 3 } });
    const open = [];
    for (let count = 0; count < 3; count += 1) {
      const connection = raw(server, request('GET /a'));
      await connection.until(/\}$/);
      open.push(connection);
    }
    t.equal(server.stats().connections, 3);
    const silent = await raw(server).closed;
    t.match(silent, /^HTTP\/1.1 503 [\s\S]*Retry-After: 1\r\n[\s\S]*"message":"Busy, try again"/);
    const asking = await fetch(`${server.address}/a`);
    t.equal(asking.status, 503, 'a client that has asked takes it for its answer');
    await asking.text();
    t.equal(server.stats().refused.connections, 2);
    open[0]?.socket.resetAndDestroy();
    while (server.stats().connections > 2) await sleep(5);
    t.match(await raw(server, request('GET /a')).until(/\}$/), /^HTTP\/1.1 200/);
  },
);

t.test('far too many connections are closed without a word', async (t) => {
  const limits = { connections: 1, connectionsSlack: 0 };
  const server = await serve(t, [route('GET', '/a')], { limits });
  const only = raw(server, request('GET /a'));
  await only.until(/\}$/);
  t.equal(await raw(server, request('GET /a')).closed, '');
  only.socket.write(request('GET /a'));
  t.match(await only.until(/\}HTTP[\s\S]*\}$/), /200 OK[\s\S]*200 OK/);
});

t.test('WebSockets count as connections until they end', async (t) => {
  const session = { message: () => {}, closed: () => {} };
  const sockets = [{ path: '/ws', frameBytesMax: 10, idleSeconds: 20, open: () => session }];
  const server = await serve(t, [], { sockets, limits: { connections: 2 } });
  for (let round = 0; round < 3; round += 1) {
    const ws = new WebSocket(server.address.replace('http', 'ws').concat('/ws'));
    await new Promise((resolve) => ws.once('open', resolve));
    t.match(server.stats(), { connections: 1, sockets: 1 });
    if (round === 1) ws.terminate();
    else ws.close();
    while (server.stats().connections > 0) await sleep(5);
  }
  t.same(server.stats(), {
    connections: 0,
    sockets: 0,
    inFlight: 0,
    refused: { connections: 0, turn: 0, sockets: 0, rate: 0 },
    certificateEndsAtMs: undefined,
  });
});

t.test('a server that is behind begins nothing new, and goes on with the rest', async (t) => {
  const block = () => {
    const until = performance.now() + 30;
    while (performance.now() < until);
    return OK;
  };
  const server = await serve(
    t,
    [
      route('POST', '/block', block),
      route('POST', '/begin', () => OK, { beginsWork: true }),
      route('POST', '/end', () => OK),
    ],
    { limits: { turnMs: 20, turnBehindMs: 5, turnCaughtUpMs: 10, turnRequests: 1 } },
  );
  const connect = async () => {
    const connection = raw(server, request('POST /end', ['Content-Length: 0']));
    await connection.until(/\}$/);
    return connection;
  };
  const [blocker, beginner, ender] = [await connect(), await connect(), await connect()];
  // All three lie ready when the loop turns to its sockets.
  blocker.socket.write(request('POST /block', [], 'x'));
  beginner.socket.write(request('POST /begin', ['Content-Length: 10000']));
  ender.socket.write(request('POST /end', [], 'x'));
  t.match(await beginner.until(/503/), /503 Service Unavailable[\s\S]*Retry-After: 1\r\n/);
  t.match(await ender.until(/\}HTTP[\s\S]*\}$/), /200 OK[\s\S]*200 OK/);
  t.equal(server.stats().refused.turn, 1);
  const later = await connect();
  later.socket.write(request('POST /begin', [], 'x'));
  t.match(await later.until(/\}HTTP[\s\S]*\}$/), /200 OK[\s\S]*200 OK/, 'a short turn ended it');
});

t.test('a route can refuse before the body is there, and the connection goes on', async (t) => {
  let full = true;
  const busy: Answer = { status: 503, body: { message: 'full' }, headers: { 'Retry-After': '1' } };
  const refuse = () => (full ? busy : undefined);
  const server = await serve(t, [route('POST', '/a', () => OK, { refuse })]);
  const connection = raw(server, request('POST /a', ['Content-Length: 5']));
  await connection.until(/503[\s\S]*"full"\}$/);
  full = false;
  connection.socket.write(`abcde${request('POST /a', [], 'x')}`);
  t.match(await connection.until(/200 OK/), /503 [\s\S]*200 OK/);
});

t.test('an address that asks or fails too often waits, and nobody else does', async (t) => {
  const server = await serve(
    t,
    [
      route('GET', '/a', () => OK),
      route('GET', '/bad', () => ({ status: 401 })),
      route('GET', '/private', () => OK, { access: 'private' }),
    ],
    {
      trustedProxies: ['127.0.0.1'],
      privateAllow: ['0.0.0.0/0'],
      rates: {
        requests: { perSecond: 0.5, burst: 6 },
        failures: { perSecond: 0.01, burst: 2 },
        addressesMax: 100,
      },
    },
  );
  const ask = async (path: string, from?: string) => {
    const headers = from === undefined ? {} : { 'x-forwarded-for': from };
    const reply = await fetch(server.address + path, { headers });
    await reply.text();
    return reply;
  };
  for (let count = 0; count < 6; count += 1) t.equal((await ask('/a', '192.0.2.1')).status, 200);
  const waiting = await ask('/a', '192.0.2.1');
  t.equal(waiting.status, 429);
  t.equal(waiting.headers.get('retry-after'), '2');
  t.equal((await ask('/private', '192.0.2.1')).status, 200, 'private routes have no rate');
  t.equal((await ask('/a', '192.0.2.2')).status, 200);
  for (let count = 0; count < 2; count += 1) t.equal((await ask('/bad', '192.0.2.3')).status, 401);
  t.equal((await ask('/a', '192.0.2.3')).status, 429, 'failed too often for anything');
  server.countFailure('192.0.2.4');
  server.countFailure('192.0.2.4');
  t.equal((await ask('/a', '192.0.2.4')).status, 429, 'what only a route knows counts too');
  for (let count = 0; count < 9; count += 1) t.equal((await ask('/bad')).status, 401);
  t.equal(server.stats().refused.rate, 3, 'a proxy that names no client is not its client');
  t.equal(server.logged(), '');
});

t.test('buckets fill again, count IPv6 by its /64, and take bounded room', async (t) => {
  const exempt = compileAddressList([]);
  const rates = new AddressRates(
    {
      requests: { perSecond: 2, burst: 2 },
      failures: { perSecond: 0, burst: 0 },
      addressesMax: 1_000,
    },
    exempt,
  );
  const [one, two, other] = ['2001:db8::1', '2001:db8:0:0:ffff::2', '2001:db8:0:1::1'] as const;
  t.equal(rates.admit(one, 0), 0);
  t.equal(rates.admit(two, 0), 0);
  t.equal(rates.admit(one, 0), 1, 'one network');
  t.equal(rates.admit(other, 0), 0);
  t.equal(rates.admit(one, 500), 0, 'half a second later there is one more');
  t.equal(rates.admit(two, 500), 1);
  rates.failed(one, 500);
  t.equal(rates.admit(one, 900), 1, 'without a rate failures cost nothing');
  t.equal(rates.admit(one, 60_000), 0);
  t.equal(rates.admit(one, 60_000), 0);
  t.equal(rates.admit(one, 60_000), 1, 'a full bucket overflows');
  for (let index = 0; index < 100; index += 1) rates.admit(`10.0.0.${index}`, 60_000);
  t.equal(rates.admit(one, 60_000), 1, 'some others do not wash it out');
  for (let index = 0; index < 5_000; index += 1) {
    rates.admit(`10.1.${index >> 8}.${index & 255}`, 60_000);
  }
  t.equal(rates.admit(one, 60_000), 0, 'very many do, for want of room');
});

t.test('every request is told of once, by its pattern and never by its path', async (t) => {
  const told: [string, number][] = [];
  const onAnswer = (pattern: string, status: number, ms: number) => {
    if (!(ms >= 0 && ms < 5_000)) throw new Error(`${ms} ms`);
    told.push([pattern, status]);
  };
  let asked = false;
  const server = await serve(
    t,
    [
      route('GET', '/user/:id', () => OK),
      route('GET', '/slow', async ({ aborted }) => {
        asked = true;
        await new Promise((resolve) => aborted.addEventListener('abort', resolve));
        return OK;
      }),
    ],
    { onAnswer },
  );
  await fetch(`${server.address}/user/secret-identity`);
  await fetch(`${server.address}/nowhere`);
  const gone = raw(server, request('GET /slow'));
  while (!asked) await sleep(5);
  gone.socket.resetAndDestroy();
  while (told.length < 3) await sleep(5);
  await sleep(40);
  t.same(told, [
    ['/user/:id', 200],
    ['', 404],
    ['/slow', 0],
  ]);
});
