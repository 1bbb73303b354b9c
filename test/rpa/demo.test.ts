import t from 'tap';
import { issueMpinId } from '../../src/protocol/mpin-id.js';
import { AUTH_OTT, authenticate, messageOf, startDemo } from './harness.js';

const MPIN_ID = issueMpinId('"><script>@example.com', 0, 1_700_000_000_000);
const KEY = 'cd'.repeat(32);

const demo = await startDemo();
const { rps, rpa, links, another } = demo;

t.test('a login begins a session under a name of its own', async (t) => {
  rps.reply = ({ url }) =>
    url === '/authenticate'
      ? {
          status: 200,
          body: '{"status":200,"userId":"a<b@example.com","mpinId":"00","message":"m"}',
        }
      : { status: 404, body: '{}' };
  const planted = 'mpindemo_session=0000';
  const reply = await authenticate(rpa, { cookie: planted });
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

  const again = await authenticate(rpa, { cookie: pair });
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
  const small = await another({
    sessionsMax: '2',
    sessionSeconds: '10',
    baseURL: 'https://pin.example',
  });
  t.teardown(() => small.stop());
  const login = async () => {
    const cookie = (await authenticate(small)).headers.get('set-cookie') ?? '';
    t.match(cookie, /; Secure$/, 'https alone');
    return cookie.split(';')[0] ?? '';
  };
  const cookies = [await login(), await login(), await login()];
  const statuses = async () =>
    Promise.all(cookies.map(async (cookie) => (await protectedPage(cookie, small)).status));
  t.same(await statuses(), [302, 200, 200]);
  demo.nowMs += 10_000;
  t.same(await statuses(), [302, 302, 302]);
});

t.test('what the RPS decides is mirrored, and never logs anyone in', async (t) => {
  for (const status of [401, 403, 408, 410, 412]) {
    rps.reply = () => ({ status, body: `{"message":"m${status}","userId":"u"}` });
    const reply = await authenticate(rpa);
    t.equal(reply.status, status);
    t.equal(await messageOf(reply), `m${status}`);
    t.equal(reply.headers.get('set-cookie'), null);
  }
  for (const status of [201, 204, 302, 404, 500]) {
    rps.reply = () => ({ status, body: status === 204 ? '' : '{"userId":"u"}' });
    t.equal((await authenticate(rpa)).status, 502, `${status} is the RPS's trouble`);
  }
  rps.reply = () => ({ status: 200, body: 'not json' });
  t.equal((await authenticate(rpa)).status, 502, 'a success without a user is none');
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
  const closed = await another({ allowFrom: '10.0.0.1' });
  t.teardown(() => closed.stop());
  t.equal((await post('/mpinVerify', REGISTRATION, closed)).status, 403);
  t.equal((await fetch(`${closed.address}/mpinPermitUser`)).status, 403);
  t.equal((await fetch(`${closed.address}/`)).status, 200);
});

t.test('an activation link shows whom it activates, and only its button does', async (t) => {
  const asking = await another({ forceActivate: 'false', baseURL: 'http://pin.example:1' });
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

t.test(
  'the first page has the pad, nothing inline, and connects where settings send it',
  async (t) => {
    const certivoxURL = 'http://hosted.example:1/';
    rps.reply = () => ({ status: 200, body: JSON.stringify({ certivoxURL, appID: 'mailto:x' }) });
    const page = await fetch(`${rpa.address}/`);
    t.equal(page.status, 200);
    const text = await page.text();
    t.match(text, 'mpin client register');
    t.match(text, '<mpin-pad');
    t.notMatch(text, /<script(?![^>]* src=)|<style| style=| on\w+=/);
    const policy = page.headers.get('content-security-policy') ?? '';
    const connect = policy.split('; ').find((part) => part.startsWith('connect-src'));
    t.match(connect, /^connect-src 'self' ws:\/\/127\.0\.0\.1:\d+ http:\/\/hosted\.example:1$/);
    t.notMatch(policy, 'unsafe');
    rps.reply = () => ({ status: 503, body: '{}' });
    t.equal((await fetch(`${rpa.address}/`)).status, 200, 'also while the RPS is not ready');
    const missing = await fetch(`${rpa.address}/nothing`);
    t.equal(missing.status, 404);
    t.equal(await messageOf(missing), 'URI NOT FOUND');
  },
);

function post(path: string, body: object, at = rpa): Promise<Response> {
  return fetch(at.address + path, { method: 'POST', body: JSON.stringify(body) });
}

function protectedPage(cookie: string, at = rpa): Promise<Response> {
  return fetch(`${at.address}/protected`, { headers: { cookie }, redirect: 'manual' });
}
