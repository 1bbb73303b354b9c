/** One-time passwords, the one-pass protocol, and what wrong PINs lead to. */
import { hash } from 'node:crypto';
import t, { type Test } from 'tap';
import { type Person, type Reply, startWorld, type World } from './harness.js';

t.setTimeout(240_000);

async function worldOf(t: Test, more: Parameters<typeof startWorld>[1] = {}) {
  const world = await startWorld(t, more);
  const jo = await world.person('jo@example.com');
  if (world.options.usePermits) await world.warmUp(jo);
  return { world, jo };
}

const verifyOtp = (world: World, userId: unknown, OTP: unknown): Promise<Reply> =>
  world.post('/verifyOTP', { userId, OTP });

/** A login that ends in a one-time password, taken by the RPA. */
async function otpOf(world: World, person: Person, pin?: number): Promise<string> {
  const { authOTT, OTP } = await person.dance({ OTP: 1 }, pin);
  const { json } = await world.authenticate(authOTT);
  if (json['OTP'] !== OTP) throw new Error('client and RPA have different ones');
  return `${OTP}`;
}

t.test('a one-time password is verified once within its life, after the RPA has it', async (t) => {
  const { world, jo } = await worldOf(t, { requestOTP: true });
  const { authOTT, OTP } = await jo.dance({ OTP: true });
  t.equal((await verifyOtp(world, 'jo@example.com', OTP)).status, 401, 'nobody took the login');
  t.match((await world.authenticate(authOTT)).json, { status: 200, OTP });
  t.equal((await verifyOtp(world, 'al@example.com', OTP)).status, 401, 'of another person');
  const accepted = await verifyOtp(world, 'jo@example.com', OTP);
  t.equal(accepted.status, 200);
  t.strictSame(accepted.json, {
    status: 200,
    message: 'One-time password accepted',
    userId: 'jo@example.com',
    mpinId: jo.mpinId,
  });
  const again = await verifyOtp(world, 'jo@example.com', OTP);
  t.equal(again.status, 401);
  t.strictSame(again.json, {
    status: 401,
    message: 'Wrong one-time password',
    userId: 'jo@example.com',
    mpinId: '',
  });
  const old = await otpOf(world, jo);
  world.clock.pass(60_000);
  t.equal((await verifyOtp(world, 'jo@example.com', old)).status, 401);
});

t.test('a one-time password of a wrong PIN looks like one and is worth nothing', async (t) => {
  const { world, jo } = await worldOf(t, { requestOTP: true });
  const otp = await otpOf(world, jo, 4321);
  t.match(otp, /^\d{6}$/);
  t.equal((await verifyOtp(world, 'jo@example.com', otp)).status, 401);
});

t.test('five wrong tries end a one-time password, and what has not its form is none', async (t) => {
  const { world, jo } = await worldOf(t, { requestOTP: true });
  const otp = await otpOf(world, jo);
  for (const bad of ['', '1', 'abcdef', `${otp}0`, ` ${otp}`]) {
    t.equal((await verifyOtp(world, 'jo@example.com', bad)).status, 401, `"${bad}"`);
  }
  for (const [userId, code] of [[undefined, otp] as const, ['jo@example.com', 123456] as const]) {
    t.equal((await verifyOtp(world, userId, code)).status, 400);
  }
  const wrong = otp === '000000' ? '000001' : '000000';
  const tries = await Promise.all([1, 2, 3, 4].map(() => verifyOtp(world, jo.userId, wrong)));
  t.ok(tries.every(({ status }) => status === 401));
  t.equal((await verifyOtp(world, jo.userId, otp)).status, 200, 'four are not five');
  const next = await otpOf(world, jo);
  const other = next === '000000' ? '000001' : '000000';
  await Promise.all([1, 2, 3, 4, 5].map(() => verifyOtp(world, jo.userId, other)));
  t.equal((await verifyOtp(world, jo.userId, next)).status, 401);
  t.equal((await verifyOtp(world, jo.userId, await otpOf(world, jo))).status, 200);
});

/** A one-pass message for a time, in seconds. */
function onePass(person: Person, time: number, pin?: number, date?: number) {
  const { u, ut, prove } = person.commit(pin, date);
  const commitment = date === 0 ? u : ut;
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(time);
  const y = hash('sha256', Buffer.concat([bytes, Buffer.from(commitment, 'hex')]), 'hex');
  const body = { mpin_id: person.mpinId, U: '', UT: ut, V: prove(y), T: time, OTP: 0, WID: '0' };
  return date === 0 ? { ...body, U: u, UT: '' } : body;
}

t.test('one pass is off until it is asked for', async (t) => {
  const { world, jo } = await worldOf(t);
  const now = Math.floor(world.clock.now() / 1000);
  t.equal((await world.post('/rps/pass', onePass(jo, now))).status, 404);
});

