import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { isAccessNumber } from '../../src/client/access-number.js';
import { announceScan, announceUser, approve, logoutRemotely } from '../../src/client/approve.js';
import { createClient } from '../../src/client/client.js';
import { nativeCrypto } from '../../src/client/crypto-native.js';
import { requestOtp } from '../../src/client/otp.js';
import { connect } from '../../src/client/parts.js';
import {
  completePhoneLogin,
  phoneState,
  requestAccessNumber,
  requestQrCode,
} from '../../src/client/phone-login.js';
import { confirmRegistration, startRegistration } from '../../src/client/register.js';
import type { StoredIdentity } from '../../src/client/storage.js';
import type { Reply, Request } from '../../src/client/transport.js';
import { milagroCrypto } from '../../src/web/crypto/milagro-crypto.js';
import { randomScalar } from '../../src/web/crypto/random-scalar.js';
import { abbreviated, observedTransport, type WireEvent } from '../../src/web/sdk/wire.js';
import { explain } from '../../src/web/wire/explain.js';
import { BASE, FakeSystem } from '../client/fake-system.js';
import { ROOT } from '../e2e/program.js';

const USER = { userId: 'u@example.com', pin: '1234' };

const MOBILE_SETTINGS = {
  mobileAuthenticateURL: '/rps/authenticate',
  accessNumberURL: '/rps/access',
  getAccessNumberURL: '/rps/getAccessNumber',
  getQrUrl: '/rps/getQrUrl',
  codeStatusURL: '/rps/codeStatus',
};

function setUp(settings = {}) {
  const system = new FakeSystem();
  system.settings = { ...MOBILE_SETTINGS, ...settings };
  const kept = new Map<string, StoredIdentity>();
  const storage = {
    load: async ({ userId }: { userId: string }) => kept.get(userId),
    save: async ({ userId }: { userId: string }, one: StoredIdentity) => void kept.set(userId, one),
    remove: async ({ userId }: { userId: string }) => void kept.delete(userId),
  };
  const parts = { baseUrl: BASE, transport: system, crypto: milagroCrypto, storage };
  const bodies: Record<string, unknown> = {};
  const replies: Record<string, Reply> = {};
  system.override = ({ body }: Request, path) => {
    bodies[path] = body;
    return replies[path];
  };
  return { system, storage, parts, bodies, replies, client: createClient(parts) };
}

const json = (body: object, status = 200): Reply => ({ status, text: JSON.stringify(body) });

t.test('milagro-crypto-js and the native core take one another’s tokens', async (t) => {
  const { parts, client } = setUp();
  const native = createClient({ ...parts, crypto: nativeCrypto });
  for (const pin of ['0000', '0007', '9999', '4711']) {
    await client.register({ ...USER, pin });
    t.same(await native.login({ ...USER, pin }), { userId: 'u' });
    t.same(await client.login({ ...USER, pin }), { userId: 'u' });
    await native.register({ ...USER, pin });
    t.same(await client.login({ ...USER, pin, webSocket: true }), { userId: 'u' });
  }
  await t.rejects(client.login(USER), { code: 'wrong-pin' });
});

t.test('without permits too, and what is no point of the curve is refused', async (t) => {
  const { client } = setUp({ usePermits: false });
  await client.register(USER);
  t.same(await client.login(USER), { userId: 'u' });
  for (const first of [0, 2, 4]) {
    const nowhere = new Uint8Array(65).fill(1).fill(first, 0, 1);
    t.throws(() => milagroCrypto.add(nowhere, nowhere), /not a point/);
    t.throws(() => milagroCrypto.extractPin(nowhere, 1, nowhere), /not a point/);
  }
});

t.test('x is uniform below the order: what is not in [1, r) is drawn again', (t) => {
  const ORDER = '2400000008702a0db0bddf647a6366d2c43fd6ee0cc906cebe11c0a636eb1f6d';
  const last = `${ORDER.slice(0, -1)}c`;
  const draws = ['0'.repeat(64), ORDER, 'f'.repeat(64), last];
  const x = randomScalar((bytes) => bytes.set(Buffer.from(draws.shift() ?? '', 'hex')));
  t.equal(Buffer.from(x).toString('hex'), last);
  t.equal(draws.length, 0);
  const many = new Set(
    Array.from({ length: 64 }, () => Buffer.from(randomScalar()).toString('hex')),
  );
  t.equal(many.size, 64);
  t.end();
});

