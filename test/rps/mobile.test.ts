import t, { type Test } from 'tap';
import { loadOptions } from '../../src/config/load.js';
import { rpsOptions } from '../../src/config/rps.js';
import { startRps } from '../../src/rps/rps.js';
import { createMemoryStore } from '../../src/store/memory/memory-store.js';
import { MovableClock, startWorld, type World } from './harness.js';
import { Browser, PATIENT, present, RELEASE_MS_MAX, refusedMobile } from './mobile.js';

const UUID_HEX = /^[0-9a-f]{32}$/;

t.setTimeout(240_000);

/** That the value comes while it still helps somebody. */
async function soon<T>(value: Promise<T>): Promise<T> {
  let late: NodeJS.Timeout | undefined;
  const end = new Promise<never>((_, reject) => {
    late = setTimeout(() => reject(new Error('nobody released it')), RELEASE_MS_MAX);
  });
  return Promise.race([value, end]).finally(() => clearTimeout(late));
}

async function worldOf(t: Test, more: Parameters<typeof startWorld>[1] = {}) {
  const world = await startWorld(t, { ...PATIENT, ...more });
  const jo = await world.person('jo@example.com');
  if (world.options.usePermits) await world.warmUp(jo);
  return { world, jo };
}

t.test('an access number has a check digit, and times in milliseconds', async (t) => {
  const { world } = await worldOf(t);
  for (const body of [undefined, '', '{', {}, { any: 1 }]) {
    const before = world.clock.now();
    const { status, json } = await world.post('/rps/getAccessNumber', body);
    t.equal(status, 200);
    t.strictSame(Object.keys(json).sort(), [
      'accessNumber',
      'localTimeEnd',
      'localTimeStart',
      'ttlSeconds',
      'webOTT',
    ]);
    t.match(json, { accessNumber: /^[1-9]\d{6}$/, ttlSeconds: 60, webOTT: UUID_HEX });
    const start = Number(json['localTimeStart']);
    t.ok(start >= before && start <= world.clock.now());
    t.equal(json['localTimeEnd'], start + 60_000);
    const digits = [...`${json['accessNumber']}`].map(Number);
    const sum = digits.slice(0, 6).reduce((sum, digit, index) => sum + (7 - index) * digit, 0);
    t.equal(digits[6], (11 - (sum % 11)) % 11, 'clients compute it so');
  }
  const plain = await startWorld(t, { accessNumberUseCheckSum: false });
  const { json } = await plain.post('/rps/getAccessNumber', '');
  t.match(json['accessNumber'], /^[1-9]\d{5}$/);
  t.match((await plain.ask('/rps/clientSettings')).json, {
    accessNumberUseCheckSum: false,
    accessNumberDigits: 6,
  });
});

t.test('a mobile logs a browser in, and is told how to log it out', async (t) => {
  const { world, jo } = await worldOf(t, { LogoutURL: '/logout' });
  const browser = await Browser.withNumber(world);
  t.strictSame(await browser.poll(), {
    status: 'new',
    statusCode: 0,
    userId: '',
    redirectURL: '',
    authOTT: '',
  });
  t.equal((await browser.oldPoll()).status, 401);
  const { authOTT } = await jo.dance({ WID: Number(browser.wid) });
  t.match(await browser.poll(), { status: 'new', authOTT: '' }, 'not before the mobile says so');
  t.equal((await browser.toRpa(authOTT)).status, 408, 'nor for the RPA');
  const mobile = present(world, authOTT);
  t.equal(await browser.loggedIn(), authOTT);
  t.match(await browser.poll(), { userId: 'jo@example.com' });
  const old = await browser.oldPoll();
  t.equal(old.status, 200);
  t.strictSame(old.json, { authOTT });
  const said = await browser.toRpa(authOTT, { logoutData: { sessionToken: 'é"1' } });
  t.strictSame(said.json, {
    status: 200,
    message: 'Authentication successful',
    userId: 'jo@example.com',
    mpinId: jo.mpinId,
  });
  const { status, json } = await soon(mobile);
  t.equal(status, 200);
  t.strictSame(json, { logoutURL: '/logout', logoutData: { sessionToken: 'é"1' } });
  t.equal((await browser.toRpa(authOTT)).status, 408, 'the RPA has it once');
  t.equal((await world.post('/loginResult', { authOTT, status: 200 })).status, 404, 'not awaited');
});

