/** How pass 2 reaches the workers: what it asks them, and what becomes of it when they are busy. */
import { request } from 'node:http';
import t from 'tap';
import { loadOptions } from '../../src/config/load.js';
import { rpsOptions } from '../../src/config/rps.js';
import { PoolError, type RecordFields } from '../../src/crypto/pool.js';
import { dayOf } from '../../src/protocol/clock.js';
import { Dance } from '../../src/rps/dance.js';
import { createMemoryStore } from '../../src/store/memory/memory-store.js';
import { MovableClock, type Person, startWorld } from './harness.js';

const ID = Buffer.from('{"userID": "someone@example.com"}').toString('hex');
const point = (mark: number) => new Uint8Array(65).fill(mark);
const pass2 = { v: point(4), wantsOtp: false, wid: '' };

/** A dance whose verifier accepts what `accepts` says, and keeps what it was asked. */
function startDance(accepts: (fields: RecordFields) => boolean) {
  const clock = new MovableClock();
  clock.moveTo(12 * 3_600_000);
  const options = loadOptions(rpsOptions, { env: {}, flags: {} });
  const store = createMemoryStore({ ...options, now: () => clock.now() });
  const asked: RecordFields[][] = [];
  const findAccepted = async (group: readonly RecordFields[]) => {
    asked.push([...group]);
    return group.findIndex(accepts);
  };
  const dance = new Dance({ options, clock, store, verifier: () => ({ findAccepted }) });
  const begin = (mark: number, peer: string) =>
    dance.begin(ID, { u: point(mark), ut: point(mark) }, peer);
  return { clock, store, dance, asked, begin };
}

const marksOf = (group: readonly RecordFields[] = []) => group.map(({ u }) => u[0]);

t.test('a right login is one check, whatever others have begun in its name', async (t) => {
  const { dance, asked, begin } = startDance(({ u }) => u[0] === 100);
  for (let mark = 0; mark < 15; mark++) await begin(mark, '10.0.0.9');
  await begin(100, '10.0.0.1');
  await begin(50, '10.0.0.9');
  await dance.finish(ID, pass2, '10.0.0.1');
  t.same(asked.map(marksOf), [[100]]);
});

t.test(
  'all further challenges and dates are one group, in the order they are likely',
  async (t) => {
    const { clock, store, dance, asked, begin } = startDance(({ u, date }) => {
      return u[0] === 2 && date === dayOf(clock.now()) - 1;
    });
    clock.moveTo(60_000);
    for (const mark of [1, 2, 3]) await begin(mark, mark === 3 ? '10.0.0.1' : '10.0.0.9');
    const { authOTT } = await dance.finish(ID, pass2, '10.0.0.1');
    t.same(asked.map(marksOf), [[3], [3, 2, 2, 1, 1]], 'same network first, then the newest');
    const today = dayOf(clock.now());
    t.same(
      asked.flat().map(({ date }) => today - date),
      [0, 1, 0, 1, 0, 1],
      'today first',
    );
    t.match(await store.takeResult(authOTT), { status: 200 });
    t.same(
      (await store.challenges(ID)).map(({ u }) => u[0]),
      [3, 1],
      'the one that was answered is used up',
    );
  },
);

t.test('a wrong answer among sixteen challenges waits twice and counts once', async (t) => {
  const { dance, asked, begin, store } = startDance(() => false);
  for (let mark = 0; mark < 20; mark++) await begin(mark, `10.0.0.${mark % 3}`);
  const { authOTT } = await dance.finish(ID, pass2, '10.0.0.1');
  t.same(
    asked.map((group) => group.length),
    [1, 15],
  );
  t.match(await store.takeResult(authOTT), { status: 401 });
  t.equal((await store.challenges(ID)).length, 16, 'and takes no one his challenge');
});

t.test('logins beyond the queue get 503 at once, and may come again', async (t) => {
  const world = await startWorld(t, { verifyQueueMax: 1 });
  const people = await Promise.all(
    Array.from({ length: 30 }, (_, index) => world.person(`p${index}@example.com`)),
  );
  const proofs: { person: Person; v: string }[] = [];
  // One after the other: pass 1 may be refused as well while many logins are under way.
  for (const person of people) proofs.push({ person, v: (await person.begin()).v });
  const replies = await Promise.all(proofs.map(({ person, v }) => person.finish(v)));
  const refused = replies.filter(({ status }) => status === 503);
  t.ok(refused.length > 0);
  t.ok(replies.some(({ status }) => status === 200));
  for (const { headers, json } of refused) {
    t.equal(headers.get('retry-after'), '1');
    t.equal(json['message'], 'Busy, try again');
  }
  for (const [index, { person, v }] of proofs.entries()) {
    const known = replies[index]?.status === 200;
    const { json } = known ? (replies[index] as (typeof replies)[0]) : await person.finish(v);
    t.equal((await world.authenticate(json['authOTT'])).status, 200, 'none is counted or lost');
  }
});

t.test('a login whose worker dies is not counted, and is refused with 503', async (t) => {
  const { begin, store } = startDance(() => true);
  const clock = new MovableClock();
  const options = loadOptions(rpsOptions, { env: {}, flags: {} });
  const verifier = () => ({
    findAccepted: async () => {
      throw new PoolError('unavailable', 'the worker could not finish its task');
    },
  });
  await begin(1, '10.0.0.1');
  const dance = new Dance({ options, clock, store, verifier });
  await t.rejects(dance.finish(ID, pass2, '10.0.0.1'), { name: 'PoolError' });
  t.equal((await store.challenges(ID)).length, 1, 'its challenge lives on');
});

t.test('a client that goes away does not undo its wrong PIN', async (t) => {
  const world = await startWorld(t, { maxInvalidLoginAttempts: 1 });
  const person = await world.person('hasty@example.com');
  const { v } = await person.begin(person.pin + 1);
  const body = JSON.stringify({ mpin_id: person.mpinId, V: v, WID: '0', OTP: 0, pass: 2 });
  await new Promise<void>((resolve) => {
    const gone = request(`${world.rps.address}/rps/pass2`, { method: 'POST' }, () => {});
    gone.on('error', () => resolve());
    gone.on('socket', (socket) => {
      socket.on('connect', () => setImmediate(() => socket.destroy()));
    });
    gone.end(body);
    gone.on('close', () => resolve());
  });
  // What the server got from the closed connection may be read a little later.
  let status = 0;
  for (let tries = 0; tries < 50 && status !== 410; tries++) status = await person.login();
  t.equal(status, 410, 'the identity is locked');
});
