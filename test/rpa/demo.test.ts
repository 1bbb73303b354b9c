import { readFileSync } from 'node:fs';
import t from 'tap';
import { Agent, request } from 'undici';
import { issueMpinId } from '../../src/protocol/mpin-id.js';
import { CertificateFolder } from '../http/certificates.js';
import { fakeRps } from './fake-rps.js';
import {
  AUTH_OTT,
  authenticate,
  formTokenOf,
  logIn,
  messageOf,
  postForm,
  protectedPage,
  startDemo,
} from './harness.js';

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
  const { logoutData, ...told } = JSON.parse(rps.seen[0]?.body ?? '');
  t.same(told, { authOTT: AUTH_OTT, logoutURL: '/logout' });
  t.notMatch(cookie, logoutData.logoutToken, 'the phone never hears the name of the session');

  const pair = cookie.split(';')[0] ?? '';
  const page = await fetch(`${rpa.address}/protected`, { headers: { cookie: pair } });
  t.equal(page.status, 200);
  t.match(await page.text(), 'a&lt;b@example.com', 'shown escaped');
  t.match(page.headers.get('content-security-policy'), /default-src 'none'/);

  const again = await authenticate(rpa, { cookie: pair });
  const second = again.headers.get('set-cookie')?.split(';')[0] ?? '';
  t.not(second, pair, 'rotated');
  t.equal((await protectedPage(pair, rpa)).status, 302, 'the old name is worth nothing');
  t.equal((await protectedPage(second, rpa)).status, 200);

  const out = await fetch(`${rpa.address}/logout`, {
    headers: { cookie: second },
    redirect: 'manual',
  });
  t.match(out.headers.get('set-cookie'), /^mpindemo_session=; Max-Age=0/);
  t.equal((await protectedPage(second, rpa)).status, 302);
  t.equal((await protectedPage(planted, rpa)).status, 302);
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
  expireTime: '2023-11-14T23:13:20Z',
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
  const asking = await another({
    forceActivate: 'false',
    showActivationLinks: 'true',
    baseURL: 'http://pin.example:1',
  });
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

  const answers: [number, number, RegExp][] = [
    [403, 403, /wrong or missing/],
    [401, 410, /register again/],
    [500, 502, /try again/],
    [503, 503, /still good/],
  ];
  for (const [status, shown, words] of answers) {
    rps.reply = () => ({ status, body: '{"message":"no"}' });
    const refused = await fetch(target, { method: 'POST', body: form });
    t.equal(refused.status, shown);
    t.match(await refused.text(), words);
  }
  rps.seen.length = 0;
  for (const bad of [{ i: '../authenticate', s: KEY }, { i: MPIN_ID, s: 'x' }, {}]) {
    const body = new URLSearchParams(bad as Record<string, string>);
    t.equal((await fetch(target, { method: 'POST', body })).status, 400);
    t.equal((await fetch(`${target}?${body}`)).status, 400);
  }
  const late = new URL(page.url);
  late.searchParams.set('e', '2023-11-14T22:13:20Z');
  const expired = await fetch(late);
  t.equal(expired.status, 410);
  t.notMatch(await expired.text(), '<button', 'nothing to press that would not work');
  t.equal(rps.seen.length, 0);
});

t.test('what would only look as if it worked is refused at the start', async (t) => {
  const cases: [Record<string, unknown>, RegExp][] = [
    [{ forceActivate: 'false' }, /nothing delivers activation links/],
    [{ smtpServer: 'mail.example' }, /emailSender/],
    [{ adminUsers: 'a@example.com' }, /adminUsers needs forceActivate off/],
    [{ adminToken: 'short' }, /admin-token: shorter than 32/],
    [{ brandColour: 'red;}' }, /not a colour/],
  ];
  for (const [flags, message] of cases) {
    await t.rejects(async () => another(flags), { name: 'ConfigError', message });
  }
});

