import { once } from 'node:events';
import t, { type Test } from 'tap';
import { type ClientOptions, WebSocket } from 'ws';
import type { SocketRoute } from '../../src/http/call.js';
import { danceSocket } from '../../src/rps/dance-socket.js';
import { demandUrls, publicUrls } from '../../src/rps/urls.js';
import { type Person, startWorld, type World } from './harness.js';

type Message = Record<string, unknown>;

/** A client of the dance that keeps what it is told. */
class Client {
  readonly messages: Message[] = [];
  readonly #socket: WebSocket;
  readonly #closed: Promise<number>;

  constructor(world: World, options: ClientOptions = {}) {
    const url = `${world.rps.address.replace('http', 'ws')}/rps/authenticationToken`;
    this.#socket = new WebSocket(url, options);
    this.#socket.on('message', (data) => {
      this.messages.push(JSON.parse(`${data}`) as Message);
    });
    this.#socket.on('error', () => {});
    this.#closed = new Promise((resolve) => this.#socket.once('close', resolve));
  }

  async ask(message: unknown): Promise<Message> {
    if (this.#socket.readyState === WebSocket.CONNECTING) await once(this.#socket, 'open');
    const raw = typeof message === 'string' || Buffer.isBuffer(message);
    this.#socket.send(raw ? message : JSON.stringify(message));
    await Promise.race([once(this.#socket, 'message'), this.#closed]);
    return this.messages.at(-1) ?? {};
  }

  /** The status of a refused upgrade. */
  async refusal(): Promise<number> {
    const [, response] = await once(this.#socket, 'unexpected-response');
    const status = (response as { statusCode: number }).statusCode;
    this.#socket.terminate();
    return status;
  }

  closed(): Promise<number> {
    return this.#closed;
  }

  close(): void {
    this.#socket.close();
  }
}

function connect(t: Test, world: World, options: ClientOptions = {}): Client {
  const client = new Client(world, options);
  t.teardown(() => client.close());
  return client;
}

/** A dance up to its V. */
async function begin(client: Client, person: Person, pin = person.pin): Promise<string> {
  const { u, ut, prove } = person.commit(pin);
  const reply = await client.ask({ mpin_id: person.mpinId, UT: ut, U: u, pass: 1 });
  return prove(`${reply['y']}`);
}

t.test('a dance on one connection logs in, with no mpin_id in pass 2', async (t) => {
  const world = await startWorld(t);
  const jo = await world.person('jo@example.com');
  for (const [pin, status] of [
    [jo.pin, 200],
    [1, 401],
  ] as const) {
    const client = connect(t, world);
    const V = await begin(client, jo, pin);
    t.match(client.messages[0], { pass: 1, y: /^[0-9a-f]{64}$/, version: '0.3', message: 'OK' });
    const end = await client.ask({ V, OTP: 0, WID: '0', pass: 2 });
    t.strictSame(Object.keys(end).sort(), ['authOTT', 'pass', 'version']);
    t.equal(end['pass'], 2);
    t.equal((await world.authenticate(end['authOTT'])).status, status);
  }
});

t.test('the identity is that of the connection, whatever pass 2 names', async (t) => {
  const world = await startWorld(t);
  const [jo, eve] = [await world.person('jo@example.com'), await world.person('eve@example.com')];
  const client = connect(t, world);
  const V = await begin(client, eve);
  const end = await client.ask({ V, mpin_id: jo.mpinId, OTP: 0, WID: 0, pass: 2 });
  t.match((await world.authenticate(end['authOTT'])).json, { status: 200, mpinId: eve.mpinId });
});

t.test('dances on connections and over REST share one count, and no challenge', async (t) => {
  const world = await startWorld(t);
  const jo = await world.person('jo@example.com');
  const client = connect(t, world);
  const V = await begin(client, jo);
  t.equal((await jo.finish(V)).status, 500, 'its challenge is not in the store');
  for (let tries = 0; tries < 2; tries += 1) {
    const guess = connect(t, world);
    await guess.ask({ V: await begin(guess, jo, 1), pass: 2 });
  }
  t.equal(await jo.login(1), 410);
  const end = await client.ask({ V, pass: 2 });
  t.equal((await world.authenticate(end['authOTT'])).status, 410, 'locked on the way');
});

t.test('every fault is told with pass 0 before the connection is closed', async (t) => {
  const world = await startWorld(t);
  const jo = await world.person('jo@example.com');
  const { u, ut } = jo.commit();
  const pass1 = { mpin_id: jo.mpinId, U: u, UT: ut, pass: 1 };
  const cases: Record<string, readonly unknown[]> = {
    'no JSON': ['x'],
    'no object': ['[]'],
    'no pass': [{ ...pass1, pass: undefined }],
    'an unknown pass': [{ ...pass1, pass: 3 }],
    'pass 2 first': [{ V: u, pass: 2 }],
    'a malformed mpin_id': [{ ...pass1, mpin_id: 'x' }],
    'the form without permit': [{ ...pass1, UT: '' }],
    'pass 1 twice': [pass1, pass1],
    'a malformed V': [pass1, { V: '00', pass: 2 }],
    'a second pass 2': [pass1, { V: u, pass: 2 }, { V: u, pass: 2 }],
    'a second dance': [pass1, { V: u, pass: 2 }, pass1],
  };
  for (const [name, messages] of Object.entries(cases)) {
    const client = connect(t, world);
    for (const message of messages) await client.ask(message);
    t.equal(await client.closed(), 1008, `${name}: close code`);
    t.equal(client.messages.length, messages.length, `${name}: an answer each`);
    t.match(client.messages.at(-1), { pass: 0, version: '0.3', message: String }, name);
  }
});

t.test('a frame too long or binary ends the connection', async (t) => {
  const world = await startWorld(t);
  const long = connect(t, world);
  await long.ask(JSON.stringify({ pass: 1, pad: 'x'.repeat(9000) }));
  t.equal(await long.closed(), 1009);
  const binary = connect(t, world);
  await binary.ask(Buffer.from('{}'));
  t.equal(await binary.closed(), 1003);
});

t.test('pages of the public base and of allowOrigin may connect, programs too', async (t) => {
  const world = await startWorld(t, { allowOrigin: ['https://app.example'] });
  for (const origin of ['https://login.example.com', 'https://app.example', undefined]) {
    const client = connect(t, world, origin === undefined ? {} : { origin });
    t.match(await client.ask('x'), { pass: 0 }, `${origin}`);
  }
  for (const origin of ['https://evil.example', 'http://login.example.com', 'null']) {
    t.equal(await connect(t, world, { origin }).refusal(), 403, origin);
  }
});

t.test('without the server secret the upgrade is refused with 503', async (t) => {
  const world = await startWorld(t, { DTALocalURL: 'http://127.0.0.1:1' }, false);
  t.equal(await connect(t, world).refusal(), 503);
});

t.test('a store that is full is told as such, and nothing was counted', async (t) => {
  const world = await startWorld(t, { resultsMax: 1 });
  const jo = await world.person('jo@example.com');
  const { v } = await jo.begin();
  await jo.finish(v);
  const client = connect(t, world);
  const end = await client.ask({ V: await begin(client, jo), pass: 2 });
  t.match(end, { pass: 0, message: /try again/ });
  t.equal(await client.closed(), 1011);
});

t.test('15 seconds of silence end the connection with a word, if a pass is due', async (t) => {
  const timers = t.capture(globalThis, 'setTimeout', (run: () => void, ms: number) => {
    fire = run;
    t.equal(ms, 15_000);
    return undefined;
  });
  let fire = () => {};
  const sent: Message[] = [];
  const codes: number[] = [];
  const socket = {
    peer: '127.0.0.1',
    send: (message: Message) => sent.push(message),
    sendText: () => {},
    close: (code: number) => codes.push(code),
  };
  const options = { rpsBaseURL: '', rpsBaseURLs: [], rpsPrefix: 'rps', allowOrigin: [] };
  const parts = { urls: publicUrls(options), options: {} } as unknown as Parameters<
    typeof danceSocket
  >[0];
  const route: SocketRoute = danceSocket(parts);
  const session = route.open(socket, { headers: {} });
  fire();
  t.match(sent, [{ pass: 0, version: '0.3', message: 'Timed out' }]);
  t.strictSame(codes, [1000]);
  await session.message('{}');
  t.equal(sent.length, 1, 'after its end nothing is answered');
  t.equal(timers.args().length, 1);
});

t.test('bases and prefix are checked at the start', (t) => {
  const options = { rpsBaseURL: '', rpsBaseURLs: [], rpsPrefix: 'rps', allowOrigin: [] };
  for (const rpsBaseURL of ['login.example.com', 'ftp://x', 'https://a@x', 'https://x/?q']) {
    t.throws(() => publicUrls({ ...options, rpsBaseURL }), /rpsBaseURL: /, rpsBaseURL);
  }
  for (const rpsPrefix of ['', '/', 'a b', 'a//b', ':id', '*']) {
    t.throws(() => publicUrls({ ...options, rpsPrefix }), /rpsPrefix: /, rpsPrefix);
  }
  const { api } = publicUrls({ ...options, rpsBaseURL: 'https://x/sub//', rpsPrefix: '/a/b/' });
  t.equal(api, 'https://x/sub/a/b');
  t.throws(() => demandUrls({ DTALocalURL: 'localhost:8001' }, ['DTALocalURL']), /DTALocalURL: /);
  demandUrls({ RPAPermitUserURL: '' }, ['RPAPermitUserURL']);
  t.end();
});
