/**
 * The attacks of contract §13 on logins, each as it works against the reference servers. The
 * numbers are those of that section.
 */
import t, { type Test } from 'tap';
import { loadOptions } from '../../src/config/load.js';
import { rpsOptions } from '../../src/config/rps.js';
import { startRps } from '../../src/rps/rps.js';
import { createMemoryStore } from '../../src/store/memory/memory-store.js';
import { MovableClock, startWorld } from './harness.js';
import { Browser, PATIENT, present, refusedMobile } from './mobile.js';

const YEAR_MS = 366 * 86_400_000;

t.setTimeout(240_000);

async function worldOf(t: Test, more: Parameters<typeof startWorld>[1] = {}) {
  const world = await startWorld(t, { ...PATIENT, ...more });
  const [jo, mallory] = [await world.person('jo@example.com'), await world.person('mallory')];
  await world.warmUp(jo);
  return { world, jo, mallory };
}

t.test('1: nobody else’s identity gets under a number that was used to log in', async (t) => {
  const { world, jo, mallory } = await worldOf(t);
  const browser = await Browser.withNumber(world);
  const { authOTT } = await mallory.dance({ WID: browser.wid });
  const mobile = present(world, authOTT);
  t.equal(await browser.loggedIn(), authOTT);
  // In the name of jo, whose PIN nobody here knows, under the number that is through.
  const { u } = await jo.begin();
  const { json: forged } = await jo.finish(u, { WID: browser.wid });
  t.equal((await present(world, forged['authOTT'])).status, 401);
  for (const token of [forged['authOTT'], authOTT]) {
    const { status, json } = await browser.toRpa(token);
    t.not(json['userId'], 'jo@example.com');
    t.equal(status, token === authOTT ? 200 : 408);
  }
  t.equal((await mobile).status, 200);
  t.match(await browser.poll(), { userId: 'mallory', authOTT });
});

t.test('1: a number takes one login, however many come with a right PIN', async (t) => {
  const { world, jo, mallory } = await worldOf(t, { mobileWaitSeconds: 1 });
  const browser = await Browser.withNumber(world);
  const ends = [];
  for (const person of [jo, mallory, jo, mallory]) {
    ends.push(await person.dance({ WID: browser.wid }));
  }
  const replies = await Promise.all(ends.map(({ authOTT }) => present(world, authOTT)));
  const statuses = replies.map(({ status }) => status).sort();
  t.strictSame(statuses, [408, 412, 412, 412], 'one waits, in vain');
  const known = await Promise.all(ends.map(({ authOTT }) => browser.toRpa(authOTT)));
  t.equal(known.filter(({ status }) => status === 200).length, 1);
  const again = await Promise.all(ends.map(({ authOTT }) => browser.toRpa(authOTT)));
  t.ok(
    again.every(({ status }) => status === 408),
    'and it is taken once',
  );
});

t.test('3: no token works as another, and no number as any', async (t) => {
  const { world, jo } = await worldOf(t, { mobileWaitSeconds: 1, waitForLoginResult: true });
  const browser = await Browser.withNumber(world);
  const code = await Browser.withCode(world);
  const { authOTT } = await jo.dance({ WID: browser.wid });
  const tokens = [browser, code].flatMap(({ wid, said }) => [wid, `${said['webOTT']}`]);
  for (const token of [...tokens, jo.regOTT, jo.mpinId, `auth_${authOTT}`, `${authOTT} `]) {
    t.equal((await world.authenticate(token)).status, 408, `${token} at the RPA`);
    t.equal((await present(world, token)).status, 412, `${token} at the mobile`);
    const body = { authOTT: token, status: 200 };
    t.equal((await world.post('/loginResult', body)).status, 408, `${token} in a report`);
  }
  for (const webOTT of [authOTT, browser.wid, code.wid, jo.regOTT]) {
    t.match((await world.post('/rps/access', { webOTT })).json, { status: 'expired' });
    t.equal((await world.post('/rps/accessnumber', { webOTT })).status, 401);
  }
});