t.test('without data for a logout the mobile is told of none', async (t) => {
  const { world, jo } = await worldOf(t);
  const browser = await Browser.withNumber(world);
  const { authOTT } = await jo.dance({ WID: browser.wid });
  const mobile = present(world, authOTT);
  await browser.toRpa(await browser.loggedIn());
  t.strictSame((await soon(mobile)).json, { logoutURL: '', logoutData: '' });
});

t.test('with waitForLoginResult the RPA decides what the mobile hears', async (t) => {
  const { world, jo } = await worldOf(t, { waitForLoginResult: true });
  const verdicts = [
    [{ status: 200, logoutURL: '/bye' }, 200, { logoutURL: '/bye', logoutData: { a: 1 } }],
    [{ status: 403, message: 'not today' }, 403, { version: '0.3', message: 'not today' }],
    [{ status: 410, message: 'begone' }, 410, { version: '0.3', message: 'begone' }],
  ] as const;
  for (const [report, status, body] of verdicts) {
    const browser = await Browser.withNumber(world);
    const { authOTT } = await jo.dance({ WID: browser.wid });
    const mobile = present(world, authOTT);
    await browser.loggedIn();
    const result = { authOTT, ...report };
    t.equal((await world.post('/loginResult', result)).status, 408, 'before the RPA has it');
    t.equal((await browser.toRpa(authOTT, { logoutData: { a: 1 } })).status, 200);
    const { status: taken, json } = await world.post('/loginResult', result);
    t.strictSame([taken, json], [200, { version: '0.3', message: 'OK' }]);
    const reply = await soon(mobile);
    t.equal(reply.status, status);
    t.strictSame(reply.json, body);
    t.equal((await world.post('/loginResult', result)).status, 408, 'once');
  }
});

t.test('loginResult: 400 for what is malformed, 408 for what it does not know', async (t) => {
  const { world, jo } = await worldOf(t, { waitForLoginResult: true });
  const { authOTT } = await jo.dance();
  const bodies = ['', '[]', {}, { authOTT }, { authOTT, status: '200' }, { authOTT, status: 302 }];
  for (const body of [...bodies, { authOTT: 5, status: 200 }, { authOTT, status: 400.5 }]) {
    t.equal((await world.post('/loginResult', body)).status, 400, JSON.stringify(body));
  }
  const ok = { authOTT, status: 200 };
  t.equal((await world.post('/loginResult', ok)).status, 408, 'a login that was not taken');
  t.equal((await world.authenticate(authOTT)).status, 200);
  t.equal((await world.post('/loginResult', ok)).status, 200, 'a browser’s login is accepted');
  t.equal((await world.post('/loginResult', ok)).status, 408, 'once');
  const { authOTT: wrong } = await jo.dance({}, 4321);
  await world.authenticate(wrong);
  t.equal((await world.post('/loginResult', { ...ok, authOTT: wrong })).status, 408);
});

