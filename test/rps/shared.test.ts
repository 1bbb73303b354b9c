/** Instances that share a Redis: each step of a login on another one. */
import t, { type Test } from 'tap';
import { startRps } from '../../src/rps/rps.js';
import { until } from '../e2e/program.js';
import { RedisServer, startCluster } from '../store/redis-server.js';
import { startWorld, type World } from './harness.js';
import { Browser, PATIENT, present } from './mobile.js';

t.setTimeout(240_000);

/** A world and the addresses of three instances, all of them ready. */
async function instances(t: Test, settings: Parameters<typeof startWorld>[1]) {
  const world = await startWorld(t, { ...PATIENT, ...settings, storage: 'redis' });
  const others = await Promise.all([0, 1].map(() => startRps(world.options, world.context)));
  for (const other of others) t.teardown(() => other.stop());
  const addresses = [world.rps, ...others].map(({ address }) => address);
  for (const at of addresses) {
    await until(`${at} to be ready`, async () => {
      return (await world.ask('/health/ready', { at })).status === 200;
    });
  }
  return { world, addresses: addresses as [string, string, string] };
}

async function shareLogins(t: Test, world: World, addresses: readonly [string, string, string]) {
  const [first, second, third] = addresses;
  const ask = (path: string, at: string, body: object) =>
    world.ask(path, { method: 'POST', at, body });
  const jo = await world.person('jo@example.com');
  const statuses = [];
  for (const pin of [1234, 4321, 1234, 4321, 4321, 4321, 1234]) {
    const { u, ut, prove } = jo.commit(pin);
    const id = { mpin_id: jo.mpinId };
    const pass1 = await ask('/rps/pass1', first, { ...id, U: u, UT: ut, pass: 1 });
    const V = prove(`${pass1.json['y']}`);
    const pass2 = { ...id, V, WID: '0', OTP: 0, pass: 2 };
    const { authOTT } = (await ask('/rps/pass2', second, pass2)).json;
    statuses.push((await ask('/authenticate', third, { authOTT })).status);
    // Later there are challenges that wrong PINs have left, on which it would be tried.
    if (statuses.length === 1) {
      t.equal((await ask('/rps/pass2', first, pass2)).status, 500, 'no V serves twice');
      t.equal((await ask('/authenticate', second, { authOTT })).status, 408, 'no result either');
    }
  }
  t.strictSame(statuses, [200, 401, 200, 401, 401, 410, 410]);
}

t.test('each step of a login may be on another instance', async (t) => {
  const redis = await RedisServer.start(t);
  const { world, addresses } = await instances(t, { redisSocket: redis.socket });
  await shareLogins(t, world, addresses);
});

t.test('over a cluster as well', async (t) => {
  const nodes = await startCluster(t, 3);
  const { world, addresses } = await instances(t, { redisCluster: [nodes[0]?.address ?? ''] });
  await shareLogins(t, world, addresses);
});

t.test('a mobile that waits on one instance is released by a browser on another', async (t) => {
  const redis = await RedisServer.start(t);
  for (const waitForLoginResult of [false, true]) {
    const settings = { redisSocket: redis.socket, waitForLoginResult };
    const { world, addresses } = await instances(t, settings);
    const [, second, third] = addresses;
    const jo = await world.person('jo@example.com');
    const browser = await Browser.withNumber(world, second);
    const { authOTT } = await jo.dance({ WID: browser.wid });
    const mobile = present(world, authOTT);
    t.equal((await browser.toRpa(await browser.loggedIn())).status, 200);
    if (waitForLoginResult) {
      const body = { authOTT, status: 403 };
      await world.ask('/loginResult', { method: 'POST', body, at: third });
    }
    t.equal((await mobile).status, waitForLoginResult ? 403 : 200);
  }
});