t.test('5: a V is good once, whoever repeats it', async (t) => {
  const { world, jo } = await worldOf(t);
  const browser = await Browser.withNumber(world);
  const { v } = await jo.begin();
  t.equal((await jo.finish(v)).status, 200);
  for (const WID of ['0', browser.wid]) {
    const { status, json } = await jo.finish(v, { WID }, '10.0.0.9');
    t.strictSame([status, json['authOTT']], [500, undefined]);
  }
  const next = await jo.begin();
  const copies = await Promise.all(Array.from({ length: 8 }, () => jo.finish(next.v)));
  const tokens = copies.flatMap(({ json }) => (json['authOTT'] ? [json['authOTT']] : []));
  t.equal(tokens.length, 1, 'also all at once');
  t.equal((await world.authenticate(tokens[0])).status, 200);
});

t.test('6: pass 1 of others in one’s name spoils no login', async (t) => {
  const { world, jo } = await worldOf(t);
  const { v } = await jo.begin(undefined, undefined, '10.0.0.1');
  for (let others = 0; others < 20; others += 1) {
    await jo.begin(undefined, undefined, `10.0.1.${others % 3}`);
  }
  const { json } = await jo.finish(v, {}, '10.0.0.1');
  t.equal((await world.authenticate(json['authOTT'])).status, 200);
  // Behind one address with the others: which challenge V answers is found by trying.
  const shared = await jo.begin(undefined, undefined, '10.0.1.1');
  for (let others = 0; others < 3; others += 1) {
    await jo.begin(undefined, undefined, '10.0.1.1');
  }
  const end = await jo.finish(shared.v, {}, '10.0.1.1');
  t.equal((await world.authenticate(end.json['authOTT'])).status, 200);
});

t.test('7: guesses that queue up before anyone asks are counted all the same', async (t) => {
  const { world, jo } = await worldOf(t);
  const pins = [1, 2, 3, 4, 5, jo.pin, 6, 7];
  const tokens = [];
  for (const pin of pins) tokens.push((await jo.dance({}, pin))['authOTT']);
  const statuses = [];
  for (const token of tokens) statuses.push((await world.authenticate(token)).status);
  t.strictSame(statuses, [401, 401, 410, 410, 410, 410, 410, 410]);
});

t.test('7: nor do they race one another on two instances', async (t) => {
  const options = loadOptions(rpsOptions, { env: {}, flags: {} });
  const clock = new MovableClock();
  const store = createMemoryStore({ ...options, now: () => clock.now() });
  const world = await startWorld(t, {}, true, store);
  const other = await startRps(world.options, world.context, store);
  t.teardown(() => other.stop());
  await other.ready;
  const jo = await world.person('jo@example.com');
  await world.warmUp(jo);
  const guesses = await Promise.all(
    [1, 2, 3, 4, 5, 6].map(async (pin) => ({ pin, v: (await jo.begin(pin)).v })),
  );
  const ends = await Promise.all(
    guesses.map(({ pin, v }) => {
      const body = { mpin_id: jo.mpinId, V: v, OTP: 0, WID: '0', pass: 2 };
      const at = pin % 2 === 0 ? other.address : world.rps.address;
      return world.ask('/rps/pass2', { method: 'POST', body, at });
    }),
  );
  const decided = ends.filter(({ status }) => status === 200);
  const statuses = await Promise.all(
    decided.map(async ({ json }) => (await world.authenticate(json['authOTT'])).status),
  );
  t.ok(statuses.filter((status) => status === 401).length <= 2);
  t.equal(await jo.login(), 410);
});

t.test('8: a token that comes late or twice is no wrong PIN', async (t) => {
  const { world, jo } = await worldOf(t, { waitForLoginResult: true });
  for (let times = 0; times < 4; times += 1) {
    const { authOTT } = await jo.dance();
    world.clock.pass(60_000);
    t.equal((await world.authenticate(authOTT)).status, 408);
    const { authOTT: fresh } = await jo.dance();
    t.equal((await world.authenticate(fresh)).status, 200);
    t.equal((await world.authenticate(fresh)).status, 408);
  }
  t.equal(await jo.login(), 200);
});