t.test('wrong PINs are 401 and 410, dead numbers 412 whatever the PIN', async (t) => {
  const { world, jo } = await worldOf(t);
  for (const body of ['', '[]', {}, { mpinResponse: 'x' }, { mpinResponse: { authOTT: 1 } }]) {
    t.equal((await world.post('/rps/authenticate', body)).status, 400, JSON.stringify(body));
  }
  const browser = await Browser.withNumber(world);
  const unknown = browser.wid === '1234566' ? '2345670' : '1234566';
  t.equal(await refusedMobile(world, jo, unknown, 1), 412, 'a wrong number before a wrong PIN');
  const { authOTT } = await jo.dance({ WID: browser.wid }, 2);
  const wrong = await present(world, authOTT);
  t.equal(wrong.status, 401);
  t.strictSame(wrong.json, { version: '0.3', message: 'Wrong PIN.' });
  t.equal((await present(world, authOTT)).status, 412, 'once');
  t.match(await browser.poll(), { status: 'new', authOTT: '' });
  t.equal(await refusedMobile(world, jo, unknown), 412);
  const { authOTT: plain } = await jo.dance();
  t.equal((await present(world, plain)).status, 412, 'a login of a browser is none of a mobile');
  t.equal((await world.authenticate(plain)).status, 200, 'and was not taken by asking');
  for (const text of ['', 'x', 'f'.repeat(32), browser.wid, `${browser.said['webOTT']}`]) {
    t.equal((await present(world, text)).status, 412, text);
  }
  t.equal(await refusedMobile(world, jo, browser.wid, 1), 401);
  t.equal(await refusedMobile(world, jo, browser.wid, 2), 401);
  t.equal(await refusedMobile(world, jo, browser.wid, 3), 410, 'counted as everywhere');
});

