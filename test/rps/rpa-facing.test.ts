/** What the RPS and the RPA say to one another, beside the login itself (contract §4, §6, §13). */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { verifySignature } from '../../src/protocol/signature.js';
import { CertificateFolder } from '../http/certificates.js';
import { type Reply, startWorld, type World } from './harness.js';
import { APP_ID, APP_KEY } from './neighbours.js';

const userId = 'jo@example.com';
const SECRET = 'a secret of the relying party';

function refused(t: Test, reply: Reply, status: number, name: string): void {
  t.equal(reply.status, status, name);
  t.equal(reply.json['version'], '0.3', `${name}: version`);
  t.type(reply.json['message'], 'string', `${name}: message`);
}

const admin = (world: World, what: string, mpinId: unknown): Promise<Reply> =>
  world.post(`/manage/${what}`, { mpinId });

t.test('headers that RegisterForwardUserHeaders names go to the RPA, and no others', async (t) => {
  const world = await startWorld(t, { RegisterForwardUserHeaders: ['X-Tenant', 'Cookie', 'Host'] });
  await world.register({ userId }, undefined, {
    'X-Tenant': 'blue',
    cookie: 'session=1',
    'x-other': 'no',
    host: 'evil.example',
  });
  const headers = world.rpa.verifyCalls[0]?.headers ?? {};
  t.match(headers, { 'x-tenant': 'blue', cookie: 'session=1' });
  t.notOk('x-other' in headers);
  t.equal(headers.host, new URL(world.rpa.address).host, 'the RPA is called by its own name');
});

t.test(
  'with * all headers go, but for those of the connection and those that are ours',
  async (t) => {
    const world = await startWorld(t, { RegisterForwardUserHeaders: ['*'], trustedProxies: [] });
    await world.register({ userId }, undefined, {
      'accept-language': 'de',
      'accept-encoding': 'gzip',
      'rps-base-url': 'https://evil.example',
      'x-forwarded-for': '192.0.2.1',
      'content-type': 'text/plain',
      te: 'trailers',
      origin: 'https://login.example.com',
      'sec-fetch-site': 'same-origin',
      'x-latin': 'caf\u00e9',
    });
    const headers = world.rpa.verifyCalls[0]?.headers ?? {};
    t.match(headers, {
      'accept-language': 'de',
      'rps-base-url': 'https://login.example.com',
      'content-type': 'application/json',
    });
    for (const name of ['accept-encoding', 'te', 'x-forwarded-for', 'origin', 'sec-fetch-site'])
      t.notOk(name in headers, name);
  },
);

t.test('permits are refused with 410, or as the RPA said where that is wanted', async (t) => {
  const world = await startWorld(t, { permitStatusOfRPA: true });
  const { json } = await world.register({ userId });
  for (const [said, status] of [
    [401, 401],
    [403, 403],
    [404, 404],
    [410, 410],
    [500, 500],
    [302, 500],
  ] as const) {
    world.rpa.permitStatus = said;
    refused(t, await world.ask(`/rps/timePermit/${json['mpinId']}`), status, `RPA ${said}`);
  }
});

t.test('getStackInfo gives what the hosted side says, and an hour of authority', async (t) => {
  const world = await startWorld(t);
  const { status, json } = await world.ask('/manage/getStackInfo');
  t.equal(status, 200);
  t.strictSame(Object.keys(json).sort(), ['license_info', 'manage_auth', 'managementConsoleURL']);
  const { signature, expires, app_id: appId } = json['manage_auth'] as Record<string, string>;
  t.equal(appId, APP_ID);
  t.ok(verifySignature(APP_KEY, `${signature}`, APP_ID, `${expires}`));
  const left = Date.parse(`${expires}`) - world.clock.now();
  t.ok(left > 3_590_000 && left <= 3_600_000, `${left} ms`);
  const settings = { managementConsoleURL: 'https://console.example', license_info: { seats: 5 } };
  world.authorities.faults.set('/api/apiSettings', { status: 200, body: JSON.stringify(settings) });
  t.match((await world.ask('/manage/getStackInfo')).json, settings);
  for (const body of ['[]', 'no']) {
    world.authorities.faults.set('/api/apiSettings', { status: 200, body });
    refused(t, await world.ask('/manage/getStackInfo'), 500, body);
  }
  world.authorities.faults.set('/api/apiSettings', { status: 503, body: '{}' });
  refused(t, await world.ask('/manage/getStackInfo'), 500, 'hosted side fails');
});