t.test('pages have the name and the colour they are told', async (t) => {
  const branded = await another({ brandName: 'Fish & Chips', brandColour: '#FFEE00' });
  t.teardown(() => branded.stop());
  const text = await (await fetch(`${branded.address}/`)).text();
  t.match(text, 'Fish &amp; Chips');
  const { cookie } = await logIn(demo, branded, 'u');
  const inside = await (await protectedPage(cookie, branded)).text();
  t.match(inside, 'Fish &amp; Chips');
  t.match(inside, 'background:#FFEE00;color:#000', 'black on yellow');
  const css = await fetch(branded.address + (/href="(\/brand[^"]*)"/.exec(text)?.[1] ?? ''));
  t.match(css.headers.get('content-type'), /^text\/css/);
  t.match(await css.text(), '#FFEE00');
  const home = await fetch(`${branded.address}/`, { headers: { cookie } });
  t.match(await home.text(), 'src="/logout-watch.js"');
  t.notMatch(text, 'logout-watch', 'who is not logged in would be sent in circles');
});

t.test('a one-time password comes with the times that clients need', async (t) => {
  rps.reply = () => ({ status: 200, body: '{"userId":"u","OTP":"012345"}' });
  const reply = (await (await authenticate(rpa)).json()) as Record<string, unknown>;
  t.match(reply, { nowTime: demo.nowMs, expireTime: demo.nowMs + 60_000, ttlSeconds: 60 });
  t.equal(reply['OTP'], undefined, 'the client has it already');
});

t.test('another site can neither log its visitors in nor out', async (t) => {
  const { cookie } = await logIn(demo, rpa, 'u');
  rps.seen.length = 0;
  const foreign = [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
  ];
  for (const headers of foreign as Record<string, string>[]) {
    t.equal((await authenticate(rpa, { ...headers, cookie })).status, 403);
    const init = { headers: { ...headers, cookie }, redirect: 'manual' } as const;
    t.equal((await fetch(`${rpa.address}/logout`, init)).headers.get('set-cookie'), null);
  }
  t.equal(rps.seen.length, 0);
  const forged = { everywhere: '1', token: '0'.repeat(64) };
  for (const fields of [{}, { token: '' }, forged] as Record<string, string>[]) {
    t.equal((await postForm(`${rpa.address}/logout`, fields, { cookie })).status, 403);
  }
  t.equal((await protectedPage(cookie, rpa)).status, 200, 'still there');
  t.equal((await authenticate(rpa, { 'sec-fetch-site': 'same-origin' })).status, 200);
});

t.test('log out here ends one session, log out everywhere all of that user', async (t) => {
  const cookies: string[] = [];
  for (const user of ['u', 'u', 'u', 'other']) cookies.push((await logIn(demo, rpa, user)).cookie);
  const statuses = () =>
    Promise.all(cookies.map(async (cookie) => (await protectedPage(cookie, rpa)).status));
  const [first = '', second = ''] = cookies;
  const logOut = async (cookie: string, fields = {}) => {
    const token = await formTokenOf(await protectedPage(cookie, rpa));
    return postForm(`${rpa.address}/logout`, { ...fields, token }, { cookie });
  };
  const here = await logOut(first);
  t.equal(here.status, 303);
  t.match(here.headers.get('set-cookie'), /^mpindemo_session=; Max-Age=0/);
  t.same(await statuses(), [302, 200, 200, 200]);
  await logOut(second, { everywhere: '1' });
  t.same(await statuses(), [302, 302, 302, 200]);
  const again = await postForm(`${rpa.address}/logout`, {}, { cookie: first });
  t.equal(again.status, 303, 'who is logged out already sees no error');
});

t.test('the phone that logged a browser in can log it out, and the page hears of it', async (t) => {
  const { cookie, told } = await logIn(demo, rpa, 'u');
  const bystander = await logIn(demo, rpa, 'u');
  t.not(told.logoutData.logoutToken, bystander.told.logoutData.logoutToken);
  const page = await protectedPage(cookie, rpa);
  const text = await page.text();
  t.notMatch(text, told.logoutData.logoutToken);
  const script = /src="([^"]+)"/.exec(text)?.[1] ?? '';
  t.match(page.headers.get('content-security-policy'), /script-src 'self'; connect-src 'self'/);
  const watch = await fetch(rpa.address + script);
  t.match(watch.headers.get('content-type'), /^text\/javascript/);
  t.match(await watch.text(), "fetch('/logoutWait'");

  const over = fetch(`${rpa.address}/logoutWait`, { headers: { cookie } });
  // JSON as text/plain: what phones send (contract §1, 12).
  const logOut = (body: object) =>
    fetch(rpa.address + told.logoutURL, { method: 'POST', body: JSON.stringify(body) });
  const name = cookie.split('=')[1];
  for (const wrong of [{}, { logoutToken: '' }, { logoutToken: name }, { sessionToken: name }]) {
    t.equal((await logOut(wrong)).status, 400, 'unknown');
  }
  t.equal((await protectedPage(cookie, rpa)).status, 200);
  const out = await logOut(told.logoutData);
  t.same([out.status, await out.text()], [200, '']);
  t.same([(await over).status, await (await over).text()], [200, 'OK']);
  t.equal((await protectedPage(cookie, rpa)).status, 302);
  t.equal((await protectedPage(bystander.cookie, rpa)).status, 200);
  t.equal((await logOut(told.logoutData)).status, 400, 'it works once');
  t.equal((await fetch(`${rpa.address}/logoutWait`, { headers: { cookie } })).status, 200);
});

