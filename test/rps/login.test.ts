import { createConnection } from 'node:net';
import t, { type Test } from 'tap';
import { dayOf } from '../../src/protocol/clock.js';
import { randomY } from '../../src/rps/challenge.js';
import { permitDates } from '../../src/rps/dance.js';
import { type Reply, startWorld } from './harness.js';

const ORDER_HEX = '2400000008702a0db0bddf647a6366d2c43fd6ee0cc906cebe11c0a636eb1f6d';
/** A point in form, and off the curve: x and y are 1. */
const OFF_CURVE = `04${'0'.repeat(63)}1${'0'.repeat(63)}1`;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

function refused(t: Test, reply: Reply, status: number, name: string): void {
  t.equal(reply.status, status, name);
  t.equal(reply.json['version'], '0.3', `${name}: version`);
  t.type(reply.json['message'], 'string', `${name}: message`);
}

// Hundreds of whole logins with real cryptography, on a machine that may be busy.
t.setTimeout(300_000);

t.test('the right PIN logs in, the wrong one does not, and pass 2 never tells', async (t) => {
  const world = await startWorld(t);
  const jo = await world.person('jo@example.com');
  const good = await jo.begin();
  t.match(good.y, /^[0-9a-f]{64}$/);
  const goodEnd = await jo.finish(good.v);
  const bad = await jo.begin(4321);
  const badEnd = await jo.finish(bad.v);
  for (const { status, json } of [goodEnd, badEnd]) {
    t.equal(status, 200);
    t.strictSame(Object.keys(json).sort(), ['authOTT', 'pass', 'version']);
    t.match(json, { version: '0.3', pass: 2, authOTT: /^[0-9a-f]{32}$/ });
  }
  const accepted = await world.authenticate(goodEnd.json['authOTT']);
  t.equal(accepted.status, 200);
  t.strictSame(accepted.json, {
    status: 200,
    message: 'Authentication successful',
    userId: 'jo@example.com',
    mpinId: jo.mpinId,
  });
  const denied = await world.authenticate(badEnd.json['authOTT']);
  t.equal(denied.status, 401);
  t.strictSame(denied.json, {
    status: 401,
    message: 'Wrong PIN.',
    userId: 'jo@example.com',
    mpinId: jo.mpinId,
  });
});

t.test('the third wrong PIN locks, for ever and for the right PIN too', async (t) => {
  const world = await startWorld(t);
  const [jo, al] = [await world.person('jo@example.com'), await world.person('al@example.com')];
  t.strictSame([await jo.login(1), await jo.login(2)], [401, 401]);
  t.equal(await jo.login(), 200, 'success clears the count');
  t.strictSame([await jo.login(1), await jo.login(2), await jo.login(3)], [401, 401, 410]);
  t.equal(await jo.login(), 410);
  world.clock.pass(2 * DAY_MS);
  t.equal(await jo.login(), 410);
  t.equal(await al.login(), 200, 'nobody else is');
});

t.test('pass 1 is 403 for what is malformed, and 200 for everything well-formed', async (t) => {
  const world = await startWorld(t);
  const jo = await world.person('jo@example.com');
  const { u, ut } = jo.commit();
  const whole = { mpin_id: jo.mpinId, U: u, UT: ut, pass: 1 };
  const bad: Record<string, unknown> = {
    'no JSON': '{',
    'no object': '[1]',
    empty: '',
    'no mpin_id': { ...whole, mpin_id: undefined },
    'mpin_id no text': { ...whole, mpin_id: 5 },
    'mpin_id empty': { ...whole, mpin_id: '' },
    'mpin_id odd': { ...whole, mpin_id: 'abc' },
    'mpin_id no hex': { ...whole, mpin_id: 'xy' },
    'mpin_id too long': { ...whole, mpin_id: 'ab'.repeat(2049) },
    'no U': { ...whole, U: undefined },
    'U null': { ...whole, U: null },
    'U empty': { ...whole, U: '' },
    'U no hex': { ...whole, U: `04${'g'.repeat(128)}` },
    'U short': { ...whole, U: u.slice(2) },
    'U long': { ...whole, U: `${u}00` },
    'U compressed': { ...whole, U: `02${u.slice(2)}` },
    'U with a line feed': { ...whole, U: `${u}\n` },
    'no UT': { ...whole, UT: undefined },
    'UT empty: the form without permit': { ...whole, UT: '' },
    'UT short': { ...whole, UT: ut.slice(2) },
    'UT an object': { ...whole, UT: {} },
  };
  for (const [name, body] of Object.entries(bad)) {
    refused(t, await world.post('/rps/pass1', body), 403, name);
  }
  refused(t, await world.post('/rps/pass1', { ...whole, pad: 'x'.repeat(9000) }), 413, 'oversized');
  const good: Record<string, unknown> = {
    'as it is': whole,
    'the same again, as clients with a constant x send it': whole,
    'upper-case hex': { ...whole, U: u.toUpperCase(), UT: ut.toUpperCase() },
    'unknown keys, no pass': { ...whole, pass: undefined, extra: { a: [1] } },
    'points that are none': { ...whole, U: OFF_CURVE, UT: OFF_CURVE },
    'an identity nobody has': { ...whole, mpin_id: 'abcd' },
  };
  for (const [name, body] of Object.entries(good)) {
    const { status, json } = await world.post('/rps/pass1', body, { 'content-type': 'x/y' });
    t.equal(status, 200, name);
    t.match(json, { version: '0.3', pass: 1, message: 'OK', y: /^[0-9a-f]{64}$/ }, name);
  }
});