t.test('attack: the authority of getStackInfo is not for every caller', async (t) => {
  const world = await startWorld(t);
  const outside = { 'x-forwarded-for': '203.0.113.5' };
  refused(t, await world.ask('/manage/getStackInfo', { headers: outside }), 403, 'through a proxy');
  const page = { origin: 'https://evil.example' };
  refused(t, await world.ask('/manage/getStackInfo', { headers: page }), 403, 'a page');
});

t.test('service tells an app five texts, at the root and under the prefix', async (t) => {
  const world = await startWorld(t, {
    serviceName: 'Bank "of" Jürgen',
    serviceIconUrl: 'https://login.example.com/icon.png',
  });
  for (const path of ['/service', '/rps/service']) {
    const { status, json } = await world.ask(path, { headers: { 'x-forwarded-for': '192.0.2.9' } });
    t.equal(status, 200, 'public');
    t.strictSame(json, {
      name: 'Bank "of" Jürgen',
      url: 'https://login.example.com',
      rps_prefix: 'rps',
      logo_url: 'https://login.example.com/icon.png',
      type: 'online',
    });
  }
  const own = { name: 'x', url: 'https://y', rps_prefix: 'z', logo_url: '', type: 'online' };
  const other = await startWorld(t, { mobileService: own });
  t.strictSame((await other.ask('/service')).json, own);
  const none = await startWorld(t);
  refused(t, await none.ask('/service'), 403, 'without a name');
});

t.test(
  'mobileConfig is the configured array, 403 without one, 404 without a native app',
  async (t) => {
    const config = [{ name: 'ü', url: 'https://a.example' }];
    const world = await startWorld(t, { mobileUseNative: true, mobileConfig: config });
    const reply = await world.ask('/rps/mobileConfig');
    t.equal(reply.status, 200);
    t.match(reply.headers.get('content-type'), /^application\/json/);
    t.strictSame(JSON.parse(reply.text), config);
    const bare = await startWorld(t);
    refused(t, await bare.ask('/rps/mobileConfig'), 403, 'none configured');
    const web = await startWorld(t, { mobileConfig: config });
    refused(t, await web.ask('/rps/mobileConfig'), 404, 'native app disabled');
  },
);

t.test('an administrator ends a lock, and only of the identity that is named', async (t) => {
  const world = await startWorld(t);
  const [jo, al] = [await world.person(userId), await world.person('al@example.com')];
  for (const person of [jo, al]) {
    for (const status of [401, 401, 410]) t.equal(await person.login(1), status);
  }
  t.equal(await jo.login(), 410, 'locked for the right PIN too');
  t.match((await admin(world, 'identity', jo.mpinId)).json, {
    userId,
    locked: true,
    failures: 3,
    revoked: false,
    changed: false,
  });
  const ended = await admin(world, 'unlock', jo.mpinId.toUpperCase());
  t.equal(ended.status, 200);
  t.match(ended.json, { locked: false, failures: 0, changed: true });
  t.match((await admin(world, 'unlock', jo.mpinId)).json, { changed: false });
  t.equal(await jo.login(1), 401, 'counting begins anew');
  t.equal(await jo.login(), 200);
  t.equal(await al.login(), 410, 'nobody else is unlocked');
});

t.test('administration wants an identity, and is private', async (t) => {
  const world = await startWorld(t);
  for (const what of ['identity', 'unlock', 'revoke', 'reinstate']) {
    for (const bad of [undefined, '', 7, 'xyz', 'abc', 'ab'.repeat(3000)]) {
      refused(t, await admin(world, what, bad), 400, `${what} ${String(bad).slice(0, 9)}`);
    }
    refused(t, await world.post(`/manage/${what}`, '['), 400, `${what}: no JSON`);
    const outside = { 'x-forwarded-for': '203.0.113.5' };
    refused(t, await world.post(`/manage/${what}`, { mpinId: 'ab' }, outside), 403, what);
    t.equal((await world.ask(`/manage/${what}`)).status, 405);
  }
});

