import { connect } from 'node:net';
import { pino } from 'pino';
import t from 'tap';
import { WebSocket } from 'ws';
import { loadOptions } from '../../src/config/load.js';
import { rpaOptions } from '../../src/config/rpa.js';
import type { RunningRole } from '../../src/ops/role.js';
import { issueMpinId } from '../../src/protocol/mpin-id.js';
import { relayTarget } from '../../src/rpa/relay.js';
import { startRpa } from '../../src/rpa/rpa.js';
import { type FakeRps, fakeRps } from './fake-rps.js';

const AUTH_OTT = 'ab'.repeat(16);
const MPIN_ID = issueMpinId('"><script>@example.com', 0, 1_700_000_000_000);
const KEY = 'cd'.repeat(32);

const links: string[] = [];
let nowMs = 1_700_000_000_000;

async function rpaFor(rps: { url: string }, flags: Record<string, unknown> = {}) {
  const given = { port: '0', RPSURL: rps.url, ...flags };
  const options = loadOptions(rpaOptions, { env: {}, flags: given });
  const context = { log: pino({ level: 'silent' }), clock: { now: () => nowMs } };
  return startRpa(options, context, { deliver: (_user, link) => links.push(link) });
}

let rps: FakeRps;
let rpa: RunningRole;

t.before(async () => {
  rps = await fakeRps();
  rpa = await rpaFor(rps);
});
t.teardown(async () => {
  await rpa.stop();
  await rps.close();
});
t.beforeEach(() => {
  rps.seen.length = 0;
  rps.sockets.length = 0;
  rps.reply = () => ({ status: 200, body: '{}' });
  rps.onFrame = (socket, text) => socket.send(text);
  rps.refuseUpgrade = undefined;
});

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
  const login = await authenticate();
  t.equal(login.status, 503);
  t.equal(login.headers.get('retry-after'), '7');
});

t.test('without an RPS requests get 502 in JSON, and the demo lives on', async (t) => {
  const alone = await rpaFor({ url: 'http://127.0.0.1:9' });
  t.teardown(() => alone.stop());
  const reply = await fetch(`${alone.address}/rps/clientSettings`);
  t.equal(reply.status, 502);
  t.type(await messageOf(reply), 'string');
  t.equal((await authenticate({}, alone)).status, 502);
  t.equal((await fetch(`${alone.address}/`)).status, 200);
});

