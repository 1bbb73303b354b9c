/** The RPS among the real trusted authorities, with everything over HTTP as in deployment. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import t from 'tap';
import { credentialsJson, issueCredentials } from '../../src/config/credentials.js';
import { dtaOptions } from '../../src/config/dta.js';
import { hostedOptions } from '../../src/config/hosted.js';
import { loadOptions } from '../../src/config/load.js';
import { rpsOptions } from '../../src/config/rps.js';
import { addG1, clientPass1, clientPass2, extractPin } from '../../src/crypto/index.js';
import type { RunningRole } from '../../src/ops/role.js';
import { systemClock } from '../../src/protocol/clock.js';
import { startRps } from '../../src/rps/rps.js';
import { startDta } from '../../src/ta/dta.js';
import { startHosted } from '../../src/ta/hosted.js';
import { FakeRpa } from './neighbours.js';

type Fields = Record<string, string>;

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytesOf = (hex: string | undefined): Buffer => Buffer.from(`${hex}`, 'hex');

async function ask(url: string, method = 'GET', body?: unknown): Promise<Fields> {
  const reply = await fetch(url, body === undefined ? { method } : send(method, body));
  return (await reply.json()) as Fields;
}

const send = (method: string, body: unknown): RequestInit => ({
  method,
  body: JSON.stringify(body),
});

async function startAll(
  folder: string,
  rpa: FakeRpa,
): Promise<{ rps: string; roles: RunningRole[] }> {
  const context = { log: pino({ level: 'silent' }), clock: systemClock() };
  const load = <T extends Parameters<typeof loadOptions>[0]>(table: T, flags: object) =>
    loadOptions(table, { env: {}, flags: { ...flags } });
  const credentialsFile = join(folder, 'credentials.json');
  const issued = issueCredentials('http://127.0.0.1/');
  await writeFile(credentialsFile, credentialsJson(issued));
  const keys = { port: 0, credentialsFile, passphrase: 'a test passphrase' };
  const dta = await startDta(
    load(dtaOptions, { ...keys, backup_file: join(folder, 'local.json') }),
    context,
  );
  const hosted = await startHosted(
    load(hostedOptions, {
      ...keys,
      dtaPort: 0,
      backup_file: join(folder, 'hosted.json'),
      permitsFolder: join(folder, 'permits'),
      permitsIdentitiesFolder: join(folder, 'permit-identities'),
    }),
    context,
  );
  await writeFile(credentialsFile, credentialsJson({ ...issued, apiUrl: hosted.apiUrl }));
  const options = load(rpsOptions, {
    port: 0,
    credentialsFile,
    cryptoThreads: 1,
    DTALocalURL: dta.address,
    RPAVerifyUserURL: `${rpa.address}/verify`,
  });
  const rps = await startRps(options, context);
  await rps.ready;
  return { rps: `${rps.address}`, roles: [rps, hosted, dta] };
}

t.test('a person registers and logs in with shares of both real authorities', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'mpin-rps-real-'));
  const rpa = new FakeRpa();
  await rpa.start();
  const { rps, roles } = await startAll(folder, rpa);
  t.teardown(async () => {
    for (const role of roles) await role.stop();
    await rpa.stop();
    await rm(folder, { recursive: true });
  });
  const settings = await ask(`${rps}/rps/clientSettings`);
  t.match(settings['timePermitsStorageURL'], /\/permits$/);
  const { mpinId, regOTT } = await ask(`${rps}/rps/user`, 'PUT', { userId: 'jo@example.com' });
  const signed = await ask(`${rps}/rps/signature/${mpinId}?regOTT=${regOTT}`);
  const hosted = await ask(`${settings['certivoxURL']}clientSecret?${signed['params']}`);
  const local = bytesOf(signed['clientSecretShare']);
  const secret = addG1(local, bytesOf(hosted['clientSecret']));
  const permit = await ask(`${rps}/rps/timePermit/${mpinId}`);
  const query = new URLSearchParams({
    app_id: `${settings['appID']}`,
    mobile: '0',
    hash_mpin_id: `${permit['storageId']}`,
    signature: `${permit['signature']}`,
  });
  const other = await ask(`${settings['certivoxURL']}timePermit?${query}`);
  const timePermit = addG1(bytesOf(permit['timePermit']), bytesOf(other['timePermit']));
  const id = bytesOf(mpinId);
  const token = extractPin(id, 1234, secret);
  for (const [pin, status] of [
    [1234, 200],
    [4321, 401],
  ] as const) {
    const date = Number(permit['date']);
    const { x, u, ut, sec } = clientPass1({ mpinId: id, pin, token, timePermit, date });
    const pass1 = { mpin_id: mpinId, U: hexOf(u), UT: hexOf(ut ?? u), pass: 1 };
    const { y } = await ask(`${rps}/rps/pass1`, 'POST', pass1);
    const V = hexOf(clientPass2({ x, y: bytesOf(y), sec }));
    const pass2 = { mpin_id: mpinId, V, OTP: 0, WID: '0', pass: 2 };
    const { authOTT } = await ask(`${rps}/rps/pass2`, 'POST', pass2);
    t.equal(Number((await ask(`${rps}/authenticate`, 'POST', { authOTT }))['status']), status);
  }
});
