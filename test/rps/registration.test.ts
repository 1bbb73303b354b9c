import t, { type Test } from 'tap';
import { hashMpinId, parseMpinId } from '../../src/protocol/mpin-id.js';
import { activateKey, signClientSecret } from '../../src/protocol/signature.js';
import { type Reply, startWorld, type World } from './harness.js';
import { APP_ID, APP_KEY } from './neighbours.js';

const HOUR_MS = 3_600_000;
const userId = 'jo@example.com';

/** Every error has a JSON body with a message (contract §1, rule 3). */
function refused(t: Test, reply: Reply, status: number, name: string): void {
  t.equal(reply.status, status, name);
  t.equal(reply.json['version'], '0.3', `${name}: version`);
  t.type(reply.json['message'], 'string', `${name}: message`);
}

/** Answers of an RPA that leaves the person to confirm later. */
const later = () => ({ status: 200, body: '{"forceActivate":false}' });

const keyOf = (mpinId: string, regOTT: string) => activateKey(APP_KEY, mpinId, regOTT);

async function newUser(world: World): Promise<{ mpinId: string; regOTT: string; active: boolean }> {
  const { json } = await world.register({ userId });
  return json as { mpinId: string; regOTT: string; active: boolean };
}

const signature = (world: World, mpinId: string, regOTT: string): Promise<Reply> =>
  world.ask(`/rps/signature/${mpinId}?regOTT=${regOTT}`);

t.test('clientSettings carries all that clients need, and nothing is cached', async (t) => {
  const world = await startWorld(t);
  const { status, headers, json } = await world.ask('/rps/clientSettings');
  t.equal(status, 200);
  t.match(headers.get('cache-control'), /no-cache, no-store/);
  t.equal(headers.get('pragma'), 'no-cache');
  const api = 'https://login.example.com/rps';
  t.match(json['seedValue'], /^[0-9a-f]{200}$/);
  t.strictSame(json, {
    seedValue: json['seedValue'],
    certivoxURL: `${world.authorities.address}/api/`,
    timePermitsStorageURL: `${world.authorities.address}/permits`,
    mpinAuthServerURL: api,
    registerURL: `${api}/user`,
    signatureURL: `${api}/signature`,
    setupDoneURL: `${api}/setupDone`,
    timePermitsURL: `${api}/timePermit`,
    mobileAuthenticateURL: `${api}/authenticate`,
    accessNumberURL: `${api}/access`,
    getAccessNumberURL: `${api}/getAccessNumber`,
    getQrUrl: `${api}/getQrUrl`,
    codeStatusURL: `${api}/codeStatus`,
    authenticateURL: 'https://login.example.com/mpinAuthenticate',
    appID: APP_ID,
    requestOTP: false,
    setDeviceName: false,
    useNFC: false,
    usePermits: true,
    useWebSocket: false,
    accessNumberUseCheckSum: true,
    accessNumberDigits: 7,
    cSum: 1,
    maxInvalidLoginAttempts: 3,
  });
  const again = await world.ask('//rps//clientSettings');
  t.equal(again.status, 200, 'double slashes are one');
  t.not(again.json['seedValue'], json['seedValue']);
});

t.test('options reach clientSettings, and an OTP service offers no access numbers', async (t) => {
  const world = await startWorld(t, {
    requestOTP: true,
    accessNumberUseCheckSum: false,
    usePermits: false,
    useWebSocket: true,
    setDeviceName: true,
    rpsBaseURL: '',
    rpsPrefix: '/auth/',
    seedValueLength: 20,
  });
  const { json } = await world.ask('/auth/clientSettings');
  t.match(json, {
    requestOTP: true,
    accessNumberDigits: 6,
    usePermits: false,
    useWebSocket: true,
    setDeviceName: true,
    registerURL: '/auth/user',
    seedValue: /^[0-9a-f]{40}$/,
  });
  t.notOk('accessNumberURL' in json || 'getAccessNumberURL' in json);
  refused(t, await world.ask('/rps/clientSettings'), 404, 'the old prefix');
});