t.test('pass 2 is 403 for what is malformed, 500 without a live pass 1', async (t) => {
  const world = await startWorld(t);
  const jo = await world.person('jo@example.com');
  const { v } = await jo.begin();
  const whole = { mpin_id: jo.mpinId, V: v, OTP: 0, WID: '0', pass: 2 };
  const bad: Record<string, unknown> = {
    'no JSON': 'x',
    'no mpin_id': { ...whole, mpin_id: undefined },
    'no V': { ...whole, V: undefined },
    'V empty': { ...whole, V: '' },
    'V short': { ...whole, V: v.slice(2) },
    'V compressed': { ...whole, V: `03${v.slice(2)}` },
    'V no hex': { ...whole, V: `04${'-'.repeat(128)}` },
    'WID an object': { ...whole, WID: {} },
    'WID true': { ...whole, WID: true },
  };
  for (const [name, body] of Object.entries(bad)) {
    refused(t, await world.post('/rps/pass2', body), 403, name);
  }
  const al = await world.post('/rps/pass2', { ...whole, mpin_id: 'abcd' });
  refused(t, al, 500, 'no pass 1');
  t.equal(al.json['message'], 'Invalid pass one data');
  world.clock.pass(15_000);
  refused(t, await jo.finish(v), 500, 'an old pass 1');
  t.equal(await jo.login(), 200, 'none of this was counted or lost');
});

t.test('loose forms of WID, OTP and hex log in as the strict ones do', async (t) => {
  const world = await startWorld(t);
  const jo = await world.person('jürgen@例え.jp');
  const forms: readonly Record<string, unknown>[] = [
    { WID: undefined, OTP: undefined },
    { WID: 0, OTP: false },
    { WID: null, OTP: '0' },
    { WID: '', OTP: 0, pass: undefined, extra: 1 },
    { WID: '0', OTP: true },
    { mpin_id: jo.mpinId.toUpperCase(), OTP: '1' },
  ];
  for (const form of forms) {
    const { v } = await jo.begin();
    const { json } = await jo.finish(v.toUpperCase(), form);
    const { status, json: said } = await world.authenticate(json['authOTT']);
    t.equal(status, 200, JSON.stringify(form));
    t.match(said, { userId: 'jürgen@例え.jp', mpinId: jo.mpinId });
    t.notOk('OTP' in json, 'no one-time password where the service has none');
  }
});

t.test('a login for a WID counts, and its token names no result', async (t) => {
  const world = await startWorld(t);
  const jo = await world.person('jo@example.com');
  for (const WID of ['1234567', 1234567, 'f'.repeat(32)]) {
    const { v } = await jo.begin(1);
    const { status, json } = await jo.finish(v, { WID });
    t.equal(status, 200);
    t.match(json['authOTT'], /^[0-9a-f]{32}$/);
    t.equal((await world.authenticate(json['authOTT'])).status, 408);
  }
  t.equal(await jo.login(), 410, 'three wrong ones have locked');
});

