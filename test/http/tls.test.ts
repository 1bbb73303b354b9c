/** TLS by the server itself, with real handshakes: versions, renewal, client certificates. */
import { readFileSync } from 'node:fs';
import { Agent as HttpsAgent, type RequestOptions, request } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import t from 'tap';
import { WebSocket } from 'ws';
import type { HttpServerOptions } from '../../src/http/server.js';
import { readTls, TLS_CIPHERS } from '../../src/http/tls.js';
import { CertificateFolder } from './certificates.js';
import { raw, route, serve, type TestServer } from './harness.js';

interface Seen {
  readonly status: number;
  readonly body: string;
  /** Common name of the server's certificate. */
  readonly name: string;
  readonly protocol: string;
  readonly cipher: string;
}

/** One request; an error's code or message when there was no answer. */
function ask(
  server: TestServer,
  path: string,
  options: RequestOptions = {},
): Promise<Seen | string> {
  return new Promise((resolve) => {
    const { host, port } = server;
    const given = { host, port, path, rejectUnauthorized: false, agent: false as const };
    const sent = request({ ...given, ...options }, (reply) => {
      const socket = reply.socket as TLSSocket;
      const name = socket.getPeerCertificate().subject.CN as string;
      const [protocol, cipher] = [socket.getProtocol() ?? '', socket.getCipher().name];
      let body = '';
      reply.on('data', (chunk) => {
        body += chunk;
      });
      reply.on('end', () => {
        resolve({ status: reply.statusCode ?? 0, body, name, protocol, cipher });
      });
    });
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    sent.end();
  });
}

const ROUTES = [
  route('GET', '/a', ({ peer }) => ({ status: 200, body: peer })),
  route('GET', '/private', () => ({ status: 200, body: 'private' }), { access: 'private' }),
  route('GET', '/probe', () => ({ status: 200, body: 'probe' }), {
    access: 'private',
    forProbes: true,
  }),
];

const start = (t: Parameters<typeof serve>[0], more: Partial<HttpServerOptions>) =>
  serve(t, ROUTES, more);

