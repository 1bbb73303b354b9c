/** Who may log in: revoked users, those who revoke, and activation by mail. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import t from 'tap';
import { issueMpinId } from '../../src/protocol/mpin-id.js';
import { authenticate, formTokenOf, logIn, postForm, protectedPage, startDemo } from './harness.js';

const ADMIN = 'admin@example.com';
const USER = 'u/ü&<b>@example.com';
const TOKEN = 'correct-horse-battery-staple-0123';
const demo = await startDemo();
const { rps, links, another } = demo;
const folder = mkdtempSync(join(tmpdir(), 'mpin-rpa-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

const registration = (userId: string) => ({
  mpinId: issueMpinId(userId, 0, demo.nowMs),
  userId,
  expireTime: '2023-11-14T23:13:20Z',
  activateKey: 'cd'.repeat(32),
  mobile: 1,
});

function register(userId: string, at: { address: string }): Promise<Response> {
  const body = JSON.stringify(registration(userId));
  return fetch(`${at.address}/mpinVerify`, { method: 'POST', body });
}

t.test('programs revoke and permit users with the admin token', async (t) => {
  const rpa = await another({ adminToken: TOKEN });
  t.teardown(() => rpa.stop());
  const one = `${rpa.address}/admin/revoked/${encodeURIComponent(USER)}`;
  const api = (method: string, url: string, token = TOKEN) =>
    fetch(url, { method, headers: { authorization: `Bearer ${token}` } });
  for (const token of ['', 'x', `${TOKEN}x`]) {
    const refused = await api('PUT', one, token);
    t.equal(refused.status, 401);
    t.equal(refused.headers.get('www-authenticate'), 'Bearer');
  }
  t.equal((await fetch(`${rpa.address}/admin/revoked`)).status, 401);

  const { cookie } = await logIn(demo, rpa, USER);
  const bystander = await logIn(demo, rpa, 'other');
  t.same(await (await api('PUT', one)).json(), { userId: USER, revoked: true });
  t.same(await (await api('GET', `${rpa.address}/admin/revoked`)).json(), { revoked: [USER] });
  t.equal((await protectedPage(cookie, rpa)).status, 302, 'logged out at once');
  t.equal((await protectedPage(bystander.cookie, rpa)).status, 200);
  t.equal((await register(USER, rpa)).status, 403);
  const permit = `${rpa.address}/mpinPermitUser?mpin_id=${registration(USER).mpinId}`;
  t.equal((await fetch(permit)).status, 403, 'no more time permits');

  rps.seen.length = 0;
  t.equal((await logIn(demo, rpa, USER)).status, 403, 'even with a permit of before');
  const [, result] = rps.seen;
  t.match(JSON.parse(result?.body ?? ''), { status: 403 }, 'a phone that waits is told');

  t.same(await (await api('DELETE', one)).json(), { userId: USER, revoked: false });
  t.equal((await fetch(permit)).status, 200);
  t.equal((await logIn(demo, rpa, USER)).status, 200);
  for (const bad of ['', 'mpin_id=', 'mpin_id=zz', 'mpin_id=7b7d']) {
    t.equal((await fetch(`${rpa.address}/mpinPermitUser?${bad}`)).status, 400, bad);
  }
  const none = await another({});
  t.teardown(() => none.stop());
  t.equal((await api('GET', `${none.address}/admin/revoked`, '')).status, 404);
});

t.test('people named as administrators revoke and permit on a page', async (t) => {
  const rpa = await another({
    forceActivate: 'false',
    showActivationLinks: 'true',
    adminUsers: `someone@example.com,${ADMIN}`,
  });
  t.teardown(() => rpa.stop());
  const url = `${rpa.address}/admin`;
  const admin = await logIn(demo, rpa, ADMIN);
  const user = await logIn(demo, rpa, USER);
  t.match(await (await protectedPage(admin.cookie, rpa)).text(), 'href="/admin"');
  t.notMatch(await (await protectedPage(user.cookie, rpa)).text(), 'href="/admin"');
  t.equal((await fetch(url)).status, 403);
  t.equal((await fetch(url, { headers: { cookie: user.cookie } })).status, 403);

  const show = () => fetch(url, { headers: { cookie: admin.cookie } });
  const token = await formTokenOf(await show());
  const change = (fields: Record<string, string>) =>
    postForm(url, fields, { cookie: admin.cookie });
  t.equal((await change({ revoke: USER })).status, 403, 'only a form of ours');
  const foreign = await formTokenOf(await protectedPage(user.cookie, rpa));
  t.equal((await change({ revoke: USER, token: foreign })).status, 403);
  t.equal((await change({ revoke: '', token })).status, 400);
  t.equal((await protectedPage(user.cookie, rpa)).status, 200);

  t.equal((await change({ revoke: USER, token })).status, 303);
  t.equal((await protectedPage(user.cookie, rpa)).status, 302);
  t.match(await (await show()).text(), 'u/ü&amp;&lt;b&gt;@example.com');
  await change({ permit: USER, token });
  t.match(await (await show()).text(), 'Nobody');
  t.equal((await logIn(demo, rpa, USER)).status, 200);
});

t.test('who is revoked stays so over a restart, and a broken file lets nobody in', async (t) => {
  const revokedFile = join(folder, 'revoked.json');
  const flags = { adminToken: TOKEN, revokedFile };
  const headers = { authorization: `Bearer ${TOKEN}` };
  const first = await another(flags);
  await fetch(`${first.address}/admin/revoked/a`, { method: 'PUT', headers });
  await fetch(`${first.address}/admin/revoked/b`, { method: 'PUT', headers });
  await fetch(`${first.address}/admin/revoked/a`, { method: 'DELETE', headers });
  await first.stop();
  t.same(readdirSync(folder), ['revoked.json'], 'no drafts are left');
  t.equal(statSync(revokedFile).mode & 0o777, 0o600);
  const second = await another(flags);
  t.teardown(() => second.stop());
  t.same(await (await fetch(`${second.address}/admin/revoked`, { headers })).json(), {
    revoked: ['b'],
  });
  for (const broken of ['', '{"revoked":"b"}', readFileSync(revokedFile, 'utf8').slice(0, 9)]) {
    writeFileSync(revokedFile, broken);
    await t.rejects(another(flags), /revoked\.json is not a file of revoked users/);
  }
});

interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly text: string;
  readonly secure: boolean;
}

/** A mail server that keeps what it gets, and does not know nobody@example.com. */
async function mailServer(options: SMTPServerOptions = {}) {
  const mails: Mail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disableReverseLookup: true,
    onAuth: ({ username, password }, _session, done) =>
      username === 'me' && password === 'secret'
        ? done(null, { user: 'me' })
        : done(new Error('no')),
    onRcptTo: ({ address }, _session, done) =>
      address.startsWith('nobody@')
        ? done(Object.assign(new Error('no such user'), { responseCode: 550 }))
        : done(),
    onData: async (stream, { envelope, secure }, done) => {
      let text = '';
      for await (const chunk of stream) text += chunk;
      const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
      mails.push({ from, to: envelope.rcptTo.map(({ address }) => address), text, secure });
      done();
    },
    ...options,
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  // A TLS handshake that the client breaks off is an error here, and expected.
  server.on('error', () => undefined);
  const { port } = server.server.address() as AddressInfo;
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  const flags = {
    forceActivate: 'false',
    baseURL: 'https://pin.example',
    emailSender: 'Fish & Chips <pin@example.com>',
    smtpServer: '127.0.0.1',
    smtpPort: String(port),
  };
  return { mails, flags, close };
}