t.test('a one-time password is six digits, for client and RPA alike', async (t) => {
  const world = await startWorld(t, { requestOTP: true });
  const jo = await world.person('jo@example.com');
  for (const OTP of [true, 1, '1']) {
    const { v } = await jo.begin();
    const { json } = await jo.finish(v, { OTP });
    t.match(json['OTP'], /^\d{6}$/);
    t.equal((await world.authenticate(json['authOTT'])).json['OTP'], json['OTP']);
  }
  const { v } = await jo.begin();
  t.notOk('OTP' in (await jo.finish(v, { OTP: 0 })).json, 'only when asked for');
});

t.test('authenticate: 400 without a text, 408 for all that names nothing', async (t) => {
  const world = await startWorld(t);
  const bodies = ['', '{', '[]', '"x"', {}, { authOTT: 5 }, { authOTT: null }, { authOTT: [] }];
  for (const body of bodies) {
    refused(t, await world.post('/authenticate', body), 400, JSON.stringify(body));
  }
  const jo = await world.person('jo@example.com');
  const { v } = await jo.begin();
  for (const text of ['', 'x', 'f'.repeat(32), jo.mpinId, jo.regOTT, '1234567', '__proto__']) {
    const { status, json } = await world.authenticate(text);
    t.equal(status, 408, text);
    const message = 'Expired authentication request';
    t.strictSame(json, { status: 408, message, userId: '', mpinId: '' });
  }
  const { json } = await jo.finish(v);
  world.clock.pass(60_000);
  t.equal((await world.authenticate(json['authOTT'])).status, 408, 'after its life');
});

t.test('attack: a token handed in twice is taken once, and counts nothing', async (t) => {
  const world = await startWorld(t);
  const jo = await world.person('jo@example.com');
  const { v } = await jo.begin();
  const { json } = await jo.finish(v);
  const all = Array.from({ length: 20 }, () => world.authenticate(json['authOTT']));
  const statuses = (await Promise.all(all)).map(({ status }) => status).sort();
  t.strictSame(statuses, [200, ...Array.from({ length: 19 }, () => 408)]);
  t.equal(await jo.login(), 200);
});

t.test('attack: a captured V cannot be replayed', async (t) => {
  const world = await startWorld(t);
  const jo = await world.person('jo@example.com');
  const { v } = await jo.begin();
  t.equal((await jo.finish(v)).status, 200);
  refused(t, await jo.finish(v), 500, 'at once');
  await jo.begin();
  const { json } = await jo.finish(v);
  t.equal((await world.authenticate(json['authOTT'])).status, 401, 'nor on another challenge');
});

t.test('attack: of many copies of one V exactly one is a login', async (t) => {
  const world = await startWorld(t);
  const jo = await world.person('jo@example.com');
  const { v } = await jo.begin();
  const replies = await Promise.all(Array.from({ length: 12 }, () => jo.finish(v)));
  const ended = replies.filter(({ status }) => status === 200);
  t.equal(ended.length, 1);
  t.ok(replies.every(({ status }) => status === 200 || status === 500));
  t.equal((await world.authenticate(ended[0]?.json['authOTT'])).status, 200);
  t.strictSame([await jo.login(1), await jo.login(2)], [401, 401], 'the others were not counted');
});

t.test("attack: another's pass 1 takes nothing from mine, flood or not", async (t) => {
  const world = await startWorld(t);
  const jo = await world.person('jo@example.com');
  const mine = await jo.begin(jo.pin, undefined, '198.51.100.7');
  for (let count = 0; count < 17; count += 1) {
    const last = (16 + count).toString(16);
    await jo.begin(1, undefined, count % 2 === 0 ? '203.0.113.9' : `2001:db8:0:1::${last}`);
  }
  const { json } = await jo.finish(mine.v, {}, '198.51.100.7');
  t.equal((await world.authenticate(json['authOTT'])).status, 200);
});

t.test('attack: challenges with points that are none do not spoil those beside them', async (t) => {
  const world = await startWorld(t);
  const jo = await world.person('jo@example.com');
  const mine = await jo.begin();
  for (const point of [OFF_CURVE, `04${'0'.repeat(128)}`, `04${'f'.repeat(128)}`]) {
    await world.post('/rps/pass1', { mpin_id: jo.mpinId, U: point, UT: point, pass: 1 });
  }
  const { json } = await jo.finish(mine.v);
  t.equal((await world.authenticate(json['authOTT'])).status, 200);
});

