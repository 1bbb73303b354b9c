/** Requests and answers: paths, methods, bodies, errors, slow and rude clients. */
import t from 'tap';
import { fetch } from 'undici';
import { type Answer, type Call, HttpError } from '../../src/http/call.js';
import { startHttpServer } from '../../src/http/server.js';
import { BODY_BYTES_MAX, raw, request, route, serve, serverOptions, sleep } from './harness.js';

const echo = (call: Call): Answer => ({
  status: 200,
  body: { path: call.path, params: call.params, query: call.query, size: call.body.length },
});

t.test('an answer is raw UTF-8 JSON, not to be stored', async (t) => {
  const server = await serve(t, [
    route('GET', '/a', () => ({ status: 200, body: { name: 'Zoë ✓' } })),
  ]);
  const reply = await fetch(`${server.address}/a`);
  t.equal(reply.headers.get('content-type'), 'application/json; charset=utf-8');
  t.equal(reply.headers.get('cache-control'), 'no-store');
  t.notOk(reply.headers.has('uwebsockets'), 'the server does not say what it is made of');
  t.equal(Buffer.from(await reply.arrayBuffer()).toString(), '{"name":"Zoë ✓"}');
});

t.test('an answer may bring its own type, headers and bytes', async (t) => {
  const server = await serve(t, [
    route('GET', '/text', () => ({ status: 200, body: 'ab' })),
    route('GET', '/hex', () => ({
      status: 200,
      body: new Uint8Array([0x30, 0x31]),
      contentType: 'text/hex',
      headers: { 'Cache-Control': 'no-cache', 'Set-Cookie': ['a=1', 'b=2'] },
    })),
    route('GET', '/relayed', () => ({
      status: 200,
      body: '<p>',
      headers: { 'content-type': 'text/html', 'Content-Length': '99', Date: 'never' },
    })),
    route('GET', '/empty', () => ({ status: 200 })),
  ]);
  const get = (path: string) => raw(server, request(`GET ${path}`)).until(/\r\n\r\n/);
  t.match(await get('/text'), /Content-Type: text\/plain; charset=utf-8\r\n/);
  const hex = await get('/hex');
  t.match(hex, /Content-Type: text\/hex\r\n/);
  t.match(hex, /Cache-Control: no-cache\r\n/);
  t.match(hex, /Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n/);
  const relayed = await raw(server, request('GET /relayed')).until(/<p>$/);
  t.equal(relayed.match(/content-length/gi)?.length, 1, 'lengths are the server’s own');
  t.equal(relayed.match(/content-type/gi)?.length, 1);
  t.notMatch(relayed, /never/);
  t.match(await raw(server, request('GET /empty')).until(/Content-Length: 0\r\n\r\n$/), /200 OK/);
});

t.test('a header that would start another one is refused', async (t) => {
  const server = await serve(t, [
    route('GET', '/split', () => ({ status: 200, headers: { 'X-A': 'b\r\nSet-Cookie: c' } })),
    route('GET', '/name', () => ({ status: 200, headers: { 'X-A: b\r\nSet-Cookie': 'c' } })),
  ]);
  for (const path of ['/split', '/name']) {
    const reply = await fetch(server.address + path);
    t.equal(reply.status, 500);
    t.notOk(reply.headers.has('set-cookie'));
  }
});