t.test('a registration goes in steps; asking again asks for the same identity', async (t) => {
  const { system, parts, storage, bodies } = setUp();
  const on = await connect({ ...parts, mobile: true });
  system.active = false;
  await startRegistration(on, { userId: 'u', deviceName: 'Laptop' });
  t.match(bodies['/rps/user'], { userId: 'u', mobile: 1, deviceName: 'Laptop' });
  await t.rejects(confirmRegistration(on, 'u'), { code: 'not-activated' });
  const first = (await storage.load({ userId: 'u' }))?.pending;
  await startRegistration(on, { userId: 'u' });
  t.match(bodies[`/rps/user/${first?.mpinId}`], { regOTT: first?.regOTT }, 'sent again');
  system.active = true;
  const setup = await confirmRegistration(on, 'u');
  await t.rejects(setup.finish('12'), RangeError);
  await setup.finish('1234');
  const stored = await storage.load({ userId: 'u' });
  t.match(stored, { deviceName: 'Laptop', ready: { token: /^04/ } });
  t.equal(stored?.pending, undefined);
  await t.rejects(confirmRegistration(on, 'u'), { code: 'not-registered' });
});

t.test('wrong PINs are counted until a right one', async (t) => {
  const { client, storage } = setUp();
  await client.register(USER);
  const count = async () => (await storage.load(USER))?.ready?.wrongPins;
  await t.rejects(client.login({ ...USER, pin: '1'.repeat(4) }));
  await t.rejects(client.login({ ...USER, pin: '1'.repeat(4) }));
  t.equal(await count(), 2);
  await client.login(USER);
  t.equal(await count(), undefined);
});

t.test('WebSocket where it is advertised, REST where that fails', async (t) => {
  const { system, client } = setUp();
  await client.register(USER);
  const login = () => client.login({ ...USER, webSocket: 'advertised' });
  await login();
  t.notMatch(system.takeAsked().join(), 'WS ');
  system.settings = { useWebSocket: true };
  await login();
  t.notMatch(system.takeAsked().join(), 'pass1');
  const { openChannel } = system;
  system.openChannel = async () => {
    throw Object.assign(
      new (await import('../../src/client/errors.js')).ClientError('unreachable', ''),
    );
  };
  await login();
  t.match(system.takeAsked().join(), 'pass1');
  system.openChannel = openChannel;
});

t.test('the application has the last word on what it is sent', async (t) => {
  const { parts, bodies } = setUp();
  const client = createClient({
    ...parts,
    formatRegistration: (body) => ({ ...body, userData: { team: 7 } }),
    formatAuthentication: (body) => ({ ...body, csrf: 'c' }),
  });
  await client.register(USER);
  t.match(bodies['/rps/user'], { userId: USER.userId, userData: { team: 7 } });
  await client.login(USER);
  t.match(bodies['/mpinAuthenticate'], { csrf: 'c', mpinResponse: { pass: 2 } });
});

t.test('a one-time password comes with the life it has left', async (t) => {
  const { parts, client, bodies, replies } = setUp();
  await client.register(USER);
  const on = await connect(parts);
  replies['/rps/pass2'] = json({ authOTT: 'ab'.repeat(16), pass: 2, OTP: '012345' });
  replies['/mpinAuthenticate'] = json({ expireTime: 90_000, nowTime: 50_000, ttlSeconds: 60 });
  t.same(await requestOtp(on, USER), { otp: '012345', lifeMs: 40_000, wholeLifeMs: 60_000 });
  t.equal((bodies['/rps/pass2'] as Record<string, unknown>)['OTP'], 1);
  t.notMatch(
    JSON.stringify(bodies['/mpinAuthenticate']),
    '012345',
    'the application need not know',
  );
  replies['/mpinAuthenticate'] = json({});
  await t.rejects(requestOtp(on, USER), { code: 'protocol' });
});

t.test('a phone logs another screen in, tells it so, and can end that', async (t) => {
  const { parts, client, bodies, replies } = setUp();
  await client.register(USER);
  const on = await connect(parts);
  const wid = 'cd'.repeat(16);
  replies['/rps/codeStatus'] = json({ PrerollId: '', AppName: 'Shop', AppLogoUrl: '/l.png' });
  t.same(await announceScan(on, wid), { name: 'Shop', logoUrl: '/l.png' });
  t.same(bodies['/rps/codeStatus'], { status: 'wid', wid });
  await announceUser(on, wid, 'u');
  t.same(bodies['/rps/codeStatus'], { status: 'user', wid, userId: 'u' });
  replies['/rps/codeStatus'] = json({}, 500);
  await t.resolves(announceUser(on, wid, 'u'), 'no login fails for it');

  replies['/rps/authenticate'] = json({ logoutURL: '/logout', logoutData: { s: 1 } });
  const logout = await approve(on, { ...USER, code: wid });
  t.match(bodies['/rps/pass2'], { WID: wid });
  t.same(logout, { url: `${BASE}/logout`, data: { s: 1 } });
  await logoutRemotely(on, logout ?? { url: '', data: {} });
  t.same(bodies['/logout'], { s: 1 });
  replies['/rps/authenticate'] = json({ logoutURL: '', logoutData: '' });
  t.equal(await approve(on, { ...USER, code: wid }), undefined, 'no way to end it');
  replies['/rps/authenticate'] = json({}, 412);
  await t.rejects(approve(on, { ...USER, code: wid }), { code: 'wrong-number' });
  replies['/logout'] = json({}, 400);
  await t.rejects(logoutRemotely(on, logout ?? { url: '', data: {} }));
});

