/** The topology of the 3.3 document: an M-Pin server that dances, an RPS that takes its results. */
import { once } from 'node:events';
import t, { type Test } from 'tap';
import { WebSocket } from 'ws';
import { type AuthOptions, authOptions } from '../../src/config/auth.js';
import { loadOptions } from '../../src/config/load.js';
import type { RpsOptions } from '../../src/config/rps.js';
import type { RunningRole } from '../../src/ops/role.js';
import { isoSeconds } from '../../src/protocol/clock.js';
import { signToken } from '../../src/protocol/signature.js';
import { startAuth } from '../../src/rps/auth.js';
import { type Person, type Reply, startWorld, type World } from './harness.js';
import { Browser, PATIENT, present } from './mobile.js';
import { APP_KEY } from './neighbours.js';

const OTHER_POINT = `04${'0'.repeat(63)}1${'0'.repeat(63)}1`;

t.setTimeout(240_000);

/** An RPS that does not dance, and the M-Pin server that does. */
async function startBoth(
  t: Test,
  more: { rps?: Partial<RpsOptions>; auth?: Partial<AuthOptions> } = {},
) {
  const world = await startWorld(t, {
    MPinAuthenticationServer: 'http://auth.example.com:8002/',
    ...PATIENT,
    ...more.rps,
  });
  const { credentialsFile, DTALocalURL, trustedProxies } = world.options;
  const options = {
    ...loadOptions(authOptions, { env: {}, flags: {} }),
    port: 0,
    credentialsFile,
    DTALocalURL,
    trustedProxies,
    cryptoThreads: 1,
    RPSURL: `${world.rps.address}/`,
    ...more.auth,
  };
  const auth = await startAuth(options, world.context);
  t.teardown(() => auth.stop());
  await auth.ready;
  const jo = await world.person('jo@example.com');
  await warmUp(world, auth, jo);
  return { world, auth, jo };
}

/** Has the worker start: until then, a challenge may end before it is checked, which is 500. */
async function warmUp(world: World, auth: RunningRole, person: Person): Promise<void> {
  for (;;) {
    const { status, json } = await dance(world, auth, person);
    if (status !== 500 || json['message'] !== 'Invalid pass one data') return;
  }
}

/** Both passes at the M-Pin server; its reply to the second, and the V that it got. */
async function dance(
  world: World,
  auth: RunningRole,
  person: Person,
  { pin, ...more }: Record<string, unknown> & { pin?: number } = {},
): Promise<Reply & { readonly v: string }> {
  const { u, ut, prove } = person.commit(pin);
  const post = (path: string, body: unknown) =>
    world.ask(path, { method: 'POST', body, at: auth.address });
  const mpin_id = person.mpinId;
  const { json } = await post('/pass1', { mpin_id, U: u, UT: ut, pass: 1 });
  const v = prove(`${json['y']}`);
  const second = await post('/pass2', { mpin_id, V: v, OTP: 0, WID: '0', pass: 2, ...more });
  return { ...second, v };
}

t.test('logins at the M-Pin server are results at the RPS, which counts them', async (t) => {
  const { world, auth, jo } = await startBoth(t);
  const { json: settings } = await world.ask('/rps/clientSettings');
  t.equal(settings['mpinAuthServerURL'], 'http://auth.example.com:8002');
  const end = await dance(world, auth, jo);
  t.equal(end.status, 200);
  t.strictSame(Object.keys(end.json).sort(), ['authOTT', 'pass', 'version']);
  const { json } = await world.authenticate(end.json['authOTT']);
  t.match(json, { status: 200, userId: 'jo@example.com', mpinId: jo.mpinId });
  const replay = { mpin_id: jo.mpinId, V: end.v, WID: '0', pass: 2 };
  const again = await world.ask('/pass2', { method: 'POST', body: replay, at: auth.address });
  t.equal(again.status, 500, 'its challenge is used up');
  const statuses = [];
  for (const pin of [1, 2, 3, undefined]) {
    const { json } = await dance(world, auth, jo, pin === undefined ? {} : { pin });
    statuses.push((await world.authenticate(json['authOTT'])).status);
  }
  t.strictSame(statuses, [401, 401, 410, 410]);
});