t.test('attack: whoever is revoked gains nothing from the permit of the day', async (t) => {
  const world = await startWorld(t);
  const jo = await world.person(userId);
  t.equal(await jo.login(), 200);
  const pending = await jo.finish((await jo.begin()).v);
  t.match((await admin(world, 'revoke', jo.mpinId)).json, { revoked: true, changed: true });
  t.match((await admin(world, 'revoke', jo.mpinId)).json, { changed: false });
  const late = await world.authenticate(pending.json['authOTT']);
  t.equal(late.status, 403, 'a login that was proven before');
  t.match(late.json, { status: 403, message: 'No longer permitted', mpinId: jo.mpinId, userId });
  t.equal(await jo.login(), 403, 'nor a new one');
  t.equal(await jo.login(1), 401, 'a wrong PIN is told as ever');
  const asked = world.rpa.permitQueries.length;
  refused(t, await world.ask(`/rps/timePermit/${jo.mpinId}`), 410, 'no further permit');
  t.equal(world.rpa.permitQueries.length, asked, 'whatever the RPA would say');
  const signature = await world.ask(`/rps/signature/${jo.mpinId}?regOTT=${jo.regOTT}`);
  refused(t, signature, 401, 'nor its key again');
  t.match((await admin(world, 'reinstate', jo.mpinId)).json, { revoked: false, changed: true });
  t.equal(await jo.login(), 200);
});

t.test('attack: a mobile of a revoked identity logs no browser in', async (t) => {
  const world = await startWorld(t);
  const jo = await world.person(userId);
  const shown = (await world.post('/rps/getAccessNumber', '')).json;
  const { v } = await jo.begin();
  const end = await jo.finish(v, { WID: shown['accessNumber'] });
  await admin(world, 'revoke', jo.mpinId);
  const body = { mpinResponse: { authOTT: end.json['authOTT'] } };
  refused(t, await world.post('/rps/authenticate', body), 403, 'the mobile');
  const { json } = await world.post('/rps/access', { webOTT: shown['webOTT'] });
  t.match(json, { status: 'new', authOTT: '' });
});

t.test('with permitAtAuthenticate the RPA has the last word on a right PIN', async (t) => {
  const world = await startWorld(t, { permitAtAuthenticate: true });
  const jo = await world.person(userId);
  t.equal(await jo.login(), 200);
  t.equal(world.rpa.permitQueries.at(-1), `?mpin_id=${jo.mpinId}`);
  for (const said of [401, 403, 410]) {
    world.rpa.permitStatus = said;
    t.equal(await jo.login(), 403, `RPA ${said}`);
  }
  const asked = world.rpa.permitQueries.length;
  t.equal(await jo.login(1), 401);
  t.equal(world.rpa.permitQueries.length, asked, 'about a wrong PIN nobody is asked');
  world.rpa.permitStatus = 500;
  t.equal(await jo.login(), 500, 'who cannot tell lets nobody in');
  world.rpa.permitStatus = 200;
  t.equal(await jo.login(), 200);
});

t.test('with a shared secret private routes want it, and probes do not', async (t) => {
  const world = await startWorld(t, { rpaSecret: SECRET });
  const ask = (authorization?: string) =>
    world.post(
      '/authenticate',
      { authOTT: 'x' },
      authorization === undefined ? {} : { authorization },
    );
  t.equal((await ask(`Bearer ${SECRET}`)).status, 408);
  for (const wrong of [undefined, '', SECRET, `Bearer ${SECRET}x`, `bearer ${SECRET}`, 'Bearer ']) {
    const reply = await ask(wrong);
    refused(t, reply, 403, `${wrong}`);
    t.notMatch(reply.text, SECRET);
  }
  for (const path of ['/metrics', '/manage/getStackInfo', '/openapi.json']) {
    refused(t, await world.ask(path), 403, path);
    const headers = { authorization: `Bearer ${SECRET}` };
    t.equal((await world.ask(path, { headers })).status, 200, path);
  }
  t.equal((await world.ask('/health/live')).status, 200);
  t.equal((await world.ask('/rps/clientSettings')).status, 200, 'public routes are public');
});