t.test('a QR code says where it leads, and the app says how far it is', async (t) => {
  const { world, jo } = await worldOf(t, {
    serviceName: 'Example',
    serviceIconUrl: 'https://example.com/icon.png',
  });
  const browser = await Browser.withCode(world, { prerollid: 'pad-1' });
  t.match(browser.said['qrUrl'], /^https:\/\/login\.example\.com#[0-9a-f]{32}$/);
  t.match(browser.said, { ttlSeconds: 60, webOTT: UUID_HEX, localTimeEnd: Number });
  const say = (more: object) => world.post('/rps/codeStatus', { wid: browser.wid, ...more });
  t.strictSame((await say({ status: 'wid' })).json, {
    PrerollId: 'pad-1',
    AppName: 'Example',
    AppLogoUrl: 'https://example.com/icon.png',
    prerollId: 'pad-1',
    appName: 'Example',
    appLogoURL: 'https://example.com/icon.png',
  });
  t.match(await browser.poll(), { status: 'wid', userId: '' });
  t.strictSame((await say({ status: 'user', userId: 'jo@example.com' })).json, { Status: 'OK' });
  t.match(await browser.poll(), { status: 'user', userId: 'jo@example.com' });
  t.strictSame((await say({ status: 'abort' })).json, { Status: 'OK' });
  t.match(await browser.poll(), { status: 'abort' });
  for (const bad of [{}, { status: 5 }, { status: '' }]) t.equal((await say(bad)).status, 400);
  const elsewhere = await world.post('/rps/codeStatus', { wid: 'f'.repeat(32), status: 'user' });
  t.strictSame(elsewhere.json, { Status: 'OK' }, 'unknown codes are not told apart');
  const { authOTT } = await jo.dance({ WID: browser.wid.toUpperCase() });
  const mobile = present(world, authOTT);
  await browser.toRpa(await browser.loggedIn());
  t.equal((await soon(mobile)).status, 200);
  const named = 'x'.repeat(129);
  t.equal((await world.post('/rps/getQrUrl', { prerollid: named })).status, 400);
});

t.test('a number is good for a little longer than it is shown, and then for nothing', async (t) => {
  const { world, jo } = await worldOf(t, { accessNumberExtendValiditySeconds: 30 });
  const [late, dead] = [await Browser.withNumber(world), await Browser.withNumber(world)];
  world.clock.pass(61_000);
  const { authOTT } = await jo.dance({ WID: late.wid });
  const mobile = present(world, authOTT);
  const taken = await late.loggedIn();
  const { authOTT: tooLate } = await jo.dance({ WID: dead.wid });
  world.clock.pass(30_000);
  t.match(await dead.poll(), { status: 'expired', authOTT: '' });
  t.equal((await dead.oldPoll()).status, 401);
  t.equal((await present(world, tooLate)).status, 412, 'its meeting ended meanwhile');
  t.equal(await refusedMobile(world, jo, dead.wid), 412);
  t.equal((await late.toRpa(taken)).status, 200, 'one with a login lives on');
  t.equal((await soon(mobile)).status, 200);
  for (const body of ['', {}, { webOTT: 5 }, { webOTT: '' }]) {
    const { status, json } = await world.post('/rps/access', body);
    t.equal(status, 200, 'clients stop polling on anything else');
    t.match(json, { status: 'expired' });
  }
});

t.test('a mobile waits no longer than it is told to, and its browser may come later', async (t) => {
  const { world, jo } = await worldOf(t, { mobileWaitSeconds: 1 });
  const browser = await Browser.withNumber(world);
  const { authOTT } = await jo.dance({ WID: browser.wid });
  const startedMs = performance.now();
  const reply = await present(world, authOTT);
  t.equal(reply.status, 408);
  t.strictSame(reply.json, { version: '0.3', message: 'Authentication timed out' });
  t.ok(performance.now() - startedMs >= 950);
  t.equal((await browser.toRpa(authOTT)).status, 200);
});

t.test('a mobile that goes away leaves nothing waiting', async (t) => {
  const { world, jo } = await worldOf(t);
  const browser = await Browser.withNumber(world);
  const { authOTT } = await jo.dance({ WID: browser.wid });
  const end = new AbortController();
  const mobile = present(world, authOTT, { signal: end.signal });
  await browser.loggedIn();
  end.abort();
  await t.rejects(mobile);
  const { text } = await world.ask('/metrics');
  t.match(text, /mpin_http_in_flight 1\n/, 'the one that asks');
});

t.test('a mobile that waits on one instance is released by a browser on another', async (t) => {
  const options = loadOptions(rpsOptions, { env: {}, flags: {} });
  const clock = new MovableClock();
  const store = createMemoryStore({ ...options, now: () => clock.now() });
  for (const waitForLoginResult of [false, true]) {
    const world: World = await startWorld(t, { ...PATIENT, waitForLoginResult }, true, store);
    const other = await startRps(world.options, world.context, store);
    t.teardown(() => other.stop());
    await other.ready;
    const jo = await world.person('jo@example.com');
    await world.warmUp(jo);
    const browser = await Browser.withNumber(world, other.address);
    const { authOTT } = await jo.dance({ WID: browser.wid });
    const mobile = present(world, authOTT);
    t.equal((await browser.toRpa(await browser.loggedIn())).status, 200);
    if (waitForLoginResult) {
      const body = { authOTT, status: 403 };
      await world.ask('/loginResult', { method: 'POST', body, at: other.address });
    }
    t.equal((await soon(mobile)).status, waitForLoginResult ? 403 : 200);
  }
});

t.test('settings name what pages need for a login by mobile, and either poll', async (t) => {
  const api = 'https://login.example.com/rps';
  const { world } = await worldOf(t);
  const { json } = await world.ask('/rps/clientSettings');
  t.match(json, {
    accessNumberURL: `${api}/access`,
    getAccessNumberURL: `${api}/getAccessNumber`,
    getQrUrl: `${api}/getQrUrl`,
    codeStatusURL: `${api}/codeStatus`,
    mobileAuthenticateURL: `${api}/authenticate`,
    accessNumberDigits: 7,
    cSum: 1,
    usePermits: true,
  });
  for (const name of ['successLoginURL', 'successfulLoginURL', 'identityCheckRegex']) {
    t.notOk(name in json, `${name} is left out where it is not configured`);
  }
  const other = await startWorld(t, {
    accessNumberURL: 'accessnumber',
    successLoginURL: '/home',
    identityCheckRegex: '^[a-z]+$',
    usePermits: false,
  });
  t.match((await other.ask('/rps/clientSettings')).json, {
    accessNumberURL: `${api}/accessnumber`,
    successLoginURL: '/home',
    successfulLoginURL: '/home',
    identityCheckRegex: '^[a-z]+$',
    usePermits: false,
  });
  const otp = await startWorld(t, { requestOTP: true });
  const settings = (await otp.ask('/rps/clientSettings')).json;
  t.notOk('accessNumberURL' in settings || 'getAccessNumberURL' in settings);
});
