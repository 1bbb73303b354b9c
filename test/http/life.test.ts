/** The life of requests and of the server: aborts, slow readers, busy ports, stopping. */
import { createServer } from 'node:net';
import t from 'tap';
import { fetch } from 'undici';
import type { Answer, Call } from '../../src/http/call.js';
import { startHttpServer } from '../../src/http/server.js';
import { raw, request, route, serve, serverOptions, sleep } from './harness.js';

const echo = (call: Call): Answer => ({ status: 200, body: { path: call.path } });

t.test('a client that goes away is told to the route, and harms nobody', async (t) => {
  const aborted: string[] = [];
  const wait = (name: string) => async (call: Call) => {
    const { aborted: signal } = call;
    entered += 1;
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    aborted.push(name);
    await sleep(5);
    return { status: 200, body: { late: true } };
  };
  let handled = 0;
  let entered = 0;
  const server = await serve(t, [
    route('GET', '/get', wait('get')),
    route('POST', '/post', wait('post')),
    route('POST', '/count', () => {
      handled += 1;
      return { status: 200 };
    }),
    route('GET', '/asked-late', async (call) => {
      entered += 1;
      await sleep(40);
      aborted.push(`late ${call.aborted.aborted}`);
      return { status: 200 };
    }),
  ]);
  const partial = [
    'POST /cou',
    'POST /count HTTP/1.1\r\nHost: a\r\nX-Hal',
    `${request('POST /count', ['Content-Length: 9'])}half`,
    `${request('POST /count', ['Transfer-Encoding: chunked'])}5\r\nhal`,
  ];
  for (const text of partial) {
    const connection = raw(server, text);
    await sleep(20);
    connection.socket.resetAndDestroy();
  }
  const whole = [request('GET /get'), request('POST /post', [], 'x'), request('GET /asked-late')];
  for (const [index, text] of whole.entries()) {
    const connection = raw(server, text);
    while (entered <= index) await sleep(5);
    connection.socket.resetAndDestroy();
  }
  while (aborted.length < whole.length) await sleep(5);
  t.same(aborted, ['get', 'post', 'late true']);
  t.equal(handled, 0);
  t.equal((await fetch(`${server.address}/count`, { method: 'POST' })).status, 200);
  t.equal(server.logged(), '');
});

t.test('a half-closed client gets what is answered at once, and no more', async (t) => {
  let aborted = false;
  const server = await serve(t, [
    route('GET', '/now', echo),
    route('GET', '/later', async (call) => {
      call.aborted.addEventListener('abort', () => {
        aborted = true;
      });
      await sleep(30);
      return { status: 200 };
    }),
  ]);
  const now = raw(server, request('GET /now'));
  now.socket.end();
  t.match(await now.closed, /^HTTP\/1.1 200/);
  const later = raw(server, request('GET /later'));
  later.socket.end();
  t.equal(await later.closed, '', 'uWebSockets.js takes a half-closed socket for a closed one');
  t.equal(aborted, true);
});

t.test('a long answer reaches a slow reader whole', async (t) => {
  const long = 'é'.repeat(4_000_000);
  const server = await serve(t, [route('GET', '/long', () => ({ status: 200, body: long }))]);
  const slow = raw(server, request('GET /long', ['Connection: close']));
  slow.socket.pause();
  await sleep(50);
  slow.socket.resume();
  const text = await slow.closed;
  const head = text.slice(0, text.indexOf('\r\n\r\n') + 4);
  t.match(head, /Content-Length: 8000000\r\n/);
  t.equal(text.length - head.length, 8_000_000);
  const gone = raw(server, request('GET /long'));
  gone.socket.pause();
  await sleep(20);
  gone.socket.resetAndDestroy();
  t.equal((await (await fetch(`${server.address}/long`)).text()).length, 4_000_000);
});

t.test('a stop waits for a long answer to be out', async (t) => {
  const long = 'x'.repeat(8_000_000);
  let asked = false;
  const server = await serve(t, [
    route('GET', '/long', () => {
      asked = true;
      return { status: 200, body: long };
    }),
  ]);
  const slow = raw(server, request('GET /long'));
  slow.socket.pause();
  while (!asked) await sleep(5);
  const stopping = server.stop(5_000);
  await sleep(50);
  slow.socket.resume();
  const text = await slow.closed;
  t.equal(text.length - text.indexOf('\r\n\r\n') - 4, 8_000_000);
  await stopping;
});

t.test('a port in use and a host of another machine are named', async (t) => {
  const server = await serve(t, []);
  await t.rejects(startHttpServer({ ...serverOptions([]), port: server.port }), {
    message: `cannot listen on 127.0.0.1:${server.port}: the port is in use (EADDRINUSE)`,
    code: 'EADDRINUSE',
  });
  const foreign = createServer();
  await new Promise<void>((resolve) => foreign.listen(0, '127.0.0.1', resolve));
  t.teardown(() => void foreign.close());
  const { port } = foreign.address() as { port: number };
  await t.rejects(startHttpServer({ ...serverOptions([]), port }), { code: 'EADDRINUSE' });
  await t.rejects(startHttpServer({ ...serverOptions([]), host: '192.0.2.1', port: 0 }), {
    message: /192\.0\.2\.1:0: check host and port \(EADDRNOTAVAIL\)/,
  });
});

t.test('a stop lets what is in flight finish, and refuses what is new', async (t) => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let asked = false;
  const server = await serve(t, [
    route('GET', '/held', async () => {
      asked = true;
      await held;
      return { status: 200, body: { held: true } };
    }),
    route('GET', '/a', echo),
  ]);
  const idle = raw(server, request('GET /a'));
  await idle.until(/\}$/);
  const busy = raw(server, request('GET /held'));
  while (!asked) await sleep(5);
  let stopped = false;
  const stopping = server.stop(5_000).then(() => {
    stopped = true;
  });
  await sleep(20);
  t.equal(stopped, false);
  await t.rejects(fetch(`${server.address}/a`), 'nobody listens');
  idle.socket.write(request('GET /a'));
  t.match(await idle.closed, /Connection: close\r\n/, 'an open connection is served and closed');
  release();
  t.match(await busy.closed, /Connection: close[\s\S]*"held":true/);
  await stopping;
  await server.stop(0);
});

t.test('a stop does not wait longer than its grace', async (t) => {
  let asked = false;
  const server = await serve(t, [
    route('GET', '/never', () => {
      asked = true;
      return new Promise<Answer>(() => {});
    }),
  ]);
  const stuck = raw(server, request('GET /never'));
  while (!asked) await sleep(5);
  const before = performance.now();
  await server.stop(100);
  const waited = performance.now() - before;
  t.ok(waited >= 95 && waited < 10_000, `${waited} ms`);
  t.equal(await stuck.closed, '');
});