t.test('nothing older than TLS 1.2 is spoken, and no suite without forward secrecy', async (t) => {
  const folder = new CertificateFolder(t);
  const server = await start(t, { tls: folder.selfSigned('one') });
  t.match(server.address, /^https:\/\/127\.0\.0\.1:\d+$/);
  const speak = (version: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3', ciphers: string) =>
    ask(server, '/a', { minVersion: version, maxVersion: version, ciphers });
  const anything = 'ALL:@SECLEVEL=0';
  t.equal(await speak('TLSv1', anything), 'EPROTO');
  t.equal(await speak('TLSv1.1', anything), 'EPROTO');
  const first = { status: 200, body: '127.0.0.1', name: 'one' };
  t.match(await speak('TLSv1.2', anything), {
    ...first,
    protocol: 'TLSv1.2',
    cipher: /GCM|CHACHA/,
  });
  t.match(await speak('TLSv1.3', anything), { ...first, protocol: 'TLSv1.3' });
  for (const weak of ['AES128-GCM-SHA256', 'AES128-SHA', 'ECDHE-ECDSA-AES128-SHA']) {
    t.equal(await speak('TLSv1.2', `${weak}:@SECLEVEL=0`), 'EPROTO', weak);
  }
  for (const strong of TLS_CIPHERS.split(':').filter((name) => name.includes('ECDSA'))) {
    t.match(await speak('TLSv1.2', strong), { cipher: strong });
  }
});

t.test(
  'a renewed certificate is in use at once, and no connection is dropped for it',
  async (t) => {
    const folder = new CertificateFolder(t);
    const [tls, renewed] = [folder.selfSigned('one'), folder.selfSigned('two')];
    const session = { message: () => {}, closed: () => {} };
    const sockets = [
      {
        path: '/ws',
        frameBytesMax: 100,
        idleSeconds: 20,
        open: (socket: { sendText(text: string): void }) => ({
          ...session,
          message: (text: string) => socket.sendText(text),
        }),
      },
    ];
    const server = await start(t, { tls, sockets });
    const agent = new HttpsAgent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
    t.teardown(() => agent.destroy());
    t.match(await ask(server, '/a', { agent }), { name: 'one' });
    const url = `${server.address.replace('https', 'wss')}/ws`;
    const ws = new WebSocket(url, { rejectUnauthorized: false });
    await new Promise((resolve) => ws.once('open', resolve));

    // Others come and go all the while: none of them may notice.
    let stop = false;
    const faults: unknown[] = [];
    let answered = 0;
    const visitor = async () => {
      while (!stop) {
        const seen = await ask(server, '/a');
        if (typeof seen === 'string' || seen.status !== 200) faults.push(seen);
        answered += 1;
      }
    };
    const visitors = [visitor(), visitor()];
    for (let round = 0; round < 6; round += 1) {
      const before = answered;
      folder.replace(tls, round % 2 === 0 ? renewed : folder.selfSigned('other'));
      server.renewCertificates();
      while (answered < before + 10) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    stop = true;
    await Promise.all(visitors);
    t.same(faults, []);
    t.match(await ask(server, '/a'), { name: 'other', status: 200 });
    const withName = { servername: 'localhost' };
    t.match(await ask(server, '/a', withName), { name: 'other' }, 'with a server name too');
    t.match(await ask(server, '/a', { agent }), { name: 'one' }, 'the old connection still serves');
    const echoed = new Promise((resolve) => ws.once('message', (data) => resolve(String(data))));
    ws.send('still here');
    t.equal(await echoed, 'still here', 'and the old WebSocket');
    t.equal(server.stats().sockets, 1);
    ws.terminate();
    t.equal(server.logged().match(/new certificate in use/g)?.length, 6);
  },
);

t.test('certificate files are looked at from time to time', async (t) => {
  const folder = new CertificateFolder(t);
  const tls = folder.selfSigned('one');
  const server = await start(t, { tls, limits: { certificateSeconds: 0.05 } });
  t.equal(server.stats().certificateEndsAtMs, readTls(tls).endsAtMs);
  folder.replace(tls, folder.selfSigned('two'));
  let seen = await ask(server, '/a');
  while (typeof seen !== 'string' && seen.name === 'one') seen = await ask(server, '/a');
  t.match(seen, { name: 'two' });
});

t.test('half of a renewal, or nonsense, changes nothing and is told', async (t) => {
  const folder = new CertificateFolder(t);
  const tls = folder.selfSigned('one');
  const [certificate, key] = [folder.read('one.pem'), folder.read('one.key')];
  const server = await start(t, { tls });
  const other = folder.selfSigned('two');
  const cases: readonly [string, string, RegExp][] = [
    [readFileSync(other.certFile, 'utf8'), key, /not the key of the certificate/],
    ['', key, /no certificate in PEM/],
    [
      certificate,
      '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n',
      /no private key/,
    ],
  ];
  for (const [newCertificate, newKey, reason] of cases) {
    folder.write('one.pem', newCertificate);
    folder.write('one.key', newKey);
    server.renewCertificates();
    t.match(server.logged(), reason);
    t.match(await ask(server, '/a'), { name: 'one', status: 200 });
  }
  t.notMatch(server.logged(), /AAAA/, 'a key is in no log');
  folder.replace(tls, other);
  server.renewCertificates();
  t.match(await ask(server, '/a'), { name: 'two' });
});

t.test('files that cannot be used end the start, and are named', async (t) => {
  const folder = new CertificateFolder(t);
  const [one, two] = [folder.selfSigned('one'), folder.selfSigned('two')];
  await t.rejects(start(t, { tls: { ...one, keyFile: two.keyFile } }), /two\.key: not the key/);
  await t.rejects(start(t, { tls: { ...one, certFile: '/nowhere.pem' } }), /nowhere\.pem/);
  await t.rejects(start(t, { tls: { ...one, keyFile: one.certFile } }), /one\.pem: no private key/);
  const clientCaFile = folder.write('ca.pem', 'nothing');
  await t.rejects(start(t, { tls: { ...one, clientCaFile } }), /ca\.pem: no certificate/);
});

t.test(
  'with mutual TLS private routes want a certificate of the authority, and know it',
  async (t) => {
    const folder = new CertificateFolder(t);
    const authority = folder.selfSigned('authority');
    const foreign = folder.selfSigned('foreign');
    const client = folder.issued('rpa', 'authority');
    const stranger = folder.issued('stranger', 'foreign');
    const tls = { ...folder.selfSigned('one'), clientCaFile: authority.certFile };
    const server = await start(t, { tls });
    const showing = ({ certFile, keyFile }: typeof client, more: RequestOptions = {}) =>
      ask(server, '/private', {
        cert: readFileSync(certFile),
        key: readFileSync(keyFile),
        ...more,
      });
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const only = { minVersion: version, maxVersion: version };
      t.match(await showing(client, only), { status: 200, body: 'private', protocol: version });
      t.match(
        await ask(server, '/private', only),
        { status: 403, protocol: version },
        'without one',
      );
      t.type(await showing(stranger, only), 'string', 'of another authority: no connection at all');
      t.type(await showing(foreign, only), 'string', 'its own authority');
    }
    const expired = folder.issued('expired', 'authority', 0);
    t.type(await showing(expired), 'string', 'one that has ended');
    t.match(await ask(server, '/a'), { status: 200 }, 'public routes need none');
    t.match(await ask(server, '/probe'), { status: 200 }, 'probes neither');
    t.match(
      await showing(client, { headers: { 'x-forwarded-for': '192.0.2.1' } }),
      { status: 200 },
      'a forwarded address of nobody trusted is not looked at',
    );
  },
);

t.test(
  'a session that was begun with a certificate is resumed with it, and only such',
  async (t) => {
    const folder = new CertificateFolder(t);
    const authority = folder.selfSigned('authority');
    const { certFile, keyFile } = folder.issued('rpa', 'authority');
    const tls = { ...folder.selfSigned('one'), clientCaFile: authority.certFile };
    const { host, port } = await start(t, { tls });
    const credentials = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
    const exchange = (more: object) =>
      new Promise<{ text: string; session: Buffer | undefined; resumed: boolean }>((resolve) => {
        const socket = connect({ host, port, rejectUnauthorized: false, ...more }, () => {
          socket.write('GET /private HTTP/1.1\r\nHost: x\r\n\r\n');
        });
        let session: Buffer | undefined;
        let text = '';
        socket.on('session', (given) => {
          session = given;
        });
        socket.on('data', (chunk) => {
          text += chunk;
          if (!/\r\n\r\n./.test(text)) return;
          const resumed = socket.isSessionReused();
          socket.destroy();
          resolve({ text, session, resumed });
        });
      });
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const only = { minVersion: version, maxVersion: version };
      const shown = await exchange({ ...only, ...credentials });
      t.match(shown.text, /^HTTP\/1\.1 200/, version);
      const again = await exchange({ ...only, session: shown.session });
      t.match(again, { text: /^HTTP\/1\.1 200/, resumed: true }, `${version} resumed`);
      const bare = await exchange(only);
      t.match(bare.text, /^HTTP\/1\.1 403/);
      const still = await exchange({ ...only, session: bare.session });
      t.match(still, { text: /^HTTP\/1\.1 403/, resumed: true }, 'nobody is promoted by resuming');
    }
  },
);