t.test('attack: a V that is no point is a wrong PIN and counts as one', async (t) => {
  const world = await startWorld(t);
  const jo = await world.person('jo@example.com');
  const statuses = [];
  for (const v of [OFF_CURVE, `04${'f'.repeat(128)}`, `04${'0'.repeat(128)}`]) {
    await jo.begin();
    const { status, json } = await jo.finish(v);
    t.equal(status, 200);
    statuses.push((await world.authenticate(json['authOTT'])).status);
  }
  t.strictSame(statuses, [401, 401, 410]);
});

t.test('two logins of one identity at once both succeed, each on its own challenge', async (t) => {
  const world = await startWorld(t);
  const jo = await world.person('jo@example.com');
  const [one, two] = [await jo.begin(), await jo.begin()];
  const ends = await Promise.all([jo.finish(one.v), jo.finish(two.v)]);
  for (const { json } of ends) {
    t.equal((await world.authenticate(json['authOTT'])).status, 200);
  }
});

t.test('attack: guesses raced in parallel get no more tries than the limit', async (t) => {
  const world = await startWorld(t);
  const jo = await world.person('jo@example.com');
  const begun = [];
  for (let pin = 0; pin < 8; pin += 1) begun.push(await jo.begin(pin));
  const ends = await Promise.all(begun.map(({ v }) => jo.finish(v)));
  const statuses = await Promise.all(
    ends.map(async ({ json }) => (await world.authenticate(json['authOTT'])).status),
  );
  t.strictSame(statuses.sort(), [401, 401, 410, 410, 410, 410, 410, 410]);
  t.equal(await jo.login(), 410);
});

t.test("attack: one's own V and challenge do not log in as another", async (t) => {
  const world = await startWorld(t);
  const [jo, eve] = [await world.person('jo@example.com'), await world.person('eve@example.com')];
  const { v } = await eve.begin();
  refused(t, await jo.finish(v), 500, 'jo has begun nothing');
  await jo.begin();
  const { json } = await jo.finish(v);
  t.equal((await world.authenticate(json['authOTT'])).status, 401);
  t.equal(await eve.login(), 200);
});

t.test('attack: the form without permit is no way around a permit', async (t) => {
  const world = await startWorld(t);
  const jo = await world.person('jo@example.com');
  const { u, prove } = jo.commit(jo.pin, 0);
  const body = { mpin_id: jo.mpinId, U: u, UT: u, pass: 1 };
  const { json } = await world.post('/rps/pass1', body);
  const end = await jo.finish(prove(`${json['y']}`));
  t.equal((await world.authenticate(end.json['authOTT'])).status, 401);
});

t.test('with usePermits off, logins need none', async (t) => {
  const world = await startWorld(t, { usePermits: false });
  const jo = await world.person('jo@example.com');
  t.equal(await jo.login(jo.pin, 0), 200);
  t.equal(await jo.login(1, 0), 401);
});

t.test('permits hold for their day, an hour after it and five minutes before', async (t) => {
  const midnight = 20_000 * DAY_MS;
  t.strictSame(permitDates(midnight), [20_000, 19_999]);
  t.strictSame(permitDates(midnight + HOUR_MS - 1), [20_000, 19_999]);
  t.strictSame(permitDates(midnight + HOUR_MS), [20_000]);
  t.strictSame(permitDates(midnight - 300_001), [19_999]);
  t.strictSame(permitDates(midnight - 300_000), [19_999, 20_000]);
  const world = await startWorld(t);
  const jo = await world.person('jo@example.com');
  world.clock.moveTo(HOUR_MS / 2);
  const today = () => dayOf(world.clock.now());
  t.equal(await jo.login(jo.pin, today() - 1), 200, "yesterday's in the grace hour");
  t.equal(await jo.login(jo.pin, today()), 200);
  t.equal(await jo.login(jo.pin, today() + 1), 401, "tomorrow's");
  t.equal(await jo.login(1), 401, 'tried on two dates, counted once');
  t.equal(await jo.login(), 200);
  world.clock.moveTo(2 * HOUR_MS);
  t.equal(await jo.login(jo.pin, today() - 1), 401, "yesterday's later");
  world.clock.moveTo(DAY_MS - 120_000);
  t.equal(await jo.login(jo.pin, today() + 1), 200, "tomorrow's just before midnight");
});