t.test('paths match by segments, the special before the general', async (t) => {
  const name = (text: string) => (call: Call) => ({
    status: 200,
    body: { text, params: call.params, path: call.path },
  });
  const server = await serve(t, [
    route('GET', '/rps/*', name('rest')),
    route('GET', '/rps/user/:id', name('one')),
    route('PUT', '/rps/user/:other', name('put')),
    route('GET', '/rps/user/me', name('me')),
    route('GET', '/:a/x/:b', name('two')),
    route('GET', '/', name('root')),
  ]);
  const cases: [string, string, string[]][] = [
    ['/rps/user/me', 'me', []],
    ['/rps/user/m%65', 'me', []],
    ['//rps///user//7', 'one', ['7']],
    ['/rps/user/a%20b%2Fc%C3%AB', 'one', ['a b/cë']],
    ['/rps/user/', 'rest', []],
    ['/rps/', 'rest', []],
    ['/other/x/7', 'two', ['other', '7']],
    ['/rps/x/7', 'rest', []],
    ['/', 'root', []],
    ['//', 'root', []],
    ['/rps/deep/down/', 'rest', []],
  ];
  for (const [path, text, params] of cases) {
    const reply = await raw(server, request(`GET ${path}`)).until(/\}$/);
    const body = JSON.parse(reply.slice(reply.indexOf('\r\n\r\n') + 4));
    t.match(body, { text, path: path.replace(/\/+/g, '/') }, path);
    t.same(body.params.map(decodeLatin1), params, path);
  }
  const put = await fetch(`${server.address}/rps/user/9`, { method: 'PUT' });
  t.match(await put.json(), { text: 'put', params: ['9'] });
});

const decodeLatin1 = (text: string) => Buffer.from(text, 'latin1').toString();

t.test('a path with tricks reaches no route', async (t) => {
  const server = await serve(t, [route('GET', '/a/*', echo), route('GET', '/b', echo)]);
  const status = async (path: string) =>
    Number(/^HTTP\/1.1 (\d+)/.exec(await raw(server, request(`GET ${path}`)).until(/\}$/))?.[1]);
  for (const path of [
    '/a/../b',
    '/a/./b',
    '/a/..',
    '/a/%2e%2e/b',
    '/a/.%2E/b',
    '/a/%2e',
    '/a/x%2f..%2fb',
    '/a/..%5cb',
    '/b#c',
    '/b%2f',
    '/B',
    '/b/',
  ]) {
    t.equal(await status(path), 404, path);
  }
  for (const path of ['/a/%zz', '/%', '/a/%c3%28', '/a/%00', '/nowhere/%4']) {
    t.equal(await status(path), 400, path);
  }
  t.equal(await status('/a/...'), 200, 'three dots are a name');
  t.equal(await status('/a/.well-known'), 200);
});

t.test('a server is not started with a route path it would never match', async (t) => {
  for (const path of ['a', '/a//b', '/a/*/b', '/a/:', '/a%20', '/a?b']) {
    const start = startHttpServer(serverOptions([route('GET', path)]));
    await t.rejects(start, { message: /is not a route path/ }, path);
  }
});

t.test('a miss is said in JSON: 404, 405 with Allow, preflight everywhere', async (t) => {
  const server = await serve(t, [
    route('GET', '/a', echo),
    route('PUT', '/a', echo),
    route('POST', '/p', echo),
  ]);
  const ask = async (method: string, path: string) => {
    const reply = await fetch(server.address + path, { method });
    const text = await reply.text();
    return { status: reply.status, allow: reply.headers.get('allow'), text };
  };
  const missing = { version: '0.3', message: 'URI NOT FOUND' };
  t.same(JSON.parse((await ask('GET', '/nowhere')).text), missing);
  t.match(await ask('POST', '/nowhere'), { status: 404 });
  t.match(await ask('POST', '/a'), { status: 405, allow: 'GET, HEAD, OPTIONS, PUT' });
  t.match(await ask('HEAD', '/p'), { status: 405, allow: 'OPTIONS, POST', text: '' });
  t.match(await ask('BREW', '/p'), { status: 405, text: /"status":405/ });
  for (const path of ['/a', '/nowhere', '/a/../b', '/%zz']) {
    const reply = await raw(server, request(`OPTIONS ${path}`)).until(/\}$/);
    t.match(reply, /^HTTP\/1.1 200 OK[\s\S]*options request/, path);
  }
});

