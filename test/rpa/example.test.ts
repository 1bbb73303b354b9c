/** The relying party to copy: README shows it, and people log in through it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { openDataFolder } from '../../src/cli/up-data.js';
import { createClient } from '../../src/client/client.js';
import { nativeCrypto } from '../../src/client/crypto-native.js';
import { folderStorage } from '../../src/client/folder-storage.js';
import { fetchTransport, type Transport } from '../../src/client/transport.js';
import { ensureBuilt, freePorts, ROOT, type Run, startMpin, until } from '../e2e/program.js';

const EXAMPLE = 'examples/fastify.mjs';
const USER = 'you@example.com';
const LINES_MAX = 100;

/** Four starts of Node, and a compiler where nothing is built yet. */
t.setTimeout(180_000);

t.test('README quotes the example as it is', async (t) => {
  const code = readFileSync(join(ROOT, EXAMPLE), 'utf8');
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  t.ok(readme.includes(`\n\`\`\`js\n${code}\`\`\`\n`), 'word for word');
  t.ok(code.trimEnd().split('\n').length < LINES_MAX);
});

interface System {
  readonly url: string;
  readonly callbacks: string;
  readonly rps: string;
}

const folder = mkdtempSync(join(tmpdir(), 'mpin-example-'));
const runs: Run[] = [];
let example: ChildProcess | undefined;

t.teardown(async () => {
  const exampleEnded = new Promise((resolve) =>
    example === undefined ? resolve(undefined) : example.once('close', resolve),
  );
  example?.kill('SIGTERM');
  for (const { child } of runs) child.kill('SIGTERM');
  await Promise.all([exampleEnded, ...runs.map(({ ended }) => ended)]);
  rmSync(folder, { recursive: true, force: true });
});

/** The authorities and the RPS from the program, the application from the example. */
async function startSystem(): Promise<System> {
  await ensureBuilt();
  const [app, callback, rps, dta, hosted, hostedDta] = await freePorts(6);
  const at = (port: number | undefined) => `http://127.0.0.1:${port}`;
  const data = openDataFolder(join(folder, 'data'), `${at(hosted)}/`);
  const start = (role: string, flags: Record<string, string | number | undefined>) =>
    runs.push(
      startMpin([role, ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`)], {
        cwd: folder,
      }),
    );
  const authority = { credentialsFile: data.credentials, passphraseFile: data.passphrase };
  start('dta', { ...authority, syncTime: 'false', port: dta, backup_file: data.dtaBackup });
  start('hosted', {
    ...authority,
    port: hosted,
    dtaPort: hostedDta,
    backup_file: data.hostedBackup,
    apiUrl: `${at(hosted)}/`,
  });
  start('rps', {
    credentialsFile: data.credentials,
    syncTime: 'false',
    port: rps,
    DTALocalURL: at(dta),
    rpsBaseURL: at(app),
    RPAVerifyUserURL: `${at(callback)}/mpinVerify`,
    RPAPermitUserURL: `${at(callback)}/mpinPermitUser`,
    RPAAuthenticateUserURL: `${at(app)}/mpinAuthenticate`,
    trustedProxies: '127.0.0.1',
  });
  const flags = [`--rps=${at(rps)}`, `--url=${at(app)}`, `--port=${app}`];
  example = spawn(
    process.execPath,
    [join(ROOT, EXAMPLE), ...flags, `--callback-port=${callback}`],
    { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] },
  );
  const answers = async (url: string) => (await fetch(url).catch(() => undefined))?.status === 200;
  const said = () => runs.map(({ stderr }) => stderr()).join('');
  await until('the RPS', () => answers(`${at(rps)}/health/ready`), said);
  await until('the example', () => answers(`${at(app)}/rps/clientSettings`), said);
  return { url: at(app), callbacks: at(callback), rps: at(rps) };
}

/** Logs in with the client of the command line; gives the cookie of each attempt. */
function clientOf(url: string) {
  const cookies: (string | null)[] = [];
  const transport = fetchTransport(() => {
    throw new Error('no WebSocket is asked for');
  });
  const watching: Transport = {
    ...transport,
    request: async (request) => {
      if (!request.url.endsWith('/mpinAuthenticate')) return transport.request(request);
      const headers = {
        'content-type': 'application/json',
        cookie: cookies.at(-1)?.split(';')[0] ?? '',
      };
      const body = JSON.stringify(request.body);
      const reply = await fetch(request.url, { method: 'POST', headers, body });
      cookies.push(reply.headers.get('set-cookie'));
      return { status: reply.status, text: await reply.text() };
    },
  };
  const storage = folderStorage(join(folder, 'client'));
  const client = createClient({ baseUrl: url, transport: watching, crypto: nativeCrypto, storage });
  return { client, cookies };
}

t.test('the example registers people, logs them in with their PIN and out again', async (t) => {
  const { url, callbacks, rps } = await startSystem();
  const { client, cookies } = clientOf(url);
  const home = async (cookie = '') => {
    const reply = await fetch(`${url}/`, { headers: { cookie: cookie.split(';')[0] ?? '' } });
    return reply.text();
  };
  await client.register({ userId: USER, pin: '1234' });
  await t.rejects(client.login({ userId: USER, pin: '4321' }), { code: 'wrong-pin' });
  t.same(cookies, [null], 'a wrong PIN begins no session');
  t.match(await client.login({ userId: USER, pin: '1234' }), { userId: USER });
  const [, first = ''] = cookies;
  t.match(first, /^session=[0-9a-f]{64}; Max-Age=3600; Path=\/; HttpOnly; SameSite=Lax$/);
  t.match(await home(first ?? ''), USER);
  t.notMatch(await home(), USER);

  await client.login({ userId: USER, pin: '1234' });
  const second = cookies.at(-1) ?? '';
  t.not(second, first, 'rotated');
  t.notMatch(await home(first ?? ''), USER, 'the old name is worth nothing');
  const headers = {
    cookie: second.split(';')[0] ?? '',
    'content-type': 'application/x-www-form-urlencoded',
  };
  const out = await fetch(`${url}/logout`, { method: 'POST', headers, redirect: 'manual' });
  t.equal(out.status, 303);
  t.notMatch(await home(second), USER);

  t.comment('of the RPS only what is public can be reached');
  const status = async (path: string, init: RequestInit = {}, base = url) =>
    (await fetch(base + path, { method: 'POST', ...init })).status;
  t.equal(await status('/rps/%2e%2e/authenticate', { body: '{}' }), 404);
  t.equal(await status('/authenticate', { body: '{}' }, rps), 400, 'which is there');
  t.equal(await status('/authenticate', { body: '{}' }), 404);
  t.equal(await status('/mpinVerify', { body: '{}' }), 404, 'callbacks are elsewhere');
  t.equal((await fetch(`${callbacks}/rps/clientSettings`)).status, 404);

  t.comment('forms of other sites, and what is no login');
  const json = { 'content-type': 'application/json' };
  const login = JSON.stringify({ mpinResponse: { authOTT: 'ab'.repeat(16) } });
  t.equal(await status('/mpinAuthenticate', { body: login, headers: json }), 408);
  for (const body of ['', '{', '{}', '{"mpinResponse":{}}', '[]']) {
    t.equal(await status('/mpinAuthenticate', { body, headers: json }), 400, body);
  }
  t.equal(await status('/mpinAuthenticate', { body: login }), 400, 'text is not taken for JSON');
});