t.test('the browser that waits understands both ways of being told', async (t) => {
  const { parts, bodies, replies } = setUp();
  const on = await connect(parts);
  const webOTT = 'ef'.repeat(16);
  const times = { ttlSeconds: 60, localTimeStart: 1, localTimeEnd: 2 };
  replies['/rps/getAccessNumber'] = json({ accessNumber: '4241703', webOTT, ...times });
  replies['/rps/getQrUrl'] = json({ qrUrl: 'http://a/#b', webOTT, ...times });
  const code = await requestAccessNumber(on);
  t.same(code, { accessNumber: '4241703', qrUrl: undefined, lifeMs: 60_000, webOTT });
  t.match(await requestQrCode(on, 'p'), { qrUrl: 'http://a/#b' });
  t.same(bodies['/rps/getQrUrl'], { prerollid: 'p' });
  const cases: [Reply, object][] = [
    [json({ status: 'new', authOTT: '' }), { state: 'waiting' }],
    [json({ status: 'wid' }), { state: 'scanned' }],
    [json({ status: 'user', userId: 'u' }), { state: 'user', userId: 'u' }],
    [json({ status: 'abort' }), { state: 'waiting' }],
    [json({ status: 'expired', authOTT: '' }), { state: 'expired' }],
    [json({ status: 'authenticate', authOTT: 'a' }), { state: 'approved', authOTT: 'a' }],
    [json({}, 401), { state: 'waiting' }],
    [json({ authOTT: 'a' }), { state: 'approved', authOTT: 'a' }],
  ];
  for (const [reply, state] of cases) {
    replies['/rps/access'] = reply;
    t.same(await phoneState(on, code), state, reply.text);
  }
  replies['/mpinAuthenticate'] = json({ userId: 'u' });
  t.same(await completePhoneLogin(on, 'a'), { userId: 'u' });
  t.same(bodies['/mpinAuthenticate'], { mpinResponse: { authOTT: 'a' } });
});

t.test('an access number with a typing mistake is found out', (t) => {
  const form = { digits: 7, check: 'weighted' } as const;
  for (const number of ['4241703', '6418791']) {
    t.ok(isAccessNumber(number, form), number);
    for (let at = 0; at < number.length; at++) {
      const digit = (Number(number[at]) + 1) % 10;
      t.notOk(isAccessNumber(number.slice(0, at) + digit + number.slice(at + 1), form), 'one off');
    }
  }
  t.notOk(isAccessNumber('2441703', form), 'two swapped');
  t.ok(isAccessNumber('123456', { digits: 6, check: 'none' }));
  t.notOk(isAccessNumber('12345', { digits: 6, check: 'none' }));
  t.notOk(isAccessNumber('12345a', { digits: 6, check: 'none' }));
  t.ok(isAccessNumber('1234563', { digits: 7, check: 'old' }), '(123456 · 11 mod 99991) mod 10');
  t.end();
});

t.test('what goes over the wire is shown with every secret cut short', async (t) => {
  const { system, parts } = setUp();
  const events: WireEvent[] = [];
  const transport = observedTransport(system, (event) => events.push(event));
  const client = createClient({ ...parts, transport });
  await client.register(USER);
  await client.login(USER);
  await client.login({ ...USER, webSocket: true });
  t.ok(events.length > 10);
  t.notMatch(JSON.stringify(events), /[0-9a-fA-F]{20}/, 'no key, point, token or identity');
  for (const event of events) {
    const { title, meaning } = explain(event);
    t.notMatch(title, /^\//, 'each exchange has a name for people');
    t.ok(meaning.length > 20, title);
  }
  t.same(abbreviated({ OTP: '123456', WID: '4241703', n: 1, a: ['ab'.repeat(20)] }), {
    OTP: '…',
    WID: '…',
    n: 1,
    a: ['abababab…(20 bytes)'],
  });
});

t.test('pad and cryptography stay below 150 kB gzipped', (t) => {
  const size = (file: string) => gzipSync(readFileSync(join(ROOT, 'out/web', file))).length;
  const [pad, worker] = [size('mpin-pad.js'), size('mpin-worker.js')];
  t.comment(`pad ${pad} bytes, worker with cryptography ${worker} bytes, gzipped`);
  t.ok(pad + worker < 150_000);
  t.ok(size('mpin-sdk.js') < 20_000);
  t.notMatch(readFileSync(join(ROOT, 'out/web/mpin-worker.js'), 'utf8'), /ANSSI|GOLDILOCKS|BLS383/);
  t.end();
});