t.test('9: a lock holds until an administrator ends it', async (t) => {
  const options = loadOptions(rpsOptions, { env: {}, flags: {} });
  const store = createMemoryStore({ ...options, now: () => world.clock.now() });
  const world = await startWorld(t, {}, true, store);
  const jo = await world.person('jo@example.com');
  t.strictSame([await jo.login(1), await jo.login(2), await jo.login(3)], [401, 401, 410]);
  world.clock.pass(YEAR_MS);
  t.equal(await jo.login(), 410);
  t.equal(await store.unlock(jo.mpinId), true);
  t.equal(await jo.login(), 200);
  t.equal(await jo.login(1), 401, 'with all its tries');
});

t.test('24: whoever tries numbers is stopped before long', async (t) => {
  const { world, jo, mallory } = await worldOf(t);
  for (let tries = 0; tries < 20; tries += 1) {
    const { v } = await mallory.begin();
    t.equal((await mallory.finish(v, { WID: '1234566' })).status, 200);
  }
  const browser = await Browser.withNumber(world);
  t.equal(await refusedMobile(world, mallory, browser.wid), 412, 'a hit is none any more');
  t.match(await browser.poll(), { status: 'new' });
  const { authOTT } = await jo.dance({ WID: browser.wid });
  const mobile = present(world, authOTT);
  await browser.toRpa(await browser.loggedIn());
  t.equal((await mobile).status, 200, 'others go on');
  t.equal(await mallory.login(), 200, 'and so do other logins of the same one');
});

t.test('24: nobody writes on the page of a browser', async (t) => {
  const { world } = await worldOf(t);
  const [browser, code] = [await Browser.withNumber(world), await Browser.withCode(world)];
  const say = (wid: unknown, more: object) => world.post('/rps/codeStatus', { wid, ...more });
  for (const userId of ['<img src=x>', 'a&b', `"`, `'`, 'a\u0000', 'x'.repeat(255)]) {
    t.equal((await say(code.wid, { status: 'user', userId })).status, 400, userId);
  }
  for (const status of ['authenticate', 'new', 'expired', 'anything']) {
    t.equal((await say(code.wid, { status })).status, 400, status);
  }
  t.match(await code.poll(), { status: 'new', userId: '', authOTT: '' });
  for (const wid of [browser.wid, Number(browser.wid)]) {
    await say(wid, { status: 'wid' });
    await say(wid, { status: 'user', userId: 'mallory' });
  }
  t.match(await browser.poll(), { status: 'new', userId: '' }, 'a number is anyone’s guess');
});

t.test('24: nor does the name in an identity that another server gave out', async (t) => {
  const { world } = await worldOf(t);
  const browser = await Browser.withNumber(world);
  const { authOTT } = await world.foreigner('<img src=x>').dance({ WID: browser.wid });
  const mobile = present(world, authOTT);
  t.equal(await browser.loggedIn(), authOTT);
  t.match(await browser.poll(), { status: 'authenticate', userId: '' });
  t.equal((await browser.toRpa(authOTT)).status, 200, 'who it is, the RPA is told');
  t.equal((await mobile).status, 200);
});

t.test('25: no body and no state makes a request of a mobile fail on its own', async (t) => {
  const { world, jo } = await worldOf(t, { waitForLoginResult: true });
  const expected: Readonly<Record<string, number>> = {
    '/rps/getAccessNumber': 200,
    '/rps/getQrUrl': 200,
    '/rps/codeStatus': 400,
    '/rps/access': 200,
    '/rps/accessnumber': 401,
    '/rps/authenticate': 400,
    '/authenticate': 400,
    '/loginResult': 400,
    '/verifyOTP': 400,
  };
  for (const [path, status] of Object.entries(expected)) {
    for (const body of [undefined, '', '\u0000', '[]', 'null', '"x"', '{"a":', '{}']) {
      const reply = await world.ask(path, { method: 'POST', body });
      t.equal(reply.status, status, `${path} ${body}`);
      t.ok(Object.keys(reply.json).length > 0, 'with a body that says something');
    }
  }
  // A record that is about to end is waited for until then, and no longer.
  const browser = await Browser.withNumber(world);
  world.clock.pass(30_000);
  const { authOTT } = await jo.dance({ WID: browser.wid });
  const mobile = present(world, authOTT);
  await browser.loggedIn();
  world.clock.pass(61_000);
  t.equal((await mobile).status, 408);
});