t.test('a slow RPS is 504 in JSON', async (t) => {
  rps.reply = () => ({ status: 200, body: '{}', delayMs: 60_000 });
  const started = performance.now();
  const reply = await authenticate();
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

t.test('a login begins a session under a name of its own', async (t) => {
  rps.reply = ({ url }) =>
    url === '/authenticate'
      ? {
          status: 200,
          body: '{"status":200,"userId":"a<b@example.com","mpinId":"00","message":"m"}',
        }
      : { status: 404, body: '{}' };
  const planted = 'mpindemo_session=0000';
  const reply = await authenticate({ cookie: planted });
  t.equal(reply.status, 200);
  const cookie = reply.headers.get('set-cookie') ?? '';
  t.match(cookie, /^mpindemo_session=[0-9a-f]{64}; Max-Age=3600; Path=\/; HttpOnly; SameSite=Lax$/);
  t.same(
    rps.seen.map(({ url }) => url),
    ['/authenticate', '/loginResult'],
  );
  t.same(JSON.parse(rps.seen[0]?.body ?? ''), { authOTT: AUTH_OTT });

  const pair = cookie.split(';')[0] ?? '';
  const page = await fetch(`${rpa.address}/protected`, { headers: { cookie: pair } });
  t.equal(page.status, 200);
  t.match(await page.text(), 'a&lt;b@example.com', 'shown escaped');
  t.match(page.headers.get('content-security-policy'), /default-src 'none'/);

  const again = await authenticate({ cookie: pair });
  const second = again.headers.get('set-cookie')?.split(';')[0] ?? '';
  t.not(second, pair, 'rotated');
  t.equal((await protectedPage(pair)).status, 302, 'the old name is worth nothing');
  t.equal((await protectedPage(second)).status, 200);

  const out = await fetch(`${rpa.address}/logout`, {
    headers: { cookie: second },
    redirect: 'manual',
  });
  t.match(out.headers.get('set-cookie'), /^mpindemo_session=; Max-Age=0/);
  t.equal((await protectedPage(second)).status, 302);
  t.equal((await protectedPage(planted)).status, 302);
});

t.test('a session ends with its time, and the oldest when there are too many', async (t) => {
  rps.reply = () => ({ status: 200, body: '{"userId":"u"}' });
  const small = await rpaFor(rps, {
    sessionsMax: '2',
    sessionSeconds: '10',
    baseURL: 'https://pin.example',
  });
  t.teardown(() => small.stop());
  const login = async () => {
    const cookie = (await authenticate({}, small)).headers.get('set-cookie') ?? '';
    t.match(cookie, /; Secure$/, 'https alone');
    return cookie.split(';')[0] ?? '';
  };
  const cookies = [await login(), await login(), await login()];
  const statuses = async () =>
    Promise.all(cookies.map(async (cookie) => (await protectedPage(cookie, small)).status));
  t.same(await statuses(), [302, 200, 200]);
  nowMs += 10_000;
  t.same(await statuses(), [302, 302, 302]);
});

t.test('what the RPS decides is mirrored, and never logs anyone in', async (t) => {
  for (const status of [401, 403, 408, 410, 412]) {
    rps.reply = () => ({ status, body: `{"message":"m${status}","userId":"u"}` });
    const reply = await authenticate();
    t.equal(reply.status, status);
    t.equal(await messageOf(reply), `m${status}`);
    t.equal(reply.headers.get('set-cookie'), null);
  }
  for (const status of [201, 204, 302, 404, 500]) {
    rps.reply = () => ({ status, body: status === 204 ? '' : '{"userId":"u"}' });
    t.equal((await authenticate()).status, 502, `${status} is the RPS's trouble`);
  }
  rps.reply = () => ({ status: 200, body: 'not json' });
  t.equal((await authenticate()).status, 502, 'a success without a user is none');
});

t.test('a malformed login gets 400 in JSON and never reaches the RPS', async (t) => {
  const bodies = ['', '{', '[]', '{}', '{"mpinResponse":1}', '{"mpinResponse":{"authOTT":5}}'];
  for (const body of bodies) {
    const reply = await fetch(`${rpa.address}/mpinAuthenticate`, { method: 'POST', body });
    t.equal(reply.status, 400, body);
    t.type(await messageOf(reply), 'string');
  }
  t.equal(rps.seen.length, 0);
});

const REGISTRATION = {
  mpinId: MPIN_ID,
  userId: 'u@example.com',
  expireTime: '2026-01-01T00:00:00Z',
  activateKey: KEY,
  mobile: 0,
};

t.test('registrations are activated at once unless configured otherwise', async (t) => {
  const reply = await post('/mpinVerify', REGISTRATION);
  t.equal(reply.status, 200);
  t.same(await reply.json(), { forceActivate: true });
  t.equal(links.length, 0);
  for (const field of Object.keys(REGISTRATION)) {
    const { [field as 'userId']: _, ...rest } = REGISTRATION;
    t.equal((await post('/mpinVerify', rest)).status, 400, `without ${field}`);
  }
  t.equal((await fetch(`${rpa.address}/mpinPermitUser?mpin_id=${MPIN_ID}`)).status, 200);
});

t.test('callbacks are answered to the RPS alone', async (t) => {
  const closed = await rpaFor(rps, { allowFrom: '10.0.0.1' });
  t.teardown(() => closed.stop());
  t.equal((await post('/mpinVerify', REGISTRATION, closed)).status, 403);
  t.equal((await fetch(`${closed.address}/mpinPermitUser`)).status, 403);
  t.equal((await fetch(`${closed.address}/`)).status, 200);
});

t.test('an activation link shows whom it activates, and only its button does', async (t) => {
  const asking = await rpaFor(rps, { forceActivate: 'false', baseURL: 'http://pin.example:1' });
  t.teardown(() => asking.stop());
  const reply = await post('/mpinVerify', REGISTRATION, asking);
  t.same(await reply.json(), { forceActivate: false });
  const link = new URL(links.at(-1) ?? '');
  t.equal(link.origin, 'http://pin.example:1', 'from the configuration, never from a header');
  t.equal(link.searchParams.get('i'), MPIN_ID);
  t.equal(link.searchParams.get('e'), REGISTRATION.expireTime);

  const page = await fetch(asking.address + link.pathname + link.search);
  const text = await page.text();
  t.equal(page.status, 200);
  t.notMatch(text, '<script>', 'the user name is escaped');
  t.equal(page.headers.get('referrer-policy'), 'no-referrer');
  t.equal(rps.seen.length, 0, 'opening the link activates nothing');

  const form = new URLSearchParams({ i: MPIN_ID, s: KEY });
  const target = asking.address + link.pathname;
  t.equal((await fetch(target, { method: 'POST', body: form })).status, 200);
  t.equal(rps.seen[0]?.url, `/user/${MPIN_ID}`);
  t.same(JSON.parse(rps.seen[0]?.body ?? ''), { activateKey: KEY });

  rps.reply = () => ({ status: 403, body: '{"message":"no"}' });
  t.equal((await fetch(target, { method: 'POST', body: form })).status, 403);
  for (const bad of [{ i: '../authenticate', s: KEY }, { i: MPIN_ID, s: 'x' }, {}]) {
    const body = new URLSearchParams(bad as Record<string, string>);
    t.equal((await fetch(target, { method: 'POST', body })).status, 400);
  }
  t.equal(rps.seen.length, 2);
});

t.test('the first page says where to go, without scripts', async (t) => {
  const page = await fetch(`${rpa.address}/`);
  t.equal(page.status, 200);
  const text = await page.text();
  t.match(text, 'mpin client register');
  t.notMatch(text, '<script');
  const missing = await fetch(`${rpa.address}/nothing`);
  t.equal(missing.status, 404);
  t.equal(await messageOf(missing), 'URI NOT FOUND');
});

async function messageOf(reply: Response): Promise<unknown> {
  return ((await reply.json()) as { message?: unknown }).message;
}

function authenticate(headers: Record<string, string> = {}, at = rpa): Promise<Response> {
  return fetch(`${at.address}/mpinAuthenticate`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ mpinResponse: { authOTT: AUTH_OTT, version: '0.3', pass: 2 } }),
  });
}

function post(path: string, body: object, at = rpa): Promise<Response> {
  return fetch(at.address + path, { method: 'POST', body: JSON.stringify(body) });
}

function protectedPage(cookie: string, at = rpa): Promise<Response> {
  return fetch(`${at.address}/protected`, { headers: { cookie }, redirect: 'manual' });
}

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