t.test('HEAD answers as GET does, without a body', async (t) => {
  const server = await serve(t, [route('GET', '/a', echo)]);
  const connection = raw(server, request('HEAD /a'));
  const head = await connection.until(/\r\n\r\n/);
  t.match(head, /Content-Length: 45\r\n/);
  t.match(head, /\r\n\r\n$/);
  const get = await raw(server, request('GET /a')).until(/\}$/);
  t.match(get, /Content-Length: 45\r\n/);
});

t.test('a thrown error is the answer it stands for, and tells no secret', async (t) => {
  class Full extends Error {}
  const server = await serve(
    t,
    [
      route('GET', '/http', () => {
        throw new HttpError(401, 'who?', { 'X-Why': 'x' });
      }),
      route('GET', '/later', async () => {
        await sleep(1);
        throw new HttpError(408, 'late');
      }),
      route('GET', '/full', () => {
        throw new Full();
      }),
      route('POST', '/bug/:id', (call) => JSON.parse(Buffer.from(call.body).toString())),
      route('GET', '/thrown', async () => {
        throw 'a text';
      }),
    ],
    {
      errorAnswer: (error) =>
        error instanceof Full
          ? { status: 503, body: { message: 'full' }, headers: { 'Retry-After': '1' } }
          : undefined,
    },
  );
  const http = await fetch(`${server.address}/http`);
  t.equal(http.status, 401);
  t.equal(http.headers.get('www-authenticate'), 'Authenticate');
  t.equal(http.headers.get('x-why'), 'x');
  t.same(await http.json(), { version: '0.3', status: 401, message: 'who?' });
  t.equal((await fetch(`${server.address}/later`)).status, 408);
  const full = await fetch(`${server.address}/full`);
  t.match([full.status, full.headers.get('retry-after')], [503, '1']);
  t.equal(server.logged(), '', 'answers that were meant are not errors of ours');
  const bug = await fetch(`${server.address}/bug/ID7`, { method: 'POST', body: '{SECRET' });
  t.same(await bug.json(), { version: '0.3', status: 500, message: 'Internal Server Error' });
  t.match(server.logged(), /"route":"\/bug\/:id","error":"SyntaxError"/);
  t.notMatch(server.logged(), /SECRET|ID7/);
  t.equal((await fetch(`${server.address}/thrown`)).status, 500);
});

t.test('no error has an empty body', async (t) => {
  const bodies: Answer['body'][] = [undefined, '', new Uint8Array(0)];
  const server = await serve(
    t,
    bodies.map((body, at) =>
      route('GET', `/${at}`, () => (body === undefined ? { status: 410 } : { status: 410, body })),
    ),
  );
  for (const at of bodies.keys()) {
    const reply = await fetch(`${server.address}/${at}`);
    t.same(await reply.json(), { version: '0.3', status: 410, message: 'Gone' });
  }
});

t.test('a body arrives whole, in one piece, in many, in chunks', async (t) => {
  const server = await serve(t, [
    route('POST', '/b', (call) => ({ status: 200, body: Buffer.from(call.body) })),
  ]);
  t.match(await raw(server, request('POST /b', [], 'hello')).until(/hello$/), /200 OK/);
  const slow = raw(server, request('POST /b', ['Content-Length: 6']));
  for (const part of ['ab', 'cd', 'ef']) {
    await sleep(10);
    slow.socket.write(part);
  }
  t.match(await slow.until(/abcdef$/), /200 OK/);
  const chunked = raw(server, request('POST /b', ['Transfer-Encoding: chunked']));
  await sleep(10);
  chunked.socket.write('3\r\nabc\r\n');
  await sleep(10);
  chunked.socket.write('2\r\nde\r\n0\r\n\r\n');
  t.match(await chunked.until(/abcde$/), /200 OK/);
  t.match(await raw(server, request('POST /b')).until(/Content-Length: 0\r\n\r\n$/), /200 OK/);
});