t.test(
  'a plain request to a TLS port gets no answer, and too many connections none either',
  async (t) => {
    const folder = new CertificateFolder(t);
    const server = await start(t, { tls: folder.selfSigned('one'), limits: { connections: 1 } });
    t.equal(await raw(server, 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n').closed, '');
    const { host, port } = server;
    const held = connect({ host, port, rejectUnauthorized: false });
    await new Promise((resolve) => held.once('secureConnect', resolve));
    t.type(await ask(server, '/a'), 'string');
    t.equal(server.stats().refused.connections, 1);
    held.destroy();
    while (server.stats().connections > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    t.match(await ask(server, '/a'), { status: 200 });
  },
);

t.test('a stop lets requests of all certificates there were end', async (t) => {
  const folder = new CertificateFolder(t);
  const tls = folder.selfSigned('one');
  const release: (() => void)[] = [];
  const slow = route('GET', '/slow', async () => {
    await new Promise<void>((resolve) => release.push(resolve));
    return { status: 200, body: 'done' };
  });
  const server = await serve(t, [slow], { tls });
  const older = ask(server, '/slow');
  while (release.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
  folder.replace(tls, folder.selfSigned('two'));
  server.renewCertificates();
  const newer = ask(server, '/slow');
  while (release.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  const stopped = server.stop(5_000);
  t.equal(await ask(server, '/slow'), 'ECONNREFUSED');
  for (const go of release) go();
  t.match(await older, { name: 'one', body: 'done' });
  t.match(await newer, { name: 'two', body: 'done' });
  await stopped;
});
