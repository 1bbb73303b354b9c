import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { type RedisSettings, redisAccess } from '../../src/store/redis/target.js';
import { type StoreUnderTest, storeContract } from './contract.js';
import { RedisServer, startCluster, startWatched } from './redis-server.js';
import { connectedStore, NO_SETTINGS, redisStore } from './redis-stores.js';

async function subject(settings: Partial<RedisSettings>): Promise<StoreUnderTest> {
  const store = await connectedStore(settings);
  // A timer may fire a little before its time on the clock of another process.
  const pass = (ms: number): Promise<void> => sleep(ms + 20);
  return { store, now: () => Date.now(), pass };
}

/** Where the suite runs: the settings that lead to it, once it has started. */
const PLACES: Readonly<Record<string, (t: Test) => Promise<Partial<RedisSettings>>>> = {
  'Redis by TCP': async (t) => ({ redisPort: (await RedisServer.start(t)).port }),
  'Redis by unix socket': async (t) => ({ redisSocket: (await RedisServer.start(t)).socket }),
  'a cluster of three': async (t) => ({
    redisCluster: (await startCluster(t, 3)).slice(0, 2).map(({ address }) => address),
  }),
  'a master of Sentinels': async (t) => {
    const { sentinels, name } = await startWatched(t);
    return { redisSentinels: sentinels, redisSentinelName: name };
  },
};

/** The suite waits for ends of lives most of the time, so some of its cases do so at once. */
const CASES_AT_ONCE = 12;

for (const [place, start] of Object.entries(PLACES)) {
  t.test(place, async (t) => {
    const settings = await start(t);
    t.jobs = CASES_AT_ONCE;
    storeContract(t, place, () => subject(settings));
  });
}

const accessOf = (settings: Partial<RedisSettings>) => redisAccess({ ...NO_SETTINGS, ...settings });

t.test('settings name one Redis, and a URL stands in for those that say the same', async (t) => {
  const server = { kind: 'server', host: 'db', port: 6380 };
  const user = { username: 'jo', password: 'p@ss/word' };
  t.match(accessOf({ redisHost: 'db', redisPort: 6380 }), { target: server, db: 0, secure: false });
  const redisURL = 'redis://jo:p%40ss%2Fword@db:6380/2';
  t.match(accessOf({ redisURL }), { target: server, db: 2, secure: false, ...user });
  const settings = { redisURL: 'rediss://[::1]', redisDB: 3, redisPassword: 'x' };
  const local = { kind: 'server', host: '::1', port: 6379 };
  t.match(accessOf(settings), { target: local, db: 3, password: 'x', secure: true });
  const socket = { kind: 'socket', path: '/run/re dis.sock' };
  t.match(accessOf({ redisURL: 'unix:///run/re%20dis.sock?db=1' }), { target: socket, db: 1 });
  t.match(accessOf({ redisSocket: '/run/re dis.sock' }), { target: socket });
  t.match(accessOf({ redisSentinels: ['a', '[::1]:5'], redisSentinelName: 'm' }).target, {
    kind: 'sentinel',
    sentinels: [
      { host: 'a', port: 26_379 },
      { host: '::1', port: 5 },
    ],
    name: 'm',
  });
  const nodes = [{ host: '10.0.0.1', port: 7000 }];
  t.match(accessOf({ redisCluster: ['10.0.0.1:7000'] }).target, { kind: 'cluster', nodes });
});

t.test('settings that contradict one another are refused, and no URL is shown', async (t) => {
  const secret = 'redis://jo:hunter2@db';
  const cases: [Partial<RedisSettings>, RegExp][] = [
    [{ redisURL: secret, redisSocket: '/run/redis' }, /only one of redisURL, redisSocket/],
    [{ redisSentinels: ['a'], redisCluster: ['b'] }, /only one of/],
    [{ redisCluster: ['a'], redisDB: 1 }, /redisDB: a cluster has only database 0/],
    [{ redisURL: `${secret}/one` }, /redisURL: the database is not a number/],
    [{ redisURL: 'http://jo:hunter2@db' }, /redisURL: expected redis:/],
    [{ redisURL: 'hunter2' }, /redisURL: expected redis:/],
    [{ redisURL: 'redis:///1' }, /redisURL: it names no host/],
    [{ redisURL: 'unix://' }, /redisURL: .*socket/],
    [{ redisCluster: ['a:0'] }, /redisCluster: "a:0" is not host:port/],
    [{ redisSentinels: ['::1:26379'] }, /redisSentinels: "::1:26379" is not host:port/],
    [{ redisSentinels: ['user@a'] }, /redisSentinels: .* is not host:port/],
  ];
  for (const [settings, message] of cases) {
    t.throws(() => accessOf(settings), { message });
    t.throws(() => accessOf(settings), { message: /^(?!.*hunter2)/ });
  }
  t.throws(() => redisStore({}, { prefix: 'a{b}' }), /redisPrefix/);
});
