import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { WebSocket, WebSocketServer } from 'ws';
import { createClient } from '../../src/client/client.js';
import { nativeCrypto } from '../../src/client/crypto-native.js';
import { folderStorage } from '../../src/client/folder-storage.js';
import { fetchTransport } from '../../src/client/transport.js';
import { BASE, FakeSystem, TODAY } from './fake-system.js';

const root = mkdtempSync(join(tmpdir(), 'mpin-client-'));
t.teardown(() => rmSync(root, { recursive: true, force: true }));

const USER = { userId: 'u@example.com', pin: '1234' };
const KEY = { baseUrl: BASE, userId: USER.userId };

function setUp() {
  const system = new FakeSystem();
  const storage = folderStorage(mkdtempSync(join(root, 'store-')));
  const parts = { baseUrl: BASE, transport: system, crypto: nativeCrypto, storage };
  return { system, storage, client: createClient(parts) };
}

async function registered() {
  const all = setUp();
  await all.client.register(USER);
  all.system.takeAsked();
  return all;
}

t.test('a registration asks for each thing once, in the order of the documents', async (t) => {
  const { system, client, storage } = setUp();
  await client.register(USER);
  t.same(system.takeAsked(), [
    'GET /rps/clientSettings',
    'PUT /rps/user',
    'GET /rps/signature',
    'GET /clientSecret',
    'POST /rps/setupDone',
  ]);
  const stored = await storage.load(KEY);
  t.match(stored?.ready?.token, /^04[0-9a-f]{128}$/);
  t.equal(stored?.pending, undefined, 'the registration token is not kept');
});

t.test('a login proves the PIN over REST or over one WebSocket', async (t) => {
  const { system, client } = await registered();
  t.same(await client.login(USER), { userId: 'u' });
  const asked = system.takeAsked();
  t.same(asked.slice(-3), ['POST /rps/pass1', 'POST /rps/pass2', 'POST /mpinAuthenticate']);
  await client.login({ ...USER, webSocket: true });
  t.same(system.takeAsked().slice(-2), [
    'WS ws://rp.example/rps/authenticationToken',
    'POST /mpinAuthenticate',
  ]);
  t.equal(system.channels, 0, 'the WebSocket is closed');
});

t.test('a wrong PIN is told apart, and leaves the token alone', async (t) => {
  const { client } = await registered();
  await t.rejects(client.login({ ...USER, pin: '1235' }), { code: 'wrong-pin' });
  await t.resolves(client.login(USER));
});

t.test('the hosted permit comes from the cache, else the storage, else the service', async (t) => {
  const { system, client } = await registered();
  const permitsAsked = async () => {
    await client.login(USER);
    return system.takeAsked().filter((line) => /timePermit|permits/.test(line));
  };
  const local = 'GET /rps/timePermit';
  t.same(await permitsAsked(), [local, 'GET /permits/app', 'GET /timePermit'], 'nothing published');
  t.same(await permitsAsked(), [local], 'cached for the day');
  system.today = TODAY + 1;
  system.publishes = true;
  t.same(await permitsAsked(), [local, 'GET /permits/app'], 'published');
  system.today = TODAY + 2;
  system.override = (_request, path) =>
    path.startsWith('/permits') ? { status: 200, text: '<html></html>' } : undefined;
  t.same(await permitsAsked(), [local, 'GET /permits/app', 'GET /timePermit'], 'nonsense');
});

t.test('without permits nobody is asked for one, and UT is empty', async (t) => {
  const { system, client } = await registered();
  system.settings = { usePermits: false };
  let ut: unknown;
  system.override = (request, path) => {
    if (path === '/rps/pass1') ut = request.body?.['UT'];
    return undefined;
  };
  await client.login(USER);
  t.notMatch(system.takeAsked().join(), /ermit/);
  t.equal(ut, '');
});

t.test('a registration that waits for its confirmation goes on where it stopped', async (t) => {
  const { system, client } = setUp();
  system.active = false;
  await t.rejects(client.register(USER), { code: 'not-activated' });
  await t.rejects(client.login(USER), { code: 'not-activated' });
  system.takeAsked();
  system.active = true;
  await client.register(USER);
  t.notOk(system.takeAsked().includes('PUT /rps/user'), 'no second identity');
  await t.resolves(client.login(USER));
});

t.test(
  'an expired one begins anew, and an older token works until the new one is there',
  async (t) => {
    const { system, client } = await registered();
    system.active = false;
    await t.rejects(client.register({ ...USER, pin: '9999' }), { code: 'not-activated' });
    await t.resolves(client.login(USER), 'the old PIN');
    system.active = true;
    let refused = false;
    system.override = (_request, path) => {
      if (!path.startsWith('/rps/signature') || refused) return undefined;
      refused = true;
      return { status: 400, text: '{}' };
    };
    system.takeAsked();
    await client.register({ ...USER, pin: '9999' });
    t.ok(system.takeAsked().includes('PUT /rps/user'));
    await t.resolves(client.login({ ...USER, pin: '9999' }));
    await t.rejects(client.login(USER), { code: 'wrong-pin' });
  },
);