t.test('a body above the limit gets 413, and the connection goes on', async (t) => {
  let handled = 0;
  const count = (call: Call): Answer => {
    handled += 1;
    return { status: 200, body: { size: call.body.length } };
  };
  const server = await serve(t, [
    route('POST', '/b', count),
    route('POST', '/small', count, { bodyBytesMax: 4 }),
  ]);
  const full = 'x'.repeat(BODY_BYTES_MAX);
  t.match(await raw(server, request('POST /b', [], full)).until(/\}$/), /"size":4096/);
  const declared = raw(server, request('POST /b', ['Content-Length: 100000']));
  t.match(await declared.until(/\}$/), /413 Payload Too Large/, 'before the body is sent');
  declared.socket.write('x'.repeat(100_000) + request('POST /b', [], 'after'));
  t.match(await declared.until(/"size":5/), /Access-Control-Allow-Origin: \*/);
  const chunk = `1000\r\n${full}\r\n`;
  const chunked = raw(server, request('POST /b', ['Transfer-Encoding: chunked']) + chunk);
  await sleep(20);
  chunked.socket.write(`${chunk}0\r\n\r\n${request('POST /small', [], 'four')}`);
  t.match(await chunked.until(/"size":4\}/), /413 Payload Too Large/);
  t.match(await raw(server, request('POST /small', [], 'fives')).until(/\}$/), /413/);
  t.equal(handled, 3, 'no route saw a body that was too long');
});

t.test('a body that does not come to an end gets 408 and is cut off', async (t) => {
  const server = await serve(t, [route('POST', '/b', echo)], { limits: { bodySeconds: 0.15 } });
  const slow = raw(server, `${request('POST /b', ['Content-Length: 50'])}a`);
  const drip = setInterval(() => slow.socket.write('a'), 30);
  t.teardown(() => clearInterval(drip));
  t.match(await slow.closed, /^HTTP\/1.1 408 Request Timeout[\s\S]*"status":408/);
});

t.test('what is no HTTP is refused, and the server goes on', async (t) => {
  const server = await serve(t, [route('POST', '/b', echo), route('GET', '/a', echo)]);
  const refused: [string, string, RegExp][] = [
    ['length and chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked', /^HTTP\/1.1 400/],
    ['a length that is no number', 'Content-Length: 5x', /^HTTP\/1.1 400/],
    ['a negative length', 'Content-Length: -5', /^HTTP\/1.1 400/],
    ['a header too long', `X-Long: ${'a'.repeat(5000)}`, /^HTTP\/1.1 431/],
    ['many headers', 'X-A: b\r\n'.repeat(200).trimEnd(), /^HTTP\/1.1 431/],
  ];
  for (const [name, header, expected] of refused) {
    const reply = await raw(server, `${request('POST /b', [header])}hello`).closed;
    t.match(reply, expected, name);
  }
  t.match(await raw(server, 'GET /a HTTP/1.0\r\nHost: x\r\n\r\n').closed, /^HTTP\/1.1 505/);
  const garbage = raw(server, '\x16\x03\x01\x02\x00\x01\r\n\r\n');
  await sleep(20);
  garbage.socket.destroy();
  t.equal((await fetch(`${server.address}/a`)).status, 200);
});

t.test('requests follow each other on a connection, at once or later', async (t) => {
  const server = await serve(t, [
    route('GET', '/now', () => ({ status: 200, body: 'now' })),
    route('GET', '/later', async () => {
      await sleep(20);
      return { status: 200, body: 'later' };
    }),
  ]);
  const pipelined = raw(server, request('GET /now').repeat(3));
  t.match(await pipelined.until(/(now[\s\S]*){3}/), /200 OK/, 'answered at once: pipelining works');
  const kept = raw(server, request('GET /later'));
  await kept.until(/later$/);
  kept.socket.write(request('GET /now'));
  t.match(await kept.until(/now$/), /200 OK/);
  const rude = raw(server, request('GET /later').repeat(2));
  t.equal(await rude.closed, '', 'pipelining into an answer under way ends the connection');
  const closing = raw(server, request('GET /now', ['Connection: close']));
  t.match(await closing.closed, /now$/);
});
