/** Attacks on the surroundings of a login, most of which worked on old servers (contract §13). */

import { readFileSync } from 'node:fs';
import { Agent, request as httpsRequest } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { createServer } from 'node:tls';
import fc from 'fast-check';
import { pino } from 'pino';
import t from 'tap';
import { CertificateFolder } from '../http/certificates.js';
import { startWorld, World } from './harness.js';
import { APP_KEY } from './neighbours.js';

const userId = 'jo@example.com';

t.test('attack: no header of a request gets into the activation link', async (t) => {
  const world = await startWorld(t, { rpsBaseURLs: ['https://other.example'] });
  for (const headers of [
    { host: 'evil.example' },
    { host: 'login.example.com.evil.example' },
    { host: 'other.example@evil.example' },
    { 'x-forwarded-host': 'evil.example' },
    { 'x-forwarded-host': 'other.example', 'x-forwarded-proto': 'http' },
    { forwarded: 'host=evil.example' },
    { 'rps-base-url': 'https://evil.example' },
    { 'x-original-url': 'https://evil.example/', 'x-rewrite-url': '/evil' },
  ]) {
    await world.register({ userId }, undefined, headers as unknown as Record<string, string>);
    const call = world.rpa.verifyCalls.at(-1);
    t.equal(call?.headers['rps-base-url'], 'https://login.example.com', JSON.stringify(headers));
    t.notMatch(JSON.stringify(call), /evil/);
  }
});

t.test('attack: whatever is sent, no route fails', async (t) => {
  const world = await startWorld(t, { waitForLoginResult: true });
  const jo = await world.person(userId);
  const { mpinId } = jo;
  const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 1e9);
  t.comment(`TEST_SEED=${seed}`);
  const odd = fc.oneof(
    fc.constantFrom('', '0', 'abc', '00', '04', '0'.repeat(130), mpinId, mpinId.toUpperCase()),
    fc.constantFrom(null, 0, -1, 1e308, true, [], {}, [mpinId], '\ud800', '__proto__', 'é'),
    fc.string(),
    fc.jsonValue(),
  );
  const names = ['mpin_id', 'mpinId', 'U', 'UT', 'V', 'OTP', 'WID', 'userId', 'mobile', 'regOTT'];
  const more = ['deviceName', 'authOTT', 'webOTT', 'wid', 'status', 'activateKey', 'mpinResponse'];
  const body = fc.oneof(
    fc.dictionary(fc.constantFrom(...names, ...more, '__proto__', 'constructor'), odd).map(toJson),
    fc.jsonValue().map(toJson),
    fc.string(),
    fc.constantFrom('{', '[]', '"x"', 'null', '\ufeff{}', '{"a":1,"a":2}', '{}'.repeat(2)),
  );
  const segment = fc.oneof(
    fc.constantFrom(mpinId, 'abc', 'zz', '%00', '%2e%2e', '%ff', 'a%2fb', '..', 'A'.repeat(1000)),
    fc.string().map(encodeURIComponent),
  );
  const posts = ['pass1', 'pass2', 'authenticate', 'access', 'accessnumber', 'codeStatus'];
  const request = fc.oneof(
    fc.tuple(fc.constantFrom(...posts, 'getAccessNumber', 'getQrUrl'), body).map(([path, sent]) => {
      return { method: 'POST', path: `/rps/${path}`, body: sent };
    }),
    fc
      .tuple(fc.constantFrom('authenticate', 'loginResult', 'verifyOTP', 'manage/unlock'), body)
      .map(([path, sent]) => ({ method: 'POST', path: `/${path}`, body: sent })),
    fc
      .tuple(fc.constantFrom('rps/signature', 'rps/timePermit'), segment)
      .map(([path, id]) => ({ method: 'GET', path: `/${path}/${id}?regOTT=${id}` })),
    fc
      .tuple(fc.constantFrom('rps/user', 'user', 'rps/setupDone'), segment, body)
      .map(([path, id, sent]) => {
        return { method: path === 'rps/user' ? 'PUT' : 'POST', path: `/${path}/${id}`, body: sent };
      }),
  );
  const property = fc.asyncProperty(request, async ({ path, ...ask }) => {
    const reply = await world.ask(path, ask);
    const known = reply.status < 500 || reply.text.includes('Invalid pass one data');
    // Every error is told in JSON (contract §1, rule 3).
    return known && (reply.status < 400 || typeof reply.json['message'] === 'string');
  });
  await fc.assert(property, { seed, numRuns: 600 });
  t.equal(await jo.login(), 200, 'and all works as before');
});

