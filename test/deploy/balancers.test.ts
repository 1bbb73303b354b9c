/** The committed configurations of load balancers, by the balancers themselves. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import t, { type Test } from 'tap';
import { ensureBuilt } from '../e2e/program.js';
import { type Balancer, type Client, Deployment, statusOf } from './system.js';

/** Ten processes start here, twice. */
t.setTimeout(300_000);

t.before(ensureBuilt);

interface Ask {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** The loopback address the request comes from. */
  readonly from?: string;
}

/** A request to the clients' side. */
function ask(deployment: Deployment, url: string, { method, headers, body, from }: Ask = {}) {
  const agent = new Agent({ ca: readFileSync(deployment.certificate) });
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const options = { agent, method: method ?? 'GET', headers: headers ?? {} };
    const local = from === undefined ? {} : { localAddress: from, family: 4 };
    const sent = request(url, { ...options, ...local }, (reply) => {
      let text = '';
      reply.on('data', (data) => {
        text += data;
      });
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, text }));
    });
    sent.on('error', reject);
    sent.end(body);
  }).finally(() => agent.destroy());
}

const deltas = (before: readonly number[], after: readonly number[]): number[] =>
  after.map((value, index) => value - (before[index] ?? 0));

/** Logs in once; the instances that served its steps, by number. */
async function placesOf(
  deployment: Deployment,
  login: () => Promise<number>,
): Promise<{ status: number; places: Record<string, number> }> {
  const routes = ['/rps/pass1', '/rps/pass2', '/authenticate'];
  const before = await Promise.all(routes.map((route) => deployment.served(route)));
  const status = await login();
  const after = await Promise.all(routes.map((route) => deployment.served(route)));
  const places = routes.map((route, index) => [
    route,
    deltas(before[index] ?? [], after[index] ?? []).indexOf(1),
  ]);
  return { status, places: Object.fromEntries(places) };
}

for (const kind of ['nginx', 'haproxy'] as const) {
  t.test(kind, async (t) => {
    const deployment = await Deployment.start(t.testdir());
    t.teardown(() => deployment.stop());
    const storage = ['--storage=file', '--fileStorageLocation=state.mdb'];
    const balancer = await deployment.serve(kind, storage);
    const client = deployment.client();
    await logins(t, { deployment, balancer, client });
    await guards(t, { deployment, balancer });
    await deaths(t, { deployment, balancer, client });
  });
}

interface Parts {
  readonly deployment: Deployment;
  readonly balancer: Balancer;
  readonly client: Client;
}

function logins(t: Test, { deployment, balancer, client }: Parts) {
  return t.test('both passes of a login on different instances, and WebSockets', async (t) => {
    const user = await client.register(balancer.url, 'jo@example.com', 1234);
    const { status, places } = await placesOf(deployment, () => client.login(user, 1234, false));
    t.equal(status, 200);
    const [first = -1, second = -1] = [places['/rps/pass1'], places['/rps/pass2']];
    t.ok(first >= 0 && second >= 0, 'each pass was seen once');
    t.not(first, second, 'on different instances');
    t.equal(await client.login(user, 1234, true), 200, 'over a WebSocket');
    const statuses = [];
    for (const ws of [false, true, false]) statuses.push(await client.login(user, 4321, ws));
    t.same(statuses, [401, 401, 410], 'failures are counted once, whoever counts them');
    t.equal(await client.login(user, 1234, false), 410);
  });
}

function guards(t: Test, { deployment, balancer }: Pick<Parts, 'deployment' | 'balancer'>) {
  return t.test('clients reach the public routes alone, and cannot pass for others', async (t) => {
    const { url, privateUrl } = balancer;
    for (const path of ['/metrics', '/health/ready', '/authenticate', '/user/00', '/']) {
      t.equal((await ask(deployment, url + path)).status, 404, path);
    }
    for (const path of ['/rps/../metrics', '/rps/%2e%2e/metrics', '/rps//../authenticate']) {
      t.not((await ask(deployment, url + path)).status, 200, path);
    }
    t.equal(await statusOf(`${privateUrl}/health/ready`), 200, 'the relying party reaches all');
    const long = { method: 'PUT', body: 'x'.repeat(33_000) };
    t.equal((await ask(deployment, `${url}/rps/user`, long)).status, 413);

    // Too many failures of one address, whatever it says of itself, and no other suffers for it.
    const statuses: number[] = [];
    for (let tries = 0; tries < 20; tries += 1) {
      const headers = { 'X-Forwarded-For': `192.0.2.${tries}`, 'X-Real-IP': `192.0.2.${tries}` };
      const bad = { method: 'POST', body: '{}', from: '127.0.0.9', headers };
      statuses.push((await ask(deployment, `${url}/rps/pass1`, bad)).status);
    }
    t.equal(statuses[0], 403);
    t.equal(statuses.at(-1), 429);
    const other = { method: 'POST', body: '{}', from: '127.0.0.10' };
    t.equal((await ask(deployment, `${url}/rps/pass1`, other)).status, 403);
  });
}

function deaths(t: Test, { deployment, balancer, client }: Parts) {
  return t.test('an instance that dies takes nothing with it', async (t) => {
    const user = await client.register(balancer.url, 'al@example.com', 42);
    const { run } = deployment.instance(1);
    run.child.kill('SIGKILL');
    await run.ended;
    // What it had open is gone; a second later nobody asks it any more.
    const start = performance.now();
    while (performance.now() < start + 1_000) {
      await client.login(user, 42, false).catch(() => 0);
    }
    for (let tries = 0; tries < 4; tries += 1) {
      t.equal(await client.login(user, 42, tries % 2 === 0), 200);
    }
  });
}
