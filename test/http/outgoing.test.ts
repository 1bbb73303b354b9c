/** Outgoing calls and JSON bodies: what comes back, and what each failure is called. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import {
  booleanField,
  looseFlag,
  numberField,
  objectField,
  parseJsonObject,
  parseJsonText,
  textField,
} from '../../src/http/json.js';
import { createOutgoing, HOP_BY_HOP, OutgoingError } from '../../src/http/outgoing.js';
import { sleep } from './harness.js';

const BODY_BYTES_MAX = 10_000;

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function upstream(t: Test, handler: Handler): Promise<string> {
  const server: Server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

async function tcp(t: Test, handler: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    handler(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

function outgoing(t: Test, more: { timeoutMs?: number; connectionsMax?: number } = {}) {
  const made = createOutgoing({
    connectionsMax: 4,
    timeoutMs: 2_000,
    bodyBytesMax: BODY_BYTES_MAX,
    ...more,
  });
  t.teardown(() => made.close());
  return made;
}

/** Asserts the failure of a call: its reason, the host in its message, never the query. */
async function fails(t: Test, call: Promise<unknown>, reason: string, url: string) {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  t.ok(error instanceof OutgoingError, `${reason}: ${error}`);
  t.match(error, { reason });
  t.match((error as Error).message, new RegExp(`^${new URL(url).host}: ${reason}`));
  t.notMatch(`${error}${(error as Error).stack}`, /SECRET/);
}

t.test('a request arrives as it was made, and any status is a reply', async (t) => {
  const url = await upstream(t, (request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const { method, headers } = request;
      response.writeHead(418, { 'Set-Cookie': ['a=1', 'b=2'], 'X-One': 'y' });
      response.end(JSON.stringify({ method, url: request.url, headers, body }));
    });
  });
  const client = outgoing(t);
  const reply = await client.request({
    method: 'PUT',
    url: `${url}/a/b%20c?d=é&e=f`,
    headers: { host: 'public.example:8005', 'x-a': ['1', '2'] },
    body: 'bödy',
  });
  t.equal(reply.status, 418);
  t.same(reply.headers['set-cookie'], ['a=1', 'b=2']);
  t.equal(reply.headers['x-one'], 'y');
  const seen = JSON.parse(reply.body.toString());
  t.match(seen, { method: 'PUT', url: '/a/b%20c?d=%C3%A9&e=f', body: 'bödy' });
  t.match(seen.headers, { host: 'public.example:8005', 'x-a': '1, 2' });
  const bytes = await client.request({ method: 'POST', url, body: new Uint8Array([0x41]) });
  t.equal(JSON.parse(bytes.body.toString()).body, 'A');
});

t.test('getJson gives the object of a 200, and calls anything else a bad reply', async (t) => {
  const url = await upstream(t, (request, response) => {
    const replies: Record<string, [number, string]> = {
      '/ok': [200, '{"a":1}'],
      '/401': [401, '{"message":"Invalid signature"}'],
      '/redirect': [302, '{}'],
      '/array': [200, '[]'],
      '/html': [200, '<html>'],
      '/empty': [200, ''],
    };
    const [status, body] = replies[(request.url as string).split('?')[0] as string] ?? [404, ''];
    response.writeHead(status, { Location: '/ok' }).end(body);
  });
  const client = outgoing(t);
  t.same(await client.getJson(`${url}/ok`), { a: 1 });
  for (const path of ['/401', '/redirect', '/array', '/html', '/empty', '/nowhere']) {
    await fails(t, client.getJson(`${url}${path}?signature=SECRET`), 'bad-reply', url);
  }
  for (const [path, status] of [
    ['/401', 401],
    ['/array', 200],
  ] as const) {
    const error = await client.getJson(url + path).catch((thrown: unknown) => thrown);
    t.equal((error as OutgoingError).status, status);
  }
});

t.test('a server that is not there, hangs up or talks nonsense has a name', async (t) => {
  const client = outgoing(t);
  const gone = await tcp(t, (socket) => socket.destroy());
  const nonsense = await tcp(t, (socket) => socket.end('SSH-2.0-x\r\n'));
  const cut = await tcp(t, (socket) =>
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab'),
  );
  const heads = await tcp(t, (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`);
  });
  const closed = createTcpServer();
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
  const { port } = closed.address() as { port: number };
  await new Promise((resolve) => closed.close(resolve));
  const cases: [string, string][] = [
    [`http://127.0.0.1:${port}`, 'unreachable'],
    [gone, 'unreachable'],
    [cut, 'unreachable'],
    [nonsense, 'bad-reply'],
    [heads, 'too-large'],
  ];
  for (const [url, reason] of cases) {
    await fails(t, client.request({ method: 'GET', url: `${url}/a?s=SECRET` }), reason, url);
  }
});

t.test('what is no http URL is unreachable, and is not quoted', async (t) => {
  const client = outgoing(t);
  for (const url of ['/a?s=SECRET', 'ftp://127.0.0.1/a?s=SECRET', 'http://:0/?s=SECRET']) {
    const calls = [client.getJson(url), client.request({ method: 'GET', url })];
    for (const call of calls) {
      const error = await call.catch((thrown: unknown) => thrown);
      t.match(error, { name: 'OutgoingError', reason: 'unreachable' });
      t.notMatch(JSON.stringify(error) + (error as Error).stack, /SECRET/);
    }
  }
});

t.test('a reply longer than the limit is refused, declared or not', async (t) => {
  const url = await upstream(t, (request, response) => {
    if (request.url === '/declared') response.setHeader('Content-Length', BODY_BYTES_MAX + 1);
    if (request.url === '/fits') response.end('x'.repeat(BODY_BYTES_MAX));
    else response.end('x'.repeat(BODY_BYTES_MAX + 1));
  });
  const client = outgoing(t);
  const fits = await client.request({ method: 'GET', url: `${url}/fits` });
  t.equal(fits.body.length, BODY_BYTES_MAX);
  for (const path of ['/declared', '/chunked']) {
    await fails(t, client.request({ method: 'GET', url: url + path }), 'too-large', url);
  }
});

t.test('a call ends at its deadline, whatever part of the reply is missing', async (t) => {
  const silent = await tcp(t, () => {});
  const dripping = await tcp(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n');
    const drip = setInterval(() => socket.write('x'), 20);
    socket.on('close', () => clearInterval(drip));
  });
  const client = outgoing(t, { timeoutMs: 150 });
  for (const url of [silent, dripping]) {
    const before = performance.now();
    await fails(t, client.request({ method: 'GET', url }), 'timeout', url);
    const waited = performance.now() - before;
    t.ok(waited > 140 && waited < 1_500, `${waited} ms`);
  }
  const patient = outgoing(t);
  const short = patient.request({ method: 'GET', url: silent, timeoutMs: 60 });
  await fails(t, short, 'timeout', silent);
});