t.test('each refusal of the relying party has its meaning, and only 410 deletes', async (t) => {
  const { system, client, storage } = await registered();
  const cases: [number, string][] = [
    [401, 'wrong-pin'],
    [403, 'refused'],
    [408, 'expired'],
    [503, 'busy'],
    [500, 'protocol'],
    [201, 'protocol'],
  ];
  for (const [status, code] of cases) {
    system.override = (_request, path) =>
      path === '/mpinAuthenticate' ? { status, text: '{"message":"m"}' } : undefined;
    await t.rejects(client.login(USER), { code }, `${status} is ${code}`);
    t.ok((await storage.load(KEY))?.ready, 'the token stays');
  }
  system.override = (_request, path) =>
    path === '/mpinAuthenticate' ? { status: 410, text: '{}' } : undefined;
  await t.rejects(client.login(USER), { code: 'locked' });
  t.equal(await storage.load(KEY), undefined);
  await t.rejects(client.login(USER), { code: 'not-registered' });
});

t.test('an identity that gets no permits is revoked, not deleted', async (t) => {
  const { system, client, storage } = await registered();
  for (const status of [401, 403, 410]) {
    for (const place of ['/rps/timePermit', '/timePermit']) {
      system.override = (_request, path) =>
        path.startsWith(place) ? { status, text: '{}' } : undefined;
      await t.rejects(client.login(USER), { code: 'revoked' }, `${place} ${status}`);
    }
  }
  t.ok((await storage.load(KEY))?.ready);
});

t.test('replies that are no answer of the protocol are refused before they are used', async (t) => {
  const { system, client } = await registered();
  const cases: [string, string][] = [
    ['/rps/clientSettings', 'not json'],
    ['/rps/clientSettings', '{}'],
    ['/rps/timePermit', '{"date":0}'],
    ['/rps/timePermit', `{"date":1,"timePermit":"${'0'.repeat(128)}"}`],
    ['/rps/pass1', '{"y":"00"}'],
    ['/rps/pass1', '[]'],
    ['/rps/pass2', '{}'],
  ];
  for (const [place, text] of cases) {
    system.override = (_request, path) =>
      path.startsWith(place) ? { status: 200, text } : undefined;
    await t.rejects(client.login(USER), { code: 'protocol' }, `${place} ${text.slice(0, 30)}`);
  }
});

t.test('what is no PIN is refused before anyone is asked, and is not repeated', async (t) => {
  const { system, client } = setUp();
  for (const pin of ['', '123', '12345', '12a4', '１２３４', '-123']) {
    const error = await client.register({ ...USER, pin }).catch((e: Error) => e);
    t.type(error, RangeError);
    t.equal((error as Error).message, 'the PIN must be four digits');
  }
  t.same(system.takeAsked(), []);
});

t.test('identities lie in files of their owner, one for each user and server', async (t) => {
  const folder = join(root, 'deep', 'store');
  const storage = folderStorage(folder);
  t.equal(await storage.load(KEY), undefined);
  await storage.save(KEY, { pending: { mpinId: '00', regOTT: '11' } });
  await storage.save({ ...KEY, baseUrl: 'http://other' }, {});
  await storage.save({ ...KEY, userId: '../../evil' }, {});
  const files = readdirSync(folder);
  t.equal(files.length, 3);
  for (const file of files) {
    t.match(file, /^[0-9a-f]{32}\.json$/);
    t.equal(statSync(join(folder, file)).mode & 0o777, 0o600);
  }
  t.equal(statSync(folder).mode & 0o777, 0o700);
  t.match(await storage.load(KEY), { pending: { regOTT: '11' } });
  for (const file of files) writeFileSync(join(folder, file), '{"broken');
  await t.rejects(storage.load(KEY), { message: /is damaged: delete it and register again/ });
  t.notMatch(readFileSync(join(folder, files[0] ?? ''), 'utf8'), 'x');
  await storage.remove(KEY);
  t.equal(await storage.load(KEY), undefined);
  await t.resolves(storage.remove(KEY), 'twice is fine');
});

t.test('the transport says who cannot be reached, and never shows a path', async (t) => {
  const transport = fetchTransport((url) => new WebSocket(url));
  const secret = 'http://127.0.0.1:9/signature/abc?regOTT=secret';
  const error = await transport.request({ method: 'GET', url: secret }).catch((e) => e);
  t.match(error, { code: 'unreachable', message: /^cannot reach http:\/\/127\.0\.0\.1:9: / });
  t.notMatch(error.message, 'secret');
  await t.rejects(transport.openChannel('ws://127.0.0.1:9/x'), { code: 'unreachable' });
});

t.test('the transport bounds replies, follows no redirect and hears a close', async (t) => {
  const server = createServer((request, response) => {
    if (request.url === '/long') response.end('x'.repeat(300_000));
    else if (request.url === '/away') response.writeHead(302, { Location: '/' }).end();
    else response.writeHead(418).end('ü');
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => {
    socket.send('one');
    socket.send('two');
    socket.on('message', () => socket.close());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    sockets.close();
    server.closeAllConnections();
    server.close();
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const transport = fetchTransport((url) => new WebSocket(url));
  const get = (path: string) => transport.request({ method: 'GET', url: `http://${host}${path}` });
  t.same(await get('/'), { status: 418, text: 'ü' });
  await t.rejects(get('/long'), { code: 'protocol', message: 'the reply is too long' });
  await t.rejects(get('/away'), { code: 'unreachable' });

  const channel = await transport.openChannel(`ws://${host}/`);
  t.equal(await channel.receive(), 'one');
  t.equal(await channel.receive(), 'two');
  const next = channel.receive();
  channel.send({});
  await t.rejects(next, { code: 'unreachable' });
  await t.rejects(channel.receive(), { code: 'unreachable' });
});