t.test('pages that wait hold up neither a stop nor one another', async (t) => {
  const own = await another({});
  const { cookie } = await logIn(demo, own, 'u');
  const gone = new AbortController();
  const wait = (init: RequestInit = {}) =>
    fetch(`${own.address}/logoutWait`, { headers: { cookie }, ...init });
  const first = wait({ signal: gone.signal });
  const waits = Array.from({ length: 8 }, () => wait());
  const full = await Promise.race([...waits, wait()]);
  t.equal(full.status, 503, 'the ninth page of a session');
  t.ok(Number(full.headers.get('retry-after')) > 0);
  gone.abort();
  await t.rejects(first);
  const started = performance.now();
  await own.stop();
  t.ok(performance.now() - started < 3_000);
  const statuses = (await Promise.allSettled(waits)).map((one) =>
    one.status === 'fulfilled' ? one.value.status : 0,
  );
  t.same([...new Set(statuses)].sort(), [204, 503]);
});

t.test(
  'the first page has the pad, nothing inline, and connects where settings send it',
  async (t) => {
    const certivoxURL = 'http://hosted.example:1/';
    const authorityURLs = ['https://third.example/'];
    const settings = { certivoxURL, authorityURLs, appID: 'mailto:x', cSum: 1 };
    rps.reply = () => ({ status: 200, body: JSON.stringify(settings) });
    const page = await fetch(`${rpa.address}/`);
    t.equal(page.status, 200);
    const text = await page.text();
    t.match(text, 'mpin client register');
    t.match(text, '<mpin-pad');
    t.notMatch(text, /<script(?![^>]* src=)|<style| style=| on\w+=/);
    const policy = page.headers.get('content-security-policy') ?? '';
    t.match(policy, "connect-src 'self' ws://127.0.0.1:");
    t.match(policy, ' http://hosted.example:1 https://third.example; ');
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
t.test(
  'private calls carry the secret and go to where private routes are, and only they',
  async (t) => {
    const inner = await fakeRps();
    inner.reply = () => ({ status: 200, body: '{"userId":"u"}' });
    const guarded = await another({ RPSPrivateURL: inner.url, rpsSecret: 'the secret' });
    t.teardown(async () => {
      await guarded.stop();
      await inner.close();
    });
    t.equal((await authenticate(guarded)).status, 200);
    const calls = inner.seen.map(({ url, headers }) => [url, headers.authorization]);
    t.same(calls, [
      ['/authenticate', 'Bearer the secret'],
      ['/loginResult', 'Bearer the secret'],
    ]);
    await fetch(`${guarded.address}/rps/clientSettings`);
    t.match(rps.seen, [{ url: '/rps/clientSettings' }]);
    t.notOk('authorization' in (rps.seen[0]?.headers ?? {}), 'a relayed call has none of ours');
  },
);

t.test('the demo speaks TLS itself, and then its cookie is Secure', async (t) => {
  const { certFile, keyFile } = new CertificateFolder(t).selfSigned('demo');
  rps.reply = () => ({ status: 200, body: '{"userId":"u"}' });
  const safe = await another({ tlsCertFile: certFile, tlsKeyFile: keyFile });
  t.teardown(() => safe.stop());
  t.match(safe.address, /^https:/);
  const dispatcher = new Agent({ connect: { ca: readFileSync(certFile) } });
  const reply = await request(`${safe.address}/mpinAuthenticate`, {
    dispatcher,
    method: 'POST',
    body: JSON.stringify({ mpinResponse: { authOTT: AUTH_OTT } }),
  });
  t.match(reply.headers['set-cookie'], /; Secure/);
  await reply.body.text();
  await dispatcher.close();
});
