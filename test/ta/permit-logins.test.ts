/** Clients that log in with published permits, and what may hold a storage up meanwhile. */
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { HostedOptions } from '../../src/config/hosted.js';
import { permitsOptions } from '../../src/config/permits.js';
import { PermitCalendar } from '../../src/ta/permits/calendar.js';
import { overLanes } from '../../src/ta/permits/lanes.js';
import {
  type Identity,
  isPublishable,
  type PermitPlace,
  type PermitStorage,
  PermitStorageError,
} from '../../src/ta/permits/permit-storage.js';
import { Publisher } from '../../src/ta/permits/publisher.js';
import { RequestQueue } from '../../src/ta/permits/request-queue.js';
import { runPermits } from '../../src/ta/permits/run.js';
import { until } from '../e2e/program.js';
import { openIdentities } from './published.js';
import { ACCESS_KEY_ID, BUCKET, SECRET_ACCESS_KEY, startStore } from './s3-server.js';
import { folderOf, NOW, quietContext, TODAY } from './services.js';
import { startSystem } from './system.js';

const DAY_MS = 86_400_000;
const USER = 'me@example.com';

/** A system with one registered user whose permits are published, and how to count questions. */
async function registered(t: Test, more: Partial<HostedOptions>, isPublished: () => boolean) {
  const system = await startSystem(t, { hostedOptions: more });
  const client = system.client();
  await client.register({ userId: USER, pin: '1234' });
  await until('the permits', isPublished);
  const asked = () => system.context.logged().match(/"event":"timePermit"/g)?.length ?? 0;
  return { login: () => system.login(client, USER), asked, context: system.context };
}

t.test('a client logs in with a permit of the folder, else with one of the D-TA', async (t) => {
  const permitsFolder = join(folderOf(t), 'permits');
  const files = () =>
    fs
      .readdirSync(permitsFolder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\/[0-9a-f]{64}$/.test(name));
  const { login, asked, context } = await registered(t, { permitsFolder }, () => {
    return fs.existsSync(permitsFolder) && files().length === 3;
  });
  t.equal(await login(), 200);
  context.time.now += DAY_MS;
  t.equal(await login(), 200, 'the next day');
  t.equal(asked(), 0, 'the hosted D-TA was not asked');
  context.time.now += DAY_MS;
  for (const file of files()) fs.rmSync(join(permitsFolder, file));
  t.equal(await login(), 200, 'nothing is published');
  t.equal(asked(), 1);
  await until('the permit', () => files().length >= 3);
  for (const damaged of ['', 'no hex']) {
    context.time.now += DAY_MS;
    for (const file of files()) fs.writeFileSync(join(permitsFolder, file), damaged);
    t.equal(await login(), 200, `damaged: "${damaged}"`);
  }
  t.equal(asked(), 3);
});

t.test('a client logs in with a permit of the bucket, without the hosted D-TA', async (t) => {
  const store = await startStore(t);
  const options = {
    permitsFolder: '',
    timePermitsStorageURL: `${store.url}/${BUCKET}`,
    permitsBucket: BUCKET,
    permitsBucketEndpoint: store.url,
    permitsBucketPathStyle: true,
    permitsBucketAccessKeyId: ACCESS_KEY_ID,
    permitsBucketSecretAccessKey: SECRET_ACCESS_KEY,
  };
  const count = (form: RegExp) => store.done.filter((line) => form.test(line)).length;
  // The run of the start may put them as well.
  const put = () => new Set(store.done.filter((line) => line.startsWith('PUT')));
  const { login, asked, context } = await registered(t, options, () => put().size === 3);
  t.equal(await login(), 200);
  t.equal(asked(), 0, 'the hosted D-TA was not asked');
  t.equal(count(/^GET .*\/[0-9a-f]{64}$/), 1);
  context.time.now += DAY_MS;
  await store.stop();
  t.equal(await login(), 200, 'the store is gone');
  t.equal(asked(), 1);
});