t.test('y is uniform below the group order and never zero', (t) => {
  const top = new Map<string, number>();
  for (let count = 0; count < 4000; count += 1) {
    const y = Buffer.from(randomY()).toString('hex');
    if (!/^[0-9a-f]{64}$/.test(y) || y >= ORDER_HEX || /^0+$/.test(y)) t.fail(y);
    const bucket = y.slice(0, 1);
    top.set(bucket, (top.get(bucket) ?? 0) + 1);
  }
  // 0x24…/0x10… = 2.25: two full buckets of 4/9 each, and 1/9 in the third.
  t.strictSame([...top.keys()].sort(), ['0', '1', '2']);
  t.ok(Math.abs((top.get('0') ?? 0) - 1778) < 200, `${top.get('0')} near 1778`);
  t.ok(Math.abs((top.get('2') ?? 0) - 444) < 130, `${top.get('2')} near 444`);
  t.end();
});

t.test('without the server secret logins are 503, and start by themselves', async (t) => {
  const world = await startWorld(t, {}, false);
  await world.rps.stop();
  world.authorities.faults.set('/serverSecret', { status: 500, body: '{}' });
  await world.restart();
  const body = { mpin_id: 'abcd', U: OFF_CURVE, UT: OFF_CURVE, pass: 1 };
  for (const [path, message] of [
    ['/rps/pass1', body],
    ['/rps/pass2', { ...body, V: OFF_CURVE }],
  ] as const) {
    const reply = await world.post(path, message);
    refused(t, reply, 503, path);
    t.equal(reply.headers.get('retry-after'), '1');
  }
  t.equal((await world.ask('/rps/clientSettings')).status, 200);
  t.equal((await world.authenticate('x')).status, 408, 'what needs no secret works');
  world.authorities.faults.clear();
  await world.rps.ready;
  t.equal(await (await world.person('jo@example.com')).login(), 200);
});

t.test('a role that is stopped before it was ready says so', async (t) => {
  const world = await startWorld(t, { DTALocalURL: 'http://127.0.0.1:1' }, false);
  await world.rps.stop();
  await t.rejects(world.rps.ready, /stopped|abort/i);
});

t.test('a full store is a 503 that may be tried again', async (t) => {
  const world = await startWorld(t, { challengesMax: 1, failingIdentitiesMax: 1 });
  const [jo, al] = [await world.person('jo@example.com'), await world.person('al@example.com')];
  const { u, ut } = jo.commit();
  await world.post('/rps/pass1', { mpin_id: 'abcd', U: u, UT: ut });
  const reply = await world.post('/rps/pass1', { mpin_id: jo.mpinId, U: u, UT: ut });
  refused(t, reply, 503, 'challenges');
  t.equal(reply.headers.get('retry-after'), '1');
  world.clock.pass(15_000);
  t.equal(await jo.login(1), 401);
  world.clock.pass(15_000);
  const { v } = await al.begin(1);
  refused(t, await al.finish(v), 503, 'failure counters');
  world.clock.pass(15_000);
  t.equal(await al.login(), 200, 'a right PIN needs no counter');
});

t.test('common answers: status, preflight, unknown paths, origins', async (t) => {
  const world = await startWorld(t, { allowOrigin: ['https://a.example'] });
  for (const path of ['/status', '/rps/status']) {
    t.strictSame((await world.ask(path)).json, { version: '0.3', message: 'active' });
  }
  const unknown = await world.ask('/rps/nothing');
  t.equal(unknown.status, 404);
  t.strictSame(unknown.json, {
    version: '0.3',
    service_name: 'M-Pin authentication server',
    message: 'URI NOT FOUND',
  });
  const origin = 'https://a.example';
  const preflight = await world.ask('/any/path', { method: 'OPTIONS', headers: { origin } });
  t.equal(preflight.status, 200);
  t.strictSame(preflight.json, { version: '0.3', message: 'options request' });
  t.equal(preflight.headers.get('access-control-allow-origin'), origin);
  const foreign = await world.ask('/status', { headers: { origin: 'https://b.example' } });
  t.equal(foreign.headers.get('access-control-allow-origin'), null);
});

t.test('a client that leaves in the middle of a pass 2 harms nobody', async (t) => {
  const world = await startWorld(t);
  const jo = await world.person('jo@example.com');
  const { v } = await jo.begin();
  const body = JSON.stringify({ mpin_id: jo.mpinId, V: v, WID: '0', pass: 2 });
  const { hostname, port } = new URL(world.rps.address);
  await new Promise<void>((resolve) => {
    const socket = createConnection(Number(port), hostname, () => {
      const head = `POST /rps/pass2 HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n`;
      socket.write(head + body, () => socket.destroy());
    });
    socket.once('close', () => resolve());
  });
  t.equal(await jo.login(), 200);
});