/** The parts of a mail as people read them. */
function decoded({ text }: Mail): string {
  return text
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

t.test(
  'an activation link goes by mail to its person alone, and its button activates',
  async (t) => {
    const { mails, flags, close } = await mailServer();
    const rpa = await another({ ...flags, emailSubject: 'Prüfung', brandName: 'Fish & Chips' });
    t.teardown(() => rpa.stop().then(close));
    const reply = await register('u@example.com', rpa);
    t.same(await reply.json(), { forceActivate: false });
    t.equal(links.length, 0, 'nothing is printed');
    const [mail] = mails;
    t.match(mail, { from: 'pin@example.com', to: ['u@example.com'], secure: true });
    const text = mail === undefined ? '' : decoded(mail);
    t.match(text, /^To: u@example\.com\r$/m);
    t.match(mail?.text, /^Subject: =\?UTF-8\?Q\?Pr=C3=BCfung\?=\r$/m);
    t.match(text, 'log in to Fish & Chips as u@example.com with a mobile');
    t.match(text, 'log in to Fish &amp; Chips as');
    t.match(text, 'good until 2023-11-14 23:13 (UTC)');
    const link = new URL(/^https:\/\/pin\.example\/mpinActivate\?\S+/m.exec(text)?.[0] ?? '');
    t.match(text, `<a href="${link.href.replaceAll('&', '&amp;')}">`);

    const page = await fetch(rpa.address + link.pathname + link.search);
    const hidden = [...(await page.text()).matchAll(/name="(\w)" value="([^"]*)"/g)];
    const form = Object.fromEntries(hidden.map(([, name, value]) => [name, value]));
    const { status } = await postForm(rpa.address + link.pathname, form);
    t.equal(status, 200);
    const sent = registration('u@example.com').activateKey;
    t.same(JSON.parse(rps.seen[0]?.body ?? ''), { activateKey: sent });
  },
);

t.test('only an address is written to, once, and not too often', async (t) => {
  const { mails, flags, close } = await mailServer();
  const rpa = await another(flags);
  t.teardown(() => rpa.stop().then(close));
  const names = [
    'u',
    'a@b@c',
    'a@example.com,b@example.com',
    'a@example.com\r\nBcc: b@example.com',
    'x <a@example.com>',
    `${'a'.repeat(250)}@example.com`,
    '@example.com',
  ];
  for (const name of names) t.equal((await register(name, rpa)).status, 400, name);
  t.equal((await register('nobody@example.com', rpa)).status, 400, 'the mail server says so');
  t.equal(mails.length, 0);
  for (let count = 0; count < 5; count++) {
    t.equal((await register('U@example.com', rpa)).status, 200);
  }
  t.equal((await register('u@example.com', rpa)).status, 429);
  t.equal((await register('v@example.com', rpa)).status, 200, 'others are not held up');
  demo.nowMs += 3_600_000;
  t.equal((await register('u@example.com', rpa)).status, 200, 'an hour later');
  t.equal(mails.length, 7);
});

t.test('a mail server that is not there, not trusted or not content gives 502', async (t) => {
  const { mails, flags, close } = await mailServer();
  const plain = await mailServer({ disabledCommands: ['STARTTLS'] });
  const cases: [Record<string, string>, string][] = [
    [{ smtpPort: '1' }, 'not there'],
    [{ smtpUseTLS: 'true' }, 'its certificate is not one to trust'],
    [{ smtpUseTLS: 'true', smtpPort: plain.flags.smtpPort }, 'it offers no TLS'],
    [{ smtpUser: 'me', smtpPassword: 'secret' }, 'a password is for a trusted server only'],
  ];
  for (const [more, why] of cases) {
    const rpa = await another({ ...flags, ...more });
    t.equal((await register('u@example.com', rpa)).status, 502, why);
    await rpa.stop();
  }
  t.equal(mails.length + plain.mails.length, 0);
  const known = await another({ ...plain.flags, smtpUser: 'me', smtpPassword: 'secret' });
  t.equal((await register('u@example.com', known)).status, 502, 'nor for a wire anyone can read');
  await known.stop();
  await Promise.all([close(), plain.close()]);
});

t.test('a login is answered while mails wait for their server', async (t) => {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { flags, close } = await mailServer({
    onMailFrom: (_address, _session, done) => void held.then(() => done()),
  });
  const rpa = await another(flags);
  t.teardown(() => rpa.stop().then(close));
  const waiting = register('u@example.com', rpa);
  rps.reply = () => ({ status: 200, body: '{"userId":"u"}' });
  t.equal((await authenticate(rpa)).status, 200);
  release();
  t.equal((await waiting).status, 200);
});