t.test('the RPS neither dances nor holds the server secret, and is ready', async (t) => {
  const { world, auth, jo } = await startBoth(t);
  const { u, ut } = jo.commit();
  const pass1 = { mpin_id: jo.mpinId, U: u, UT: ut, pass: 1 };
  t.equal((await world.post('/rps/pass1', pass1)).status, 404);
  t.equal((await world.ask('/health/ready')).status, 200);
  t.equal((await world.ask('/health/ready', { at: auth.address })).status, 200);
  t.equal(world.authorities.askedFor('/serverSecret').length, 1, 'only the M-Pin server asked');
  const alone = await startWorld(t);
  t.equal((await alone.ask('/token', { method: 'PUT', body: {} })).status, 404);
});

t.test('one-time passwords and logins by mobile work through it', async (t) => {
  const requestOTP = true;
  const { world, auth, jo } = await startBoth(t, { rps: { requestOTP }, auth: { requestOTP } });
  const { json } = await dance(world, auth, jo, { OTP: 1 });
  t.match(json['OTP'], /^\d{6}$/);
  t.equal((await world.authenticate(json['authOTT'])).json['OTP'], json['OTP']);
  const browser = await Browser.withNumber(world);
  const { json: end } = await dance(world, auth, jo, { WID: Number(browser.wid) });
  const mobile = present(world, end['authOTT']);
  t.equal(await browser.loggedIn(), end['authOTT']);
  t.equal((await browser.toRpa(end['authOTT'])).status, 200);
  t.equal((await mobile).status, 200);
  const { json: lost } = await dance(world, auth, jo, { WID: '1234566' });
  t.equal((await present(world, lost['authOTT'])).status, 412);
});

t.test('a dance over a WebSocket is delivered alike', async (t) => {
  const { world, auth, jo } = await startBoth(t);
  const socket = new WebSocket(`${auth.address.replace('http', 'ws')}/authenticationToken`);
  t.teardown(() => socket.terminate());
  await once(socket, 'open');
  const ask = async (message: object): Promise<Record<string, unknown>> => {
    socket.send(JSON.stringify(message));
    const [data] = await once(socket, 'message');
    return JSON.parse(`${data}`) as Record<string, unknown>;
  };
  const { u, ut, prove } = jo.commit();
  const { y } = await ask({ mpin_id: jo.mpinId, UT: ut, U: u, pass: 1 });
  const { authOTT } = await ask({ V: prove(`${y}`), OTP: 0, WID: '0', pass: 2 });
  t.equal((await world.authenticate(authOTT)).status, 200);
});

t.test('PIN errors travel in the token, so that garbage locks nobody', async (t) => {
  const { world, auth, jo } = await startBoth(t, {
    rps: { lockPolicy: 'pinError' },
    auth: { pinError: true },
  });
  const statusOf = async (more: Parameters<typeof dance>[3]): Promise<number> => {
    const { json } = await dance(world, auth, jo, more);
    return (await world.authenticate(json['authOTT'])).status;
  };
  for (let tries = 0; tries < 4; tries += 1) t.equal(await statusOf({ V: OTHER_POINT }), 401);
  t.equal(await statusOf({}), 200);
  t.strictSame([await statusOf({ pin: 1 }), await statusOf({ pin: 2 })], [401, 401]);
  t.equal(await statusOf({ pin: 3 }), 410);
});

t.test('what the RPS does not take has not happened', async (t) => {
  const { world, auth, jo } = await startBoth(t);
  await world.rps.stop();
  t.equal((await dance(world, auth, jo, { pin: 1 })).status, 503);
  await world.restart();
  const other = await startAuthWith(t, world, 'http://127.0.0.1:9/');
  await warmUp(world, other, jo);
  t.equal((await dance(world, other, jo)).status, 503, 'nor where nobody listens');
});