const toJson = (value: unknown) => JSON.stringify(value);

t.test('attack: the log of a whole life at its most talkative holds no secret', async (t) => {
  const world = new World();
  const lines: string[] = [];
  world.log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
  await world.start({ requestOTP: true }, true);
  t.teardown(() => world.stop());
  const jo = await world.person(userId);
  const { u, ut, v, y } = await jo.begin();
  const end = (await jo.finish(v, { OTP: 1 })).json;
  const taken = (await world.authenticate(end['authOTT'])).json;
  await jo.login(4321);
  await world.ask(`/rps/timePermit/${jo.mpinId}`);
  const settings = (await world.ask('/rps/clientSettings')).json;
  const info = (await world.ask('/manage/getStackInfo')).json;
  // Faults are what logs are full of.
  world.authorities.faults.set('/clientSecret', { status: 500, body: '{}' });
  world.authorities.faults.set('/timePermits', { status: 200, body: `{"timePermits":"${v}"}` });
  world.authorities.faults.set('/api/apiSettings', { status: 401, body: '{}' });
  await world.ask(`/rps/signature/${jo.mpinId}?regOTT=${jo.regOTT}`);
  world.clock.pass(30 * 86_400_000);
  await world.ask(`/rps/timePermit/${jo.mpinId}`);
  await world.ask('/manage/getStackInfo');
  await world.rpa.stop();
  await world.register({ userId });
  await world.ask(`/rps/timePermit/${jo.mpinId}`);
  t.ok(lines.length > 4, 'it has something to say');
  const { signature } = info['manage_auth'] as Record<string, string>;
  const secrets = [jo.mpinId, jo.regOTT, u, ut, v, y, signature, settings['seedValue'], APP_KEY];
  secrets.push(end['authOTT'], end['OTP'], taken['OTP']);
  const said = lines.map((line) => line.replace(/"time":\d+|"pid":\d+/g, '')).join('');
  for (const secret of secrets) t.notOk(said.includes(`${secret}`), `${secret}`.slice(0, 12));
  t.notMatch(said, /[0-9a-f]{32}/i, 'nor anything else that looks like one');
});

t.test(
  'attack: through a TLS proxy on the same machine nothing private is to be had',
  async (t) => {
    const world = await startWorld(t, { addressFailuresPerMinute: 1, addressFailuresBurst: 1 });
    const { hostname, port } = new URL(world.rps.address);
    const folder = new CertificateFolder(t);
    const { certFile, keyFile } = folder.selfSigned('proxy');
    const open = new Set<Socket>();
    // Ends TLS and names its client, as proxies do: 203.0.113.7, who adds a name of his own before.
    const proxy = createServer(
      { cert: readFileSync(certFile), key: readFileSync(keyFile) },
      (from) => {
        const to = connect(Number(port), hostname);
        for (const socket of [from, to]) open.add(socket.on('error', () => {}));
        from.once('data', (head) => {
          const said = 'X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-For: 203.0.113.7\r\n';
          to.write(head.toString('latin1').replace('\r\n', `\r\n${said}`), 'latin1');
          from.pipe(to).pipe(from);
        });
      },
    );
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    t.teardown(() => {
      for (const socket of open) socket.destroy();
      proxy.close();
    });
    const ask = (path: string, method: string): Promise<number> =>
      new Promise((resolve, reject) => {
        const { port: at } = proxy.address() as AddressInfo;
        const agent = new Agent({ rejectUnauthorized: false });
        const sent = httpsRequest({ host: '127.0.0.1', port: at, path, method, agent }, (reply) => {
          reply.resume().on('end', () => resolve(reply.statusCode ?? 0));
        });
        sent.on('error', reject).end(method === 'GET' ? undefined : '{}');
      });
    t.equal(await ask('/rps/clientSettings', 'GET'), 200);
    for (const [method, path] of [
      ['POST', '/authenticate'],
      ['POST', '//authenticate'],
      ['POST', '/%61uthenticate'],
      ['POST', '/user/abcd'],
      ['POST', '/manage/unlock'],
      ['GET', '/manage/getStackInfo'],
      ['GET', '/metrics'],
      ['GET', '/openapi.json'],
    ] as const) {
      t.equal(await ask(path, method), 403, path);
    }
    t.equal(await ask('/rps/%2e%2e/authenticate', 'POST'), 404);
    t.equal(await ask('/rps/accessnumber', 'POST'), 401);
    t.equal(await ask('/rps/accessnumber', 'POST'), 429, 'failures count against the real client');
    t.equal((await world.post('/rps/accessnumber', {})).status, 401, 'and not against the proxy');
  },
);