t.test('attack: a web page on a trusted host makes no private call', async (t) => {
  const world = await startWorld(t, { allowOrigin: ['*', 'https://console.example'] });
  const jo = await world.person(userId);
  const unlock = (origin: string) =>
    world.post('/manage/unlock', { mpinId: jo.mpinId }, { origin, 'content-type': 'text/plain' });
  for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1:8005']) {
    refused(t, await unlock(origin), 403, origin);
  }
  t.equal((await unlock('https://console.example')).status, 200, 'one that is listed by name may');
  t.equal((await world.post('/manage/unlock', { mpinId: jo.mpinId })).status, 200);
});

t.test(
  'on listeners of their own, private and public routes are not to be had at the other',
  async (t) => {
    const world = await startWorld(t, { privateAddress: '127.0.0.1', privatePort: 0 });
    const { address, privateAddress = '' } = world.rps;
    t.not(address, privateAddress);
    const at = async (base: string, path: string, method = 'GET') => {
      const { status } = await fetch(base + path, { method });
      return status;
    };
    for (const [method, path] of [
      ['POST', '/authenticate'],
      ['POST', '/verifyOTP'],
      ['POST', '/user/abcd'],
      ['POST', '/manage/unlock'],
      ['GET', '/metrics'],
      ['GET', '/health/live'],
      ['GET', '/openapi.json'],
    ] as const) {
      t.equal(await at(address, path, method), 404, `public: ${path}`);
      t.not(await at(privateAddress, path, method), 404, `private: ${path}`);
    }
    for (const path of ['/rps/clientSettings', '/rps/service', '/rps/authenticationToken']) {
      t.not(await at(address, path), 404, `public: ${path}`);
      t.equal(await at(privateAddress, path), 404, `private: ${path}`);
    }
    t.equal(await at(address, '/status'), 200);
    t.equal(await at(privateAddress, '/status'), 200);
    const metrics = await (await fetch(`${privateAddress}/metrics`)).text();
    t.match(metrics, /mpin_http_connections [1-9]/, 'both are counted');
  },
);

t.test(
  'the RPS speaks TLS on both listeners, and to an RPA with a certificate alone',
  async (t) => {
    const folder = new CertificateFolder(t);
    const [open, inner] = [folder.selfSigned('open'), folder.selfSigned('inner')];
    const authority = folder.selfSigned('authority');
    const { certFile, keyFile } = folder.issued('rpa', 'authority');
    const world = await startWorld(t, {
      tlsCertFile: open.certFile,
      tlsKeyFile: open.keyFile,
      privateAddress: '127.0.0.1',
      privatePort: 0,
      privateTlsCertFile: inner.certFile,
      privateTlsKeyFile: inner.keyFile,
      rpaCaFile: authority.certFile,
    });
    const { Agent, request } = await import('undici');
    const [ca, cert, key] = await Promise.all(
      [inner.certFile, certFile, keyFile].map((file) => readFile(file, 'utf8')),
    );
    const { address, privateAddress = '' } = world.rps;
    t.match([address, privateAddress], [/^https:/, /^https:/]);
    const status = async (url: string, connect: object) => {
      const dispatcher = new Agent({ connect });
      const reply = await request(url, { dispatcher, method: 'GET' });
      await reply.body.text();
      await dispatcher.close();
      return reply.statusCode;
    };
    t.equal(await status(`${address}/status`, { ca: await readFile(open.certFile) }), 200);
    t.equal(await status(`${privateAddress}/metrics`, { ca, cert, key }), 200);
    t.equal(await status(`${privateAddress}/metrics`, { ca }), 403);
    t.equal(await status(`${privateAddress}/health/live`, { ca }), 200);
  },
);

t.test('options that do not go together end the start', async (t) => {
  const folder = new CertificateFolder(t);
  const { certFile, keyFile } = folder.selfSigned('one');
  for (const [options, words] of [
    [{ tlsCertFile: certFile }, /tlsCertFile and tlsKeyFile go together/],
    [{ rpaCaFile: certFile }, /rpaCaFile: client certificates need TLS/],
    [{ privateTlsCertFile: certFile, privateTlsKeyFile: keyFile }, /without privateAddress/],
    [{ auditLog: join(certFile, 'audit.log') }, /auditLog: .* cannot be written \(ENOTDIR\)/],
  ] as const) {
    const world = await startWorld(t);
    await world.rps.stop();
    await t.rejects(world.restart(options), words);
    await world.restart();
  }
});
