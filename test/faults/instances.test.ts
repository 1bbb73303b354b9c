/** Several instances on one port: what one of them suffers, the others do not. */
import { execFileSync } from 'node:child_process';
import t from 'tap';
import { threadsOf } from '../../src/cli/instances.js';
import { ensureBuilt, mpin, until } from '../e2e/program.js';
import { clientOf, type Service, World } from './service.js';

const CLIENTS = 24;
const INSTANCES = 3;

let world: World;
t.before(async () => {
  await ensureBuilt();
  world = await World.start(t.testdir());
});
t.teardown(() => world.stop());

/** Instances of a service, by process id. */
function instancesOf({ run }: Service): number[] {
  const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args=']).toString();
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, parent, ...args]) => Number(parent) === run.child.pid && args.includes('rps-instance'),
    )
    .map(([pid]) => Number(pid));
}

/** What /metrics says, by the name and the labels of each sample. */
async function metricsOf({ address }: Service): Promise<Map<string, number>> {
  const text = await (await fetch(`${address}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

const sumOf = (metrics: ReadonlyMap<string, number>, name: string): number =>
  [...metrics].reduce((sum, [key, value]) => (key.startsWith(name) ? sum + value : sum), 0);

/** Clients that log in as fast as they can, until they are told to stop. */
function load({ address }: Service, count: number) {
  const logins = world.logins(count);
  const failures: { readonly atMs: number; readonly why: string }[] = [];
  let done = 0;
  let running = true;
  const loops = logins.map(async (login) => {
    let client = clientOf(address);
    while (running) {
      try {
        await client.run(login, false);
        done += 1;
      } catch (error) {
        failures.push({ atMs: performance.now(), why: (error as Error).message });
        client.close();
        client = clientOf(address);
      }
    }
    client.close();
  });
  return {
    failures,
    done: () => done,
    stop: async () => {
      running = false;
      await Promise.all(loops);
    },
  };
}

t.test('instances refuse a store that they cannot share', async (t) => {
  const { code, stderr } = await mpin(['rps', '--instances=2'], { cwd: world.folder });
  t.equal(code, 2);
  t.match(stderr, /^mpin rps: instances: 2 of them need a store that they share/);
});

t.test('the default of worker threads is dealt out among them, at least one each', async (t) => {
  const threads = (cryptoThreads: number, instances: number, cores: number) =>
    threadsOf({ cryptoThreads, instances }, cores);
  t.same(threads(0, 3, 9), [3, 3, 2]);
  t.same(threads(0, 3, 2), [1, 1, 1]);
  t.same(threads(0, 2, 17), [8, 8]);
  t.same(threads(4, 2, 2), [4, 4], 'what is said is said of each');
});

t.test('kill −9 of one of three: its requests alone fail, none a second later', async (t) => {
  const flags = ['--storage=file', '--fileStorageLocation=state.mdb', '--logLevel=ERROR'];
  const service = await world.readyRps(`--instances=${INSTANCES}`, ...flags);
  await until('all three', () => instancesOf(service).length === INSTANCES);
  const clients = load(service, CLIENTS);
  await until('some logins', () => clients.done() > 10 * CLIENTS);
  let before = await metricsOf(service);
  const loginsOf = (process: string) =>
    before.get(`mpin_logins_total{outcome="success",process="${process}"}`) ?? 0;
  // One that is busy may be late with its part of the metrics.
  await until('a share of the logins for each', async () => {
    before = await metricsOf(service);
    return ['1', '2', '3'].every((process) => loginsOf(process) > 0);
  });
  t.equal(before.get('mpin_instances{process="supervisor"}'), INSTANCES);
  t.ok(sumOf(before, 'mpin_logins_total{outcome="success"') >= 10 * CLIENTS - CLIENTS);

  t.same(clients.failures, [], 'nothing has failed so far');
  const [victim = 0, ...others] = instancesOf(service);
  const killedMs = performance.now();
  process.kill(victim, 'SIGKILL');
  await until('its successor', () => {
    const now = instancesOf(service);
    return now.length === INSTANCES && !now.includes(victim);
  });
  const late = clients.done();
  await until('a while', () => performance.now() > killedMs + 2_000);
  await until('more logins', () => clients.done() > late + 10 * CLIENTS);
  await clients.stop();
  const { failures } = clients;
  t.ok(failures.length <= CLIENTS, `${failures.length} requests of ${CLIENTS} clients failed`);
  t.same(
    failures.filter(({ atMs }) => atMs > killedMs + 1_000),
    [],
    'none after a second',
  );
  t.same(
    others.filter((pid) => !instancesOf(service).includes(pid)),
    [],
    'the others live on',
  );
  t.match(service.run.stderr(), /instance \d ended by SIGKILL/);
  const after = await metricsOf(service);
  t.equal(after.get('mpin_instance_restarts_total{process="supervisor"}'), 1);

  const all = instancesOf(service);
  service.run.child.kill('SIGTERM');
  t.equal(await service.run.ended, 0, 'a stop drains all of them');
  t.same(
    instancesOf(service).filter((pid) => all.includes(pid)),
    [],
  );
});