t.test('a storage that does not answer costs a client seconds, not the login', async (t) => {
  const silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    silent.closeAllConnections();
    silent.close();
  });
  const { port } = silent.address() as AddressInfo;
  const timePermitsStorageURL = `http://127.0.0.1:${port}/permits`;
  const { login, asked } = await registered(t, { timePermitsStorageURL }, () => true);
  const started = performance.now();
  t.equal(await login(), 200);
  t.ok(performance.now() - started < 10_000, `${performance.now() - started} ms`);
  t.equal(asked(), 1);
});

/** A storage in memory that can be told to fail. */
class FakeStorage implements PermitStorage {
  readonly name = 'fake';
  readonly permits = new Map<string, string>();
  failure: Error | undefined;
  puts = 0;
  underWay = 0;
  underWayMax = 0;

  async put(place: PermitPlace, share: string): Promise<void> {
    this.puts += 1;
    this.underWay += 1;
    this.underWayMax = Math.max(this.underWayMax, this.underWay);
    await sleep(1);
    this.underWay -= 1;
    if (this.failure !== undefined) throw this.failure;
    this.permits.set(`${place.appId}/${place.day}/${place.storageId}`, share);
  }

  async holds({ appId, day, storageId }: PermitPlace): Promise<boolean> {
    return this.permits.has(`${appId}/${day}/${storageId}`);
  }

  async remove({ appId, day, storageId }: PermitPlace): Promise<void> {
    this.permits.delete(`${appId}/${day}/${storageId}`);
  }

  async removeBefore(): Promise<number> {
    return 0;
  }

  async close(): Promise<void> {}
}

function ground(t: Test, { max = 1000 }: { max?: number } = {}) {
  const { clock, log, logged, time } = quietContext();
  const storage = new FakeStorage();
  let generation = 1;
  const shares = {
    timePermits: async (_hash: Uint8Array, days: readonly number[]) =>
      days.map(() => new Uint8Array(65).fill(generation)),
  };
  const initial = Object.fromEntries(
    Object.entries(permitsOptions).map(([name, { initial }]) => [name, initial]),
  ) as unknown as ConstructorParameters<typeof PermitCalendar>[0];
  const identities = openIdentities(folderOf(t), max);
  t.teardown(() => identities.close());
  return {
    ...{ clock, log, logged, time, storage, identities },
    publisher: new Publisher(shares, [storage]),
    calendar: new PermitCalendar(initial, clock),
    isServed: isPublishable,
    isRevoked: () => false,
    rotate: () => {
      generation += 1;
    },
  };
}

const newIdentity = (appId = 'app'): Identity => ({
  appId,
  storageId: randomBytes(32).toString('hex'),
});

t.test('the queue of requests is bounded, waits while a storage fails, loses nobody', async (t) => {
  const parts = ground(t);
  const { storage, identities, logged, calendar } = parts;
  const queue = new RequestQueue({ ...parts, queueMax: 10 });
  t.teardown(() => queue.stop());
  const all = Array.from({ length: 40 }, () => newIdentity());
  storage.failure = new PermitStorageError('it is full', false);
  for (const identity of all) {
    identities.see(identity, TODAY);
    queue.offer(identity, { anew: false });
  }
  for (const identity of all) queue.offer(identity, { anew: false });
  await until('a failure', () => /permits are not published: it is full/.test(logged()));
  const { puts } = storage;
  t.equal(logged().match(/too many permits to publish at once/g)?.length, 1, 'said once');
  await sleep(50);
  t.equal(storage.puts, puts, 'nothing is tried for a while');
  storage.failure = undefined;
  // 16 were under way, and 10 waited; those under way when it failed found room again.
  await until('those who were let in', () => storage.permits.size >= 3 * 26);
  t.equal(storage.permits.size, 3 * 26);
  t.ok(storage.underWayMax <= 3 * 16, `${storage.underWayMax} at once`);
  const { permits, looked } = await runPermits(parts, { signal: new AbortController().signal });
  t.same([looked, permits], [40, 3 * 14], 'the run makes the rest');
  t.equal(storage.permits.size, 3 * 40);
  t.ok(all.every((one) => identities.publishedDay(one) === calendar.lastDay));
});

