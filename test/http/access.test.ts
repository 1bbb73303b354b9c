/** Who may call and who may read: CORS, private routes, trusted proxies, forwarded headers. */
import fc from 'fast-check';
import t from 'tap';
import { fetch } from 'undici';
import { AUTHORITY_CORS, compileCors, rpsCors } from '../../src/http/cors.js';
import { addressText, compileAddressList, forwardedPeer } from '../../src/http/peers.js';
import { startHttpServer } from '../../src/http/server.js';
import { raw, request, route, serve, serverOptions } from './harness.js';

const A = 'https://a.example';
const ALLOW_HEADERS =
  'Content-Type, Depth, User-Agent, X-File-Size, X-Requested-With, X-Requested-By, ' +
  'If-Modified-Since, X-File-Name, Cache-Control, WWW-Authenticate, Pragma, Expires';

/** The CORS headers of an answer, as an object. */
function cors(origins: readonly string[], origin: string, preflight = false) {
  const flat = compileCors(rpsCors(origins))(origin, preflight);
  const pairs: [string, string][] = [];
  for (let at = 0; at < flat.length; at += 2) {
    pairs.push([(flat[at] as string).replace('Access-Control-Allow-', ''), flat[at + 1] as string]);
  }
  return Object.fromEntries(pairs);
}

t.test(
  'an origin listed exactly is echoed with credentials, every other gets * or nothing',
  async (t) => {
    const allowed = { Methods: 'GET, PUT, POST, DELETE, OPTIONS', Headers: ALLOW_HEADERS };
    const echoed = { Origin: A, Credentials: 'true', Vary: 'Origin', ...allowed };
    t.same(cors([A], A), echoed);
    t.same(cors([A, '*'], A), echoed);
    t.same(cors(['*'], A), { Origin: '*', ...allowed });
    t.same(cors(['*'], ''), { Origin: '*' });
    t.same(cors(['*'], '', true), { Origin: '*', ...allowed });
    t.same(cors([A, '*'], 'https://b.example'), { Origin: '*', Vary: 'Origin', ...allowed });
    t.same(cors([A], ''), { Vary: 'Origin' });
    t.same(cors([], A), {});
    for (const foreign of [
      'https://a.example.evil.org',
      'https://a.exampl',
      'http://a.example',
      'https://A.example',
      'https://a.example:444',
      'https://a.example/',
      'null',
      '*',
    ]) {
      t.same(cors([A], foreign), { Vary: 'Origin' }, foreign);
    }
    const authority = compileCors(AUTHORITY_CORS)(A, true);
    t.equal(authority[authority.indexOf('Access-Control-Allow-Methods') + 1], 'GET, OPTIONS');
  },
);

t.test('every answer has the CORS headers, errors and misses too', async (t) => {
  const server = await serve(
    t,
    [
      route('GET', '/a'),
      route('POST', '/b'),
      route('GET', '/private', undefined, { access: 'private' }),
      route('GET', '/bug', () => {
        throw new Error('bug');
      }),
      route('GET', '/own', () => ({
        status: 200,
        headers: { 'access-control-allow-origin': 'https://relayed.example' },
      })),
    ],
    { cors: rpsCors([A]), privateAllow: [] },
  );
  const ask = async (method: string, path: string, body?: string) => {
    const init = { method, headers: { Origin: A }, ...(body === undefined ? {} : { body }) };
    const { status, headers } = await fetch(server.address + path, init);
    return [status, headers.get('access-control-allow-origin'), headers.get('vary')];
  };
  t.same(await ask('GET', '/a'), [200, A, 'Origin']);
  t.same(await ask('OPTIONS', '/nowhere'), [200, A, 'Origin']);
  t.same(await ask('GET', '/nowhere'), [404, A, 'Origin']);
  t.same(await ask('PUT', '/a'), [405, A, 'Origin']);
  t.same(await ask('GET', '/%zz'), [400, A, 'Origin']);
  t.same(await ask('GET', '/private'), [403, A, 'Origin']);
  t.same(await ask('GET', '/bug'), [500, A, 'Origin']);
  t.same(await ask('POST', '/b', 'x'.repeat(5000)), [413, A, 'Origin']);
  t.same(
    await ask('GET', '/own'),
    [200, 'https://relayed.example', null],
    'a relayed answer’s own',
  );
});