t.test('a call waits for a free connection only within its time', async (t) => {
  const url = await upstream(t, (request, response) => {
    setTimeout(() => response.end('{}'), request.url === '/slow' ? 400 : 0);
  });
  const client = outgoing(t, { connectionsMax: 1 });
  const slow = client.request({ method: 'GET', url: `${url}/slow` });
  const waiting = client.request({ method: 'GET', url: `${url}/fast`, timeoutMs: 100 });
  await fails(t, waiting, 'timeout', url);
  t.equal((await slow).status, 200);
});

t.test('a signal ends a call, also one that fired before', async (t) => {
  const url = await tcp(t, () => {});
  const client = outgoing(t);
  const controller = new AbortController();
  const call = client.request({ method: 'GET', url, signal: controller.signal });
  await sleep(20);
  controller.abort();
  await fails(t, call, 'aborted', url);
  const { signal } = controller;
  await fails(t, client.request({ method: 'GET', url, signal }), 'aborted', url);
});

t.test('headers of one connection have lower-case names', async (t) => {
  t.equal(HOP_BY_HOP.has('connection') && HOP_BY_HOP.has('transfer-encoding'), true);
  t.same(
    [...HOP_BY_HOP],
    [...HOP_BY_HOP].map((name) => name.toLowerCase()),
  );
  t.equal(HOP_BY_HOP.has('host'), false);
});

t.test('a body is a JSON object in UTF-8 or nothing', async (t) => {
  const bytes = (text: string) => Buffer.from(text);
  t.same(parseJsonObject(bytes(' {"a":"Zoë"}\n')), { a: 'Zoë' });
  for (const text of ['', ' ', '[]', 'null', '1', '"a"', '{', '{"a":1}x', '\ufeff{}', "{'a':1}"]) {
    t.equal(parseJsonObject(bytes(text)), undefined, text);
  }
  const bad = [
    [0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d],
    [0xc0, 0xaf],
    [0xed, 0xa0, 0x80],
  ];
  for (const list of bad) t.equal(parseJsonObject(new Uint8Array(list)), undefined);
  t.equal(parseJsonText('[{}]'), undefined);
  const whatever = fc.property(fc.uint8Array(), (list) => {
    const value = parseJsonObject(list);
    return value === undefined || (typeof value === 'object' && !Array.isArray(value));
  });
  fc.assert(whatever, { numRuns: 500 });
  const roundTrip = fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
    const text = JSON.stringify(object);
    return JSON.stringify(parseJsonObject(bytes(text))) === text;
  });
  fc.assert(roundTrip, { numRuns: 300 });
});

t.test('a field is what was sent under its name, of its type', async (t) => {
  const object = parseJsonText('{"t":"x","n":1.5,"b":false,"o":{"k":1},"a":[],"z":null,"h":1e999}');
  if (object === undefined) throw new Error('not parsed');
  t.equal(textField(object, 't'), 'x');
  t.equal(numberField(object, 'n'), 1.5);
  t.equal(numberField(object, 'h'), undefined, 'infinity is no number of ours');
  t.equal(booleanField(object, 'b'), false);
  t.same(objectField(object, 'o'), { k: 1 });
  for (const name of ['n', 'b', 'o', 'a', 'z', 'none', 'constructor', '__proto__', 'toString']) {
    t.equal(textField(object, name), undefined, name);
    if (name !== 'o') t.equal(objectField(object, name), undefined, name);
  }
});

t.test('a flag may be said in every way clients say it', async (t) => {
  for (const value of [true, 1, '1', 'true']) t.equal(looseFlag({ OTP: value }, 'OTP'), true);
  for (const value of [false, 0, '0', '', null, 'yes', 2, {}, []]) {
    t.equal(looseFlag({ OTP: value }, 'OTP'), false);
  }
  t.equal(looseFlag({}, 'OTP'), false);
});
