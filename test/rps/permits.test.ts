import t, { type Test } from 'tap';
import { dayOf } from '../../src/protocol/clock.js';
import { hashMpinId } from '../../src/protocol/mpin-id.js';
import { signTimePermit } from '../../src/protocol/signature.js';
import { type Reply, startWorld, type World } from './harness.js';
import { APP_KEY } from './neighbours.js';

function refused(t: Test, reply: Reply, status: number, name: string): void {
  t.equal(reply.status, status, name);
  t.equal(reply.json['version'], '0.3', `${name}: version`);
  t.type(reply.json['message'], 'string', `${name}: message`);
}

async function newUser(world: World): Promise<{ mpinId: string }> {
  const { json } = await world.register({ userId: 'jo@example.com' });
  return { mpinId: `${json['mpinId']}` };
}

t.test('timePermit gives the share of today with its signed storage address', async (t) => {
  const world = await startWorld(t);
  const { mpinId } = await newUser(world);
  const { status, headers, json } = await world.ask(`/rps/timePermit/${mpinId}`);
  t.equal(status, 200);
  t.match(headers.get('cache-control'), /no-cache/);
  const storageId = hashMpinId(mpinId).toString('hex');
  t.match(json['timePermit'], /^04[0-9a-f]{128}$/);
  t.strictSame(json, {
    date: dayOf(world.clock.now()),
    message: 'M-Pin Time Permit Generated',
    version: '0.3',
    timePermit: json['timePermit'],
    storageId,
    signature: signTimePermit(APP_KEY, storageId),
  });
  t.equal(world.rpa.permitQueries[0], `?mpin_id=${mpinId}`);
  refused(t, await world.ask('/rps/timePermit/xyz'), 400, 'no identity');
});

t.test('permits of 7 to 13 days are fetched at once and serve until their days end', async (t) => {
  const world = await startWorld(t);
  const { mpinId } = await newUser(world);
  const get = () => world.ask(`/rps/timePermit/${mpinId.toUpperCase()}`);
  const shares = new Set<unknown>();
  for (let day = 0; day < 7; day += 1) {
    shares.add((await get()).json['timePermit']);
    await get();
    world.clock.pass(86_400_000);
  }
  t.equal(shares.size, 7, 'every day its own');
  const asked = world.authorities.askedFor('/timePermits');
  t.equal(asked.length, 1);
  const count = Number(new URL(asked[0] ?? '', 'http://x').searchParams.get('count'));
  t.ok(count >= 7 && count <= 13, `count ${count}`);
  world.clock.pass(7 * 86_400_000);
  t.equal((await get()).status, 200);
  t.equal(world.authorities.askedFor('/timePermits').length, 2);
});

t.test('without caching, permits are fetched a day at a time', async (t) => {
  const world = await startWorld(t, { cacheTimePermits: false });
  const { mpinId } = await newUser(world);
  await world.ask(`/rps/timePermit/${mpinId}`);
  t.match(world.authorities.askedFor('/timePermits'), [/count=1$/]);
});

t.test('who is refused a permit reads 410, and is refused a cached one too', async (t) => {
  const world = await startWorld(t);
  const { mpinId } = await newUser(world);
  t.equal((await world.ask(`/rps/timePermit/${mpinId}`)).status, 200);
  for (const [said, status] of [
    [401, 410],
    [403, 410],
    [410, 410],
    [404, 500],
    [500, 500],
    [204, 500],
  ] as const) {
    world.rpa.permitStatus = said;
    refused(t, await world.ask(`/rps/timePermit/${mpinId}`), status, `RPA ${said}`);
  }
  await world.rpa.stop();
  refused(t, await world.ask(`/rps/timePermit/${mpinId}`), 500, 'RPA unreachable');
});

t.test('a D-TA without permits is 503 or 500, and comes back by itself', async (t) => {
  const world = await startWorld(t, { RPAPermitUserURL: '' });
  const { mpinId } = await newUser(world);
  const get = () => world.ask(`/rps/timePermit/${mpinId}`);
  const today = dayOf(world.clock.now());
  const share = `04${'0'.repeat(128)}`;
  for (const [body, status] of [
    ['{"timePermits":{}}', 500],
    ['{}', 500],
    ['not json', 500],
    [`{"timePermits":{"${today}":"00"}}`, 500],
    [`{"timePermits":{"${today + 1}":"${share}"}}`, 503],
  ] as const) {
    world.authorities.faults.set('/timePermits', { status: 200, body });
    refused(t, await get(), status, body);
  }
  world.authorities.faults.set('/timePermits', { status: 500, body: '{}' });
  const reply = await get();
  refused(t, reply, 503, 'D-TA fails');
  t.equal(reply.headers.get('retry-after'), '1');
  world.authorities.faults.clear();
  t.equal((await get()).status, 200);
});