t.test('a private route answers only listed peers', async (t) => {
  const routes = [route('POST', '/user/:id', undefined, { access: 'private' })];
  const post = (address: string, headers: Record<string, string> = {}) =>
    fetch(`${address}/user/1`, { method: 'POST', headers, body: '{}' });
  const open = await serve(t, routes, { privateAllow: ['10.0.0.0/8', '127.0.0.0/8'] });
  t.equal((await post(open.address)).status, 200);
  const closed = await serve(t, routes, { privateAllow: ['10.0.0.0/8', '::1'] });
  const refused = await post(closed.address, { 'X-Forwarded-For': '10.1.2.3' });
  t.equal(refused.status, 403);
  t.same(await refused.json(), { version: '0.3', status: 403, message: 'Forbidden' });
  const proxied = await serve(t, routes, {
    privateAllow: ['127.0.0.1', '10.0.0.0/8'],
    trustedProxies: ['127.0.0.1'],
  });
  t.equal((await post(proxied.address)).status, 200, 'the proxy itself');
  const through = await post(proxied.address, { 'X-Forwarded-For': '203.0.113.9' });
  t.equal(through.status, 403, 'the world through the proxy');
  const within = await post(proxied.address, { 'X-Forwarded-For': '10.1.2.3' });
  t.equal(within.status, 200);
  const onlyForwarded = await serve(t, routes, {
    privateAllow: ['10.0.0.0/8'],
    trustedProxies: ['127.0.0.1'],
  });
  const forged = await post(onlyForwarded.address, { 'X-Forwarded-For': '10.1.2.3' });
  t.equal(forged.status, 403, 'a forwarded address gives no right');
});

t.test('the peer is the right-most address that no trusted proxy owns', async (t) => {
  const routes = [
    route('GET', '/a', ({ peer, headers }) => ({ status: 200, body: { peer, headers } }), {
      headers: ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-kept'],
    }),
    route('GET', '/all', ({ headers }) => ({ status: 200, body: { headers } }), { headers: 'all' }),
  ];
  const given = [
    'X-Forwarded-For: 1.1.1.1, 203.0.113.9',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Host: evil.example',
    'X-Kept: yes',
    'Cookie: a=1',
    'Cookie: b=2',
  ];
  const ask = async (
    server: Awaited<ReturnType<typeof serve>>,
    path: string,
    more: string[] = [],
  ) => {
    const reply = await raw(server, request(`GET ${path}`, [...given, ...more])).until(/\}$/);
    return JSON.parse(reply.slice(reply.indexOf('\r\n\r\n') + 4));
  };
  const plain = await serve(t, routes);
  t.same(await ask(plain, '/a'), { peer: '127.0.0.1', headers: { 'x-kept': 'yes' } });
  t.same((await ask(plain, '/all')).headers, { host: 'test', 'x-kept': 'yes', cookie: 'a=1; b=2' });
  const behind = await serve(t, routes, { trustedProxies: ['127.0.0.0/8', '203.0.113.0/24'] });
  const seen = await ask(behind, '/a', ['X-Forwarded-For: 198.51.100.7, 203.0.113.10']);
  t.equal(seen.peer, '198.51.100.7', 'a proxy that adds a header line counts last');
  t.equal(seen.headers['x-forwarded-host'], 'evil.example', 'a trusted proxy is believed');
  t.match((await ask(behind, '/all')).headers, { 'x-forwarded-proto': 'https' });
});