t.test('of two publications of an identity the later one stays', async (t) => {
  const { publisher, storage, rotate, calendar } = ground(t);
  const identity = newIdentity();
  const days = { from: TODAY, to: calendar.lastDay };
  const first = publisher.publish(identity, days);
  const second = publisher.publish(identity, days);
  await first;
  rotate();
  await Promise.all([second, publisher.publish(identity, days)]);
  t.same([...new Set(storage.permits.values())], ['02'.repeat(65)]);
});

t.test('a run ends at what nobody can mend, keeps what was done, and goes on', async (t) => {
  const parts = ground(t);
  const { identities, storage, calendar } = parts;
  const { signal } = new AbortController();
  for (let count = 0; count < 3000; count += 1) identities.see(newIdentity(), TODAY);
  identities.see(newIdentity('no/segment'), TODAY);
  await until('the records', () => identities.count === 3001);
  storage.failure = new PermitStorageError('access denied', true);
  await t.rejects(runPermits(parts, { signal }), { message: 'access denied' });
  t.match(identities.lastRun(), { failure: 'access denied', permits: 0, endedMs: NOW });
  t.ok(storage.puts <= 3 * 64, `${storage.puts} tries`);
  storage.failure = undefined;
  const end = new AbortController();
  const stopped = runPermits(parts, {
    signal: end.signal,
    onPage: () => end.abort(new Error('enough')),
  });
  await t.rejects(stopped, { message: 'enough' });
  const done = identities.lastRun()?.permits ?? 0;
  t.equal(done, 3 * 2000, 'a page');
  const last = await runPermits(parts, { signal });
  t.same([last.permits, last.looked], [3 * 1000, 3001]);
  t.equal(storage.permits.size, 3 * 3000);
  t.equal((await runPermits(parts, { signal })).permits, 0, 'nothing is left to do');
  const again = await runPermits(parts, { signal, again: true });
  t.equal(again.permits, 3 * 3000);
  t.equal(calendar.lastDay, TODAY + 2);
});

t.test('there is room for so many identities, and no more', async (t) => {
  const { identities } = ground(t, { max: 2 });
  const [a, b, c] = [newIdentity(), newIdentity(), newIdentity()] as const;
  t.same([identities.see(a, TODAY), identities.see(b, TODAY)], [true, true]);
  await until('the records', () => identities.count === 2);
  t.same([identities.see(c, TODAY), identities.see(a, TODAY + 1)], [false, true]);
  await until('the day', () => identities.page(undefined, 9).some((one) => one.seenDay > TODAY));
  t.same(
    identities.page(undefined, 9).map(({ storageId }) => storageId),
    [a, b].map(({ storageId }) => storageId).sort(),
  );
  t.equal(identities.page(identities.page(undefined, 1)[0], 9).length, 1);
});

t.test('work in lanes is bounded, and ends with the first failure', async (t) => {
  let underWay = 0;
  let most = 0;
  const done: number[] = [];
  const work = async (item: number) => {
    underWay += 1;
    most = Math.max(most, underWay);
    await sleep(item % 3);
    underWay -= 1;
    if (item === 50) throw new Error('fifty');
    done.push(item);
  };
  const items = Array.from({ length: 100 }, (_, index) => index);
  await t.rejects(overLanes(items, 4, work), { message: 'fifty' });
  t.equal(most, 4);
  t.equal(underWay, 0, 'all have ended');
  t.ok(done.length >= 50 && done.length < 60, `${done.length}`);
});
