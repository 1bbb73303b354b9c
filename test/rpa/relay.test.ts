import { connect } from 'node:net';
import t from 'tap';
import { WebSocket } from 'ws';
import { relayTarget } from '../../src/rpa/relay.js';
import { authenticate, messageOf, startDemo } from './harness.js';

const { rps, rpa, another } = await startDemo();

/** Sends a request line as it is, which no HTTP client would, and gives the status. */
function rawStatus(requestLine: string, address = rpa.address): Promise<number> {
  const { hostname, port, host } = new URL(address);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let text = '';
    socket.on('data', (data) => {
      text += data;
    });
    socket.on('close', () => resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0)));
    socket.on('error', reject);
    socket.end(`${requestLine}\r\nHost: ${host}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    socket.setTimeout(3_000, () => socket.destroy());
  });
}

t.test('what lies below the prefix is relayed as it is, both ways', async (t) => {
  rps.reply = () => ({
    status: 403,
    body: '{"a":1}',
    headers: {
      'Content-Type': 'application/json',
      'X-From-Rps': 'yes',
      'Access-Control-Allow-Origin': '*',
      Connection: 'X-Hop',
      'X-Hop': 'no',
    },
  });
  const reply = await fetch(`${rpa.address}/rps/user/abc?x=1&y=%2F`, {
    method: 'PUT',
    body: '{"userId":"ü"}',
    headers: {
      'Content-Type': 'text/plain',
      'X-Forwarded-For': '6.6.6.6',
      'X-Forwarded-Host': 'evil.example',
      'X-Real-IP': '6.6.6.6',
      'X-Custom': 'kept',
      Cookie: 'a=b',
    },
  });
  t.equal(reply.status, 403);
  t.equal(reply.headers.get('x-from-rps'), 'yes');
  t.equal(reply.headers.get('access-control-allow-origin'), '*');
  t.equal(reply.headers.get('content-type'), 'application/json');
  t.equal(await reply.text(), '{"a":1}');
  const [seen] = rps.seen;
  t.equal(seen?.method, 'PUT');
  t.equal(seen?.url, '/rps/user/abc?x=1&y=%2F');
  t.equal(seen?.body, '{"userId":"ü"}');
  t.equal(seen?.headers.host, new URL(rpa.address).host, 'the Host the client asked for');
  t.equal(seen?.headers['content-type'], 'text/plain');
  t.equal(seen?.headers['x-custom'], 'kept');
  t.equal(seen?.headers.cookie, 'a=b');
  t.equal(seen?.headers['x-forwarded-for'], '127.0.0.1', 'no client says where it comes from');
  t.equal(seen?.headers['x-forwarded-host'], undefined);
  t.equal(seen?.headers['x-real-ip'], undefined);
});

t.test('all methods of the public API are relayed, preflights too, others are not', async (t) => {
  for (const method of ['GET', 'POST', 'PUT', 'OPTIONS']) {
    t.equal((await fetch(`${rpa.address}/rps/pass1`, { method })).status, 200, method);
  }
  t.same(
    rps.seen.map(({ method }) => method),
    ['GET', 'POST', 'PUT', 'OPTIONS'],
  );
  t.not((await fetch(`${rpa.address}/rps/pass1`, { method: 'DELETE' })).status, 200);
  t.equal(rps.seen.length, 4);
});

t.test('headers that the Connection header names stay on this side', async (t) => {
  const { hostname, port, host } = new URL(rpa.address);
  await new Promise<void>((resolve) => {
    const socket = connect(Number(port), hostname, () => {
      socket.end(
        `GET /rps/a HTTP/1.1\r\nHost: ${host}\r\nConnection: close, X-Secret\r\n` +
          'X-Secret: 1\r\nTE: trailers\r\nX-Kept: 1\r\n\r\n',
      );
    });
    socket.on('data', () => undefined);
    socket.on('close', () => resolve());
  });
  t.equal(rps.seen[0]?.headers['x-secret'], undefined);
  t.equal(rps.seen[0]?.headers['te'], undefined);
  t.equal(rps.seen[0]?.headers['x-kept'], '1');
});

t.test('no way of writing a path leads to a private route of the RPS', async (t) => {
  const targets = [
    '/authenticate',
    '//authenticate',
    '/rps/../authenticate',
    '/rps//../authenticate',
    '/rps/./../authenticate',
    '/rps/x/../../authenticate',
    '/rps/%2e%2e/authenticate',
    '/rps/%2E%2e/authenticate',
    '/rps/.%2e/authenticate',
    '/rps/..%2fauthenticate',
    '/rps/..%2Fauthenticate',
    '/rps%2f..%2fauthenticate',
    '/rps/..\\authenticate',
    '/rps/..%5cauthenticate',
    '/rps\\..\\authenticate',
    '/rps/%252e%252e/authenticate',
    '/rps/..;/authenticate',
    '/rps/.\t./authenticate',
    '/rps/%00/../authenticate',
    '/%72ps/../authenticate',
    '/rps/..',
    '/rps/../user/abc',
    'http://127.0.0.1/rps/../authenticate',
    'http://127.0.0.1/authenticate',
    '/RPS/../authenticate',
    '/rpsx/authenticate',
    '/rps/../../../../authenticate?a=/rps/',
    '/rps/#/../authenticate',
  ];
  for (const target of targets) {
    for (const method of ['POST', 'GET']) await rawStatus(`${method} ${target} HTTP/1.1`);
  }
  const escaped = rps.seen.filter(({ url }) => !/^\/rps\/(?!.*(\.\.|%2e|%2f|%5c|\\))/i.test(url));
  t.same(
    escaped.filter(({ url }) => !url.startsWith('/rps/..;/')),
    [],
  );
  // `..;` is an ordinary name to the URL standard and to our RPS; it must arrive as one.
  for (const { url } of rps.seen) t.ok(new URL(url, rps.url).pathname.startsWith('/rps/'), url);
});

t.test('the relay itself refuses what a lenient server might let through', async (t) => {
  const target = (path: string, query = '') =>
    relayTarget({ rpsUrl: 'http://rps:8011', prefix: 'rps' }, { path, query })?.href;
  for (const path of [
    '/rps/../authenticate',
    '/rps/%2e%2e/authenticate',
    '/rps/a%2f..%2f..%2fauthenticate',
    '/rps/..\\authenticate',
    '/rps/a%5cb',
    '/rps/%252e',
    '/rps/%00',
    '/rps/a\tb',
    '//evil.example/rps/a',
    '/rps',
    '/authenticate',
    '/rpsx/a',
  ]) {
    t.equal(target(path), undefined, path);
  }
  t.equal(target('/rps/user/ab%20c', 'x=%2e%2e'), 'http://rps:8011/rps/user/ab%20c?x=%2e%2e');
  t.equal(target('/rps/', '#/../x'), 'http://rps:8011/rps/?%23/../x');
});

t.test('a busy RPS is passed on with its Retry-After', async (t) => {
  rps.reply = () => ({ status: 503, headers: { 'Retry-After': '7' }, body: '{"message":"busy"}' });
  const reply = await fetch(`${rpa.address}/rps/pass1`, { method: 'POST', body: '{}' });
  t.equal(reply.status, 503);
  t.equal(reply.headers.get('retry-after'), '7');
  t.same(await reply.json(), { message: 'busy' });
  const login = await authenticate(rpa);
  t.equal(login.status, 503);
  t.equal(login.headers.get('retry-after'), '7');
});

t.test('without an RPS requests get 502 in JSON, and the demo lives on', async (t) => {
  const alone = await another({ RPSURL: 'http://127.0.0.1:9' });
  t.teardown(() => alone.stop());
  const reply = await fetch(`${alone.address}/rps/clientSettings`);
  t.equal(reply.status, 502);
  t.type(await messageOf(reply), 'string');
  t.equal((await authenticate(alone)).status, 502);
  t.equal((await fetch(`${alone.address}/`)).status, 200);
});

t.test('a slow RPS is 504 in JSON', async (t) => {
  rps.reply = () => ({ status: 200, body: '{}', delayMs: 60_000 });
  const started = performance.now();
  const reply = await authenticate(rpa);
  t.equal(reply.status, 504);
  t.type(await messageOf(reply), 'string');
  t.ok(performance.now() - started < 15_000);
});

t.test('a WebSocket is relayed frame by frame with its origin and address', async (t) => {
  const socket = new WebSocket(`${rpa.address}/rps/authenticationToken`, {
    origin: 'https://page.example',
    headers: { 'X-Forwarded-For': '6.6.6.6' },
  });
  const frames: string[] = [];
  socket.on('message', (data) => frames.push(String(data)));
  // Sent at once, before the RPS's side is open.
  socket.on('open', () => socket.send('{"pass":1}'));
  await until(() => frames.length === 1);
  socket.send('{"pass":2}');
  await until(() => frames.length === 2);
  t.same(frames, ['{"pass":1}', '{"pass":2}']);
  const [upstream] = rps.sockets;
  t.equal(upstream?.url, '/rps/authenticationToken');
  t.equal(upstream?.headers.origin, 'https://page.example');
  t.equal(upstream?.headers['x-forwarded-for'], '127.0.0.1');
  const closed = new Promise((resolve) => upstream?.socket.on('close', resolve));
  socket.close();
  await closed;
});

t.test('the close of the RPS reaches the client with its code', async (t) => {
  rps.onFrame = (socket) => {
    socket.send('{"pass":0}');
    socket.close(1008);
  };
  const { code, frames } = await danceOnce();
  t.equal(code, 1008);
  t.same(frames, ['{"pass":0}']);
});

t.test('a client hears of an RPS that refuses or dies before the close', async (t) => {
  rps.refuseUpgrade = 403;
  const refused = await danceOnce();
  t.equal(JSON.parse(refused.frames[0] ?? '').pass, 0);
  t.equal(refused.code, 1011);
  rps.refuseUpgrade = undefined;
  rps.onFrame = (socket) => socket.terminate();
  const died = await danceOnce();
  t.equal(JSON.parse(died.frames[0] ?? '').pass, 0);
  t.equal(died.code, 1011);
});

t.test('no other WebSocket of the RPS can be reached', async (t) => {
  for (const path of ['/rps/other', '/authenticationToken', '/rps/..%2fauthenticationToken']) {
    const socket = new WebSocket(rpa.address + path);
    await t.rejects(
      new Promise((resolve, reject) => {
        socket.on('open', resolve);
        socket.on('error', reject);
      }),
      path,
    );
  }
  t.equal(rps.sockets.length, 0);
});

async function danceOnce(): Promise<{ code: number; frames: string[] }> {
  const socket = new WebSocket(`${rpa.address}/rps/authenticationToken`);
  const frames: string[] = [];
  socket.on('message', (data) => frames.push(String(data)));
  socket.on('open', () => socket.send('{"pass":1}'));
  const code = await new Promise<number>((resolve) => socket.on('close', resolve));
  return { code, frames };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