t.test('a walk along forwarded addresses stops at what is none', async (t) => {
  const trusted = compileAddressList(['10.0.0.0/8', '2001:db8::/32']);
  const cases: [string, string, string][] = [
    ['10.0.0.1', '', '10.0.0.1'],
    ['10.0.0.1', '1.2.3.4', '1.2.3.4'],
    ['9.9.9.9', '1.2.3.4', '9.9.9.9'],
    ['10.0.0.1', '1.2.3.4,10.0.0.2', '1.2.3.4'],
    ['10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['10.0.0.1', '1.2.3.4, unknown', '10.0.0.1'],
    ['10.0.0.1', '1.2.3.4, unknown, 10.0.0.2', '10.0.0.2'],
    ['10.0.0.1', '1.2.3.4:5678', '1.2.3.4'],
    ['10.0.0.1', '[2001:DB9:0::1]:443', '2001:db9::1'],
    ['10.0.0.1', '::ffff:1.2.3.4', '1.2.3.4'],
    ['2001:db8::5', '1.2.3.4', '1.2.3.4'],
    ['10.0.0.1', '010.1.1.1', '10.0.0.1'],
    ['10.0.0.1', '16909060', '10.0.0.1'],
    ['10.0.0.1', '1.2.3', '10.0.0.1'],
    ['10.0.0.1', '1.2.3.4 ; x', '10.0.0.1'],
    ['10.0.0.1', ',', '10.0.0.1'],
  ];
  for (const [peer, header, client] of cases) {
    t.equal(forwardedPeer(peer, header, trusted), client, `${peer} | ${header}`);
  }
});

t.test('whatever stands in a forwarded header, a peer is an address', async (t) => {
  const trusted = compileAddressList(['10.0.0.0/8']);
  const word = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string(), fc.constant('10.0.0.9'));
  const property = fc.property(fc.array(word), (words) => {
    const client = forwardedPeer('10.0.0.1', words.join(','), trusted);
    return /^[0-9.]+$|^[0-9a-f:.]+$/.test(client);
  });
  fc.assert(property, { numRuns: 500 });
  t.pass('500 headers');
});

t.test('address lists take addresses and networks of both kinds', async (t) => {
  const list = compileAddressList([
    '127.0.0.1',
    '10.0.0.0/8',
    '::1',
    '2001:db8::/32',
    '::ffff:192.0.2.0/120',
  ]);
  for (const inside of ['127.0.0.1', '10.255.0.1', '::1', '2001:db8:1::', '192.0.2.77']) {
    t.equal(list(inside), true, inside);
    t.equal(list(inside), true, `${inside}, asked again`);
  }
  for (const outside of ['127.0.0.2', '11.0.0.1', '::2', '192.0.3.1', '', 'localhost', '10.0.0']) {
    t.equal(list(outside), false, outside);
  }
  const all = compileAddressList(['0.0.0.0/0']);
  t.equal(all('8.8.8.8'), true);
  t.equal(all('2001:db8::'), false);
  for (let at = 0; at < 10_000; at += 1) list(`11.0.${at >> 8}.${at & 255}`);
  t.equal(list('10.0.0.1'), true, 'after more addresses than are remembered');
  for (const bad of [
    'localhost',
    '10.0.0.0/33',
    '10.0.0',
    '10.0.0.0/',
    '::1/129',
    '',
    '010.0.0.1',
  ]) {
    t.throws(() => compileAddressList([bad]), { message: new RegExp(`^"${bad}" is neither`) });
  }
  await t.rejects(startHttpServer({ ...serverOptions([]), trustedProxies: ['proxy'] }), {
    message: /"proxy" is neither an address nor a CIDR/,
  });
});

t.test('a binary address has one text', async (t) => {
  const text = (...bytes: number[]) => addressText(new Uint8Array(bytes).buffer);
  const mapped = [...Array.from({ length: 10 }, () => 0), 255, 255];
  t.equal(text(127, 0, 0, 1), '127.0.0.1');
  t.equal(text(...mapped, 192, 0, 2, 1), '192.0.2.1');
  t.equal(text(...Array.from({ length: 15 }, () => 0), 1), '::1');
  t.equal(text(), '');
  const server = await serve(t, [route('GET', '/', ({ peer }) => ({ status: 200, body: peer }))], {
    host: '::1',
  });
  t.match(server.address, /^http:\/\/\[::1\]:\d+$/);
  t.equal(await (await fetch(server.address)).text(), '::1');
});