t.test('one pass logs in with a time near ours, and each message once', async (t) => {
  const { world, jo } = await worldOf(t, { onePass: true });
  const seconds = () => Math.floor(world.clock.now() / 1000);
  const message = onePass(jo, seconds());
  const first = await world.post('/rps/pass', message);
  t.equal(first.status, 200);
  t.match(first.json, { version: '0.3', pass: 2, authOTT: /^[0-9a-f]{32}$/ });
  t.equal((await world.authenticate(first.json['authOTT'])).status, 200);
  for (const again of [message, { ...message, mpin_id: jo.mpinId.toUpperCase(), WID: '1' }]) {
    t.equal((await world.post('/rps/pass', again)).status, 403, 'taken before');
  }
  const copies = onePass(jo, seconds() + 1);
  const all = await Promise.all(Array.from({ length: 10 }, () => world.post('/rps/pass', copies)));
  t.equal(all.filter(({ status }) => status === 200).length, 1, 'also all at once');
  for (const off of [-62, 62, -86_400]) {
    t.equal((await world.post('/rps/pass', onePass(jo, seconds() + off))).status, 403, `${off} s`);
  }
  for (const off of [-50, 50]) {
    t.equal((await world.post('/rps/pass', onePass(jo, seconds() + off))).status, 200, `${off} s`);
  }
  const early = onePass(jo, seconds() + 55);
  t.equal((await world.post('/rps/pass', { ...early, T: String(early.T) })).status, 200);
  world.clock.pass(110_000);
  t.equal((await world.post('/rps/pass', early)).status, 403, 'remembered while its time is near');
  for (const T of [undefined, '', -1, 1.5, 'now', 2 ** 32, null]) {
    t.equal((await world.post('/rps/pass', { ...early, T })).status, 403, `T ${T}`);
  }
});

t.test('a wrong one-pass message counts as a wrong PIN, each time it comes', async (t) => {
  const { world, jo } = await worldOf(t, { onePass: true });
  const wrong = onePass(jo, Math.floor(world.clock.now() / 1000), 4321);
  const statuses = [];
  for (let tries = 0; tries < 3; tries += 1) {
    const { json } = await world.post('/rps/pass', wrong);
    statuses.push((await world.authenticate(json['authOTT'])).status);
  }
  t.strictSame(statuses, [401, 401, 410]);
});

t.test('without permits one pass and two pass go by U', async (t) => {
  const { world, jo } = await worldOf(t, { onePass: true, usePermits: false });
  t.equal(await jo.login(undefined, 0), 200);
  const { json } = await world.post(
    '/rps/pass',
    onePass(jo, Math.floor(world.clock.now() / 1000), undefined, 0),
  );
  t.equal((await world.authenticate(json['authOTT'])).status, 200);
});

/** A login with a proof that is wrong by more than its PIN; the status that the RPA gets. */
async function garbled(world: World, person: Person): Promise<number> {
  const { u } = await person.begin();
  const { json } = await person.finish(u);
  return (await world.authenticate(json['authOTT'])).status;
}

t.test('under lockPolicy pinError only a holder of the token brings about a lock', async (t) => {
  const { world, jo } = await worldOf(t, { lockPolicy: 'pinError', otherFailuresMax: 8 });
  for (let tries = 0; tries < 5; tries += 1) t.equal(await garbled(world, jo), 401);
  t.equal(await jo.login(), 200, 'garbage of others locks nobody out');
  t.strictSame(
    [await jo.login(1), await jo.login(9999), await garbled(world, jo)],
    [401, 401, 401],
  );
  t.equal(await jo.login(0), 410, 'the third that has a PIN error');
  t.equal(await jo.login(), 410);
});

t.test('garbage is bounded, and no guess gets through beside it', async (t) => {
  const { world, jo } = await worldOf(t, { lockPolicy: 'pinError', otherFailuresMax: 2 });
  t.equal(await garbled(world, jo), 401);
  t.equal(await garbled(world, jo), 401);
  t.equal(await jo.login(), 401, 'the right PIN tells a guesser nothing');
  for (const pin of [1, 2, 3]) t.equal(await jo.login(pin), 401, 'nor does a wrong one');
  world.clock.pass(3_600_000);
  t.equal(await jo.login(), 200, 'the window is over, and nobody was locked');
  const worn = await startWorld(t, {
    lockPolicy: 'pinError',
    otherFailuresMax: 2,
    otherFailuresTotalMax: 3,
  });
  const al = await worn.person('al@example.com');
  for (let tries = 0; tries < 4; tries += 1) {
    t.equal(await garbled(worn, al), 401);
    worn.clock.pass(3_600_000);
  }
  t.equal(await al.login(), 401, 'in all, there were enough');
});