t.test('a new user gets an identity, and the RPA is asked to confirm it', async (t) => {
  const world = await startWorld(t);
  const before = world.clock.now();
  const name = 'jürgen@例え.jp';
  const { status, json } = await world.register(
    { userId: name, mobile: '1', deviceName: 'phone', userData: { a: 1 }, activateCode: '99' },
    undefined,
    { host: 'evil.example' },
  );
  t.equal(status, 200);
  t.strictSame(Object.keys(json).sort(), ['active', 'expireTime', 'mpinId', 'nowTime', 'regOTT']);
  t.equal(json['active'], true);
  t.match(json['regOTT'], /^[0-9a-f]{32}$/);
  t.match(json['nowTime'], /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/);
  const ends = Date.parse(`${json['expireTime']}Z`);
  t.ok(ends >= before + HOUR_MS && ends <= world.clock.now() + HOUR_MS);
  const mpinId = `${json['mpinId']}`;
  t.match(parseMpinId(mpinId), { userID: name, mobile: 1 });
  t.match(Buffer.from(mpinId, 'hex').toString(), /"userID": "j\\u00fcrgen@/);
  const [call] = world.rpa.verifyCalls;
  t.equal(call?.headers['rps-base-url'], 'https://login.example.com', 'never the Host header');
  t.strictSame(call?.body, {
    userId: name,
    mpinId,
    mobile: 1,
    activateKey: keyOf(mpinId, `${json['regOTT']}`),
    expireTime: `${new Date(ends).toISOString().slice(0, 19)}Z`,
    resend: false,
    deviceName: 'phone',
    userData: { a: 1 },
    activateCode: '99',
  });
});

t.test('without values of its own a request has the documented defaults', async (t) => {
  const world = await startWorld(t, { rpsBaseURLs: ['https://Other.example:444/'] });
  const given = 'f'.repeat(32);
  const { json } = await world.register({ userId, regOTT: given, extra: [1] }, undefined, {
    host: 'other.example:444',
  });
  t.not(json['regOTT'], given, 'a client cannot choose its regOTT');
  const [call] = world.rpa.verifyCalls;
  t.match(call?.body, { mobile: 0, deviceName: '', userData: '', resend: false });
  t.notOk('activateCode' in (call?.body ?? {}));
  t.equal(call?.headers['rps-base-url'], 'https://other.example:444', 'a listed host counts');
  await world.register({ userId, deviceId: 'laptop', mobile: true });
  t.match(world.rpa.verifyCalls[1]?.body, { mobile: 1, deviceName: 'laptop' });
});

t.test('bad registrations are refused before anybody is asked', async (t) => {
  const world = await startWorld(t);
  const bad: Record<string, unknown> = {
    'no JSON': '{',
    'no object': '[]',
    'an empty body': '',
    'bytes that are no UTF-8 escape': '{"userId":"\\ud800"}',
    'no userId': {},
    'a userId that is no text': { userId: 7 },
    'an empty userId': { userId: '' },
    'a blank userId': { userId: ' ' },
    'a userId too long': { userId: 'x'.repeat(255) },
    'markup in userId': { userId: '<b>x</b>' },
    'a quote in userId': { userId: "x'y" },
    'a control character in userId': { userId: 'x\u0000y' },
    'a line feed in userId': { userId: 'x\ny' },
    'a mobile that is neither': { userId, mobile: 2 },
    'a mobile of another kind': { userId, mobile: [] },
    'a deviceName that is no text': { userId, deviceName: {} },
    'a deviceName too long': { userId, deviceName: 'x'.repeat(257) },
  };
  for (const [name, body] of Object.entries(bad)) {
    refused(t, await world.register(body), 400, name);
  }
  refused(t, await world.register({ userId, userData: 'x'.repeat(40_000) }), 413, 'oversized');
  t.equal(world.rpa.verifyCalls.length, 0);
  t.equal((await world.register({ userId: 'x'.repeat(254) })).status, 200, 'the longest passes');
});

t.test('what the RPA says decides, and a refused registration leaves nothing', async (t) => {
  const world = await startWorld(t);
  const cases: readonly [number, string, number][] = [
    [400, '{}', 400],
    [401, '', 401],
    [403, '{"message":"no"}', 403],
    [409, 'text', 409],
    [500, '', 500],
    [503, '', 500],
    [204, '', 500],
    [302, '', 500],
    [200, 'not json', 500],
    [200, '[]', 500],
  ];
  for (const [status, body, expected] of cases) {
    let mpinId = '';
    let regOTT = '';
    world.rpa.onVerify = (call) => {
      mpinId = `${call.body['mpinId']}`;
      regOTT = `${call.body['activateKey']}`;
      return { status, body };
    };
    refused(t, await world.register({ userId }), expected, `RPA ${status} ${body}`);
    const activation = await world.post(`/user/${mpinId}`, { activateKey: regOTT });
    t.equal(activation.status, 401, 'nothing is left to activate');
  }
  world.rpa.onVerify = () => ({ status: 200, body: '' });
  t.equal((await world.register({ userId })).json['active'], false, 'an empty reply is a yes');
  await world.rpa.stop();
  refused(t, await world.register({ userId }), 500, 'RPA unreachable');
});

t.test('without a verify URL nobody can register', async (t) => {
  const world = await startWorld(t, { RPAVerifyUserURL: '' });
  refused(t, await world.register({ userId }), 400, 'not configured');
});

t.test('only the right key activates, and a wrong one changes nothing', async (t) => {
  const world = await startWorld(t);
  world.rpa.onVerify = later;
  const { mpinId, regOTT, active } = await newUser(world);
  t.equal(active, false);
  refused(t, await signature(world, mpinId, regOTT), 401, 'signature before activation');
  const key = keyOf(mpinId, regOTT);
  const activate = (body: unknown, id = mpinId) => world.post(`/user/${id}`, body);
  for (const wrong of ['', 'garbage', key.slice(1), `${key}0`, '0'.repeat(64), regOTT]) {
    refused(t, await activate({ activateKey: wrong }), 403, `key ${wrong}`);
  }
  for (const body of ['{', '[]', {}, { activateKey: 1 }, { activateKey: null }]) {
    refused(t, await activate(body), 400, JSON.stringify(body));
  }
  refused(t, await activate({ activateKey: key }, 'abcd'), 401, 'an unknown identity');
  refused(t, await activate({ activateKey: key }, 'xyz'), 401, 'no identity at all');
  refused(t, await signature(world, mpinId, regOTT), 401, 'still not active');
  t.equal((await activate({ activateKey: key.toUpperCase() }, mpinId.toUpperCase())).status, 200);
  t.equal((await signature(world, mpinId, regOTT)).status, 200);
  refused(t, await activate({ activateKey: 'garbage' }), 403, 'a wrong key later');
  t.equal((await signature(world, mpinId, regOTT)).status, 200, 'takes nothing back');
  world.clock.pass(HOUR_MS);
  refused(t, await activate({ activateKey: key }), 401, 'an ended registration');
});

t.test('private routes answer only listed peers', async (t) => {
  const world = await startWorld(t, { privateAllow: ['192.0.2.1'] });
  refused(t, await world.post('/user/abcd', {}), 403, 'activation');
  refused(t, await world.authenticate('x'), 403, 'authenticate');
  t.equal((await world.ask('/rps/clientSettings')).status, 200);
});

t.test('a restart keeps identity and regOTT, asks again and starts its time anew', async (t) => {
  const world = await startWorld(t);
  const first = await newUser(world);
  world.clock.pass(HOUR_MS / 2);
  world.rpa.onVerify = later;
  const body = { userId, regOTT: first.regOTT, mobile: 1, deviceName: 'new name' };
  const { status, json } = await world.register(body, first.mpinId.toUpperCase());
  t.equal(status, 200);
  t.match(json, { mpinId: first.mpinId, regOTT: first.regOTT, active: false });
  t.match(world.rpa.verifyCalls[1]?.body, {
    userId,
    mpinId: first.mpinId,
    mobile: 0,
    activateKey: keyOf(first.mpinId, first.regOTT),
    resend: true,
    deviceName: 'new name',
  });
  refused(t, await signature(world, first.mpinId, first.regOTT), 401, 'activation is reset');
  world.clock.pass((HOUR_MS * 3) / 4);
  const activateBody = { activateKey: keyOf(first.mpinId, first.regOTT) };
  t.equal((await world.post(`/user/${first.mpinId}`, activateBody)).status, 200, 'old link holds');
  t.equal((await signature(world, first.mpinId, first.regOTT)).status, 200);
  world.rpa.onVerify = () => ({ status: 200, body: '{"forceActivate":true}' });
  t.equal((await world.register(body, first.mpinId)).json['active'], true, 'forced');
});

t.test('a restart cannot change whose identity it is', async (t) => {
  const world = await startWorld(t);
  const { mpinId, regOTT } = await newUser(world);
  refused(t, await world.register({ userId: 'evil@example.com', regOTT }, mpinId), 400, 'swap');
  for (const wrong of [undefined, '', 'f'.repeat(32), 7, regOTT.slice(1)]) {
    const body = { userId, regOTT: wrong };
    refused(t, await world.register(body, mpinId), 400, `regOTT ${wrong}`);
  }
  t.equal(world.rpa.verifyCalls.length, 1, 'nobody was mailed');
  t.equal((await signature(world, mpinId, regOTT)).status, 200, 'and nothing was lost');
});

t.test('an unknown or ended identity silently becomes a new one', async (t) => {
  const world = await startWorld(t);
  const { mpinId, regOTT } = await newUser(world);
  world.clock.pass(HOUR_MS);
  for (const old of [mpinId, 'abcdef', 'not-hex', 'abc']) {
    const { status, json } = await world.register({ userId, regOTT }, old);
    t.equal(status, 200, old);
    t.not(json['mpinId'], old);
    t.not(json['regOTT'], regOTT);
  }
});

t.test('a restart that the RPA refuses leaves the old registration as it was', async (t) => {
  const world = await startWorld(t);
  const { mpinId, regOTT } = await newUser(world);
  world.rpa.onVerify = () => ({ status: 500, body: '' });
  refused(t, await world.register({ userId, regOTT }, mpinId), 500, 'RPA fails');
  t.equal((await signature(world, mpinId, regOTT)).status, 200, 'still active');
});

t.test('an activation counts while the verify call is still running', async (t) => {
  const world = await startWorld(t);
  world.rpa.onVerify = async ({ body }) => {
    const activateKey = body['activateKey'];
    const { status } = await world.post(`/user/${body['mpinId']}`, { activateKey });
    t.equal(status, 200);
    return later();
  };
  const { mpinId, regOTT, active } = await newUser(world);
  t.equal(active, true, 'of a new registration');
  const again = await world.register({ userId, regOTT }, mpinId);
  t.equal(again.json['active'], true, 'of a restart');
  t.equal((await signature(world, mpinId, regOTT)).status, 200);
});

t.test('signature gives the local share and a query signed for the hosted one', async (t) => {
  const world = await startWorld(t);
  const { mpinId, regOTT } = await newUser(world);
  const { status, json } = await signature(world, mpinId.toUpperCase(), `${regOTT}&pmiToken=x`);
  t.equal(status, 200);
  t.strictSame(Object.keys(json).sort(), ['clientSecretShare', 'params']);
  t.match(json['clientSecretShare'], /^04[0-9a-f]{128}$/);
  const params = Object.fromEntries(new URLSearchParams(`${json['params']}`));
  const hashMpinIdHex = hashMpinId(mpinId).toString('hex');
  const expires = `${params['expires']}`;
  t.strictSame(params, {
    app_id: APP_ID,
    expires,
    hash_mpin_id: hashMpinIdHex,
    hash_user_id: '',
    mobile: '0',
    signature: signClientSecret(APP_KEY, { appId: APP_ID, hashMpinId: hashMpinIdHex, expires }),
  });
  t.equal((await signature(world, mpinId, regOTT)).status, 200, 'a lost reply can be had again');
});

t.test('signature refuses without saying which identities there are', async (t) => {
  const world = await startWorld(t);
  const { mpinId, regOTT } = await newUser(world);
  const cases = {
    'wrong regOTT': await signature(world, mpinId, 'f'.repeat(32)),
    'no regOTT': await world.ask(`/rps/signature/${mpinId}`),
    'unknown identity': await signature(world, 'abcd', regOTT),
    'unknown identity, no regOTT': await signature(world, 'abcd', ''),
    'no identity': await signature(world, 'xyz', regOTT),
  };
  for (const [name, reply] of Object.entries(cases)) refused(t, reply, 400, name);
  t.equal(new Set(Object.values(cases).map(({ text }) => text)).size, 1);
  t.equal((await signature(world, mpinId, regOTT)).status, 200, 'a wrong regOTT deletes nothing');
  world.clock.pass(HOUR_MS);
  refused(t, await signature(world, mpinId, regOTT), 400, 'ended');
});

t.test('a failing D-TA is a 401 at signature: clients know 400 and 401 only', async (t) => {
  const world = await startWorld(t);
  const { mpinId, regOTT } = await newUser(world);
  for (const fault of [
    { status: 500, body: '{}' },
    { status: 401, body: '{"message":"Invalid signature"}' },
    { status: 200, body: 'no json' },
    { status: 200, body: '{"clientSecret":"00"}' },
  ]) {
    world.authorities.faults.set('/clientSecret', fault);
    const reply = await signature(world, mpinId, regOTT);
    refused(t, reply, 401, `D-TA ${fault.status} ${fault.body}`);
    t.equal(reply.headers.get('www-authenticate'), 'Authenticate');
  }
  await world.post(`/rps/setupDone/${mpinId}`, {});
  world.authorities.faults.clear();
  t.equal((await signature(world, mpinId, regOTT)).status, 200, 'later it goes on');
});

t.test('setupDone always says 200 and ends only what was issued', async (t) => {
  const world = await startWorld(t);
  const { mpinId, regOTT } = await newUser(world);
  t.equal((await world.post(`/rps/setupDone/${mpinId}`, {})).status, 200);
  t.equal((await signature(world, mpinId, regOTT)).status, 200, 'was not issued yet');
  t.equal((await world.post(`/rps/setupDone/${mpinId}`, '')).status, 200);
  refused(t, await signature(world, mpinId, regOTT), 400, 'ended');
  t.equal((await world.post('/rps/setupDone/abcd', 'x')).status, 200);
  t.equal((await world.post('/rps/setupDone/xyz', {})).status, 200);
});