async function startAuthWith(t: Test, world: World, RPSURL: string): Promise<RunningRole> {
  const { credentialsFile, DTALocalURL } = world.options;
  const options = loadOptions(authOptions, { env: {}, flags: {} });
  const auth = await startAuth(
    { ...options, port: 0, credentialsFile, DTALocalURL, cryptoThreads: 1, RPSURL },
    world.context,
  );
  t.teardown(() => auth.stop());
  await auth.ready;
  return auth;
}

t.test('a token is taken once, in time, in form and under its signature', async (t) => {
  const { world, jo } = await startBoth(t);
  const authOTT = 'a'.repeat(32);
  const fields = {
    mpinId: jo.mpinId,
    successCode: 0,
    expires: isoSeconds(world.clock.now() + 60_000),
    WID: '0',
    OTP: '0',
    authOTT,
  };
  const put = async (more: Partial<typeof fields> = {}, unsigned: object = {}) => {
    const signed = { ...fields, ...more };
    const { mpinId, authOTT: ott, ...rest } = signed;
    const token = { mpin_id_hex: mpinId, ...rest, pinError: 0, pinErrorCost: 0, ...unsigned };
    const body = { token, authOTT: ott, signature: signToken(APP_KEY, signed) };
    return (await world.ask('/token', { method: 'PUT', body })).status;
  };
  t.equal(await put({}, { successCode: -19 }), 401, 'another outcome than was signed');
  t.equal(await put({}, { mpin_id_hex: `${jo.mpinId}00` }), 401, 'another identity');
  t.equal(await put({}, { OTP: '123456' }), 401, 'another password');
  t.equal(await put({}, { WID: '1234566' }), 401, 'another number');
  const at = (ms: number) => isoSeconds(world.clock.now() + ms);
  t.equal(await put({ expires: at(-6_000) }), 408, 'too old');
  t.equal(await put({ expires: at(70_000) }), 408, 'from the future');
  const bad: Record<string, object> = {
    'another code': { successCode: 1 },
    'a code in a text': { successCode: '0' },
    'no time': { expires: '2014-03-18 09:00:33' },
    'no number': { WID: '12345' },
    'no password': { OTP: '12345' },
    'no identity': { mpin_id_hex: 'xyz' },
  };
  for (const [name, more] of Object.entries(bad)) t.equal(await put({}, more), 400, name);
  t.equal(await put({ authOTT: 'a'.repeat(34) }), 400, 'a token of another length');
  for (const body of ['', {}, { token: [] }, { token: fields }]) {
    t.equal((await world.ask('/token', { method: 'PUT', body })).status, 400);
  }
  t.equal((await world.authenticate(authOTT)).status, 408, 'none of these was taken');
  t.equal(await put(), 200);
  t.equal((await world.authenticate(authOTT)).status, 200);
  t.equal(await put(), 408, 'delivered before');
  t.equal((await world.authenticate(authOTT)).status, 408, 'so it cannot be used again');
});

t.test('where the RPS has a secret, results are delivered with it or not at all', async (t) => {
  const rps = { rpaSecret: 'the secret' };
  const bearer = { headers: { authorization: 'Bearer the secret' } };
  const { world, auth, jo } = await startBoth(t, { rps, auth: { rpaSecret: 'the secret' } });
  const { json } = await dance(world, auth, jo);
  const body = { authOTT: json['authOTT'] };
  t.equal((await world.ask('/authenticate', { method: 'POST', body, ...bearer })).status, 200);
  t.equal((await world.ask('/metrics', { at: auth.address })).status, 403);
  t.equal((await world.ask('/metrics', { at: auth.address, ...bearer })).status, 200);
  const without = await startBoth(t, { rps });
  const refused = await dance(without.world, without.auth, without.jo);
  t.strictSame([refused.status, refused.json['authOTT']], [500, undefined]);
});
