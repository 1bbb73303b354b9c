/** The audit log: what it says, what it never says, and a disk that does not do as it should. */
import { fork } from 'node:child_process';
import { createHmac } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { AuditLog, type AuditOptions, pseudonym } from '../../src/ops/audit.js';
import { LineFile } from '../../src/ops/line-file.js';
import { activateKey } from '../../src/protocol/signature.js';
import { startWorld } from '../rps/harness.js';
import { APP_KEY } from '../rps/neighbours.js';

function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'mpin-audit-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Waits for something that comes soon. */
async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const linesOf = (file: string): Record<string, unknown>[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

function open(t: Test, more: Partial<AuditOptions> & Pick<AuditOptions, 'destination'>) {
  const warned: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => void warned.push(line) });
  const clock = { now: () => Date.parse('2026-01-02T03:04:05.678Z') };
  const audit = new AuditLog({ key: 'key', bytesMax: 100_000, clock, log, ...more });
  t.teardown(() => audit.close());
  return { audit, warned };
}

t.test('a line names its identity by a keyed pseudonym, and never by itself', async (t) => {
  const destination = join(folderOf(t), 'audit.log');
  const { audit } = open(t, { destination });
  const mpinId = Buffer.from('{"userID": "jo@example.com"}').toString('hex');
  audit.record({ event: 'login', mpinId, peer: '192.0.2.1' });
  audit.record({ event: 'registration', mpinId, userId: 'jo\n"x', ok: false, how: 'again' });
  await until(() => linesOf(destination).length === 2);
  const identity = createHmac('sha256', 'key').update(mpinId).digest('hex').slice(0, 32);
  const time = '2026-01-02T03:04:05.678Z';
  t.strictSame(linesOf(destination), [
    { time, event: 'login', ok: true, identity, peer: '192.0.2.1' },
    { time, event: 'registration', ok: false, identity, user: 'jo\n"x', how: 'again' },
  ]);
  t.notMatch(readFileSync(destination, 'utf8'), mpinId);
  t.not(pseudonym('other key', mpinId), identity, 'without the key nobody can make it');
  t.equal(statSync(destination).mode & 0o777 & ~0o640, 0, 'not for everybody to read');
});

t.test('after a rotation lines go to a new file, and none is lost or cut', async (t) => {
  const folder = folderOf(t);
  const destination = join(folder, 'audit.log');
  const { audit, warned } = open(t, { destination, bytesMax: 10_000_000 });
  let written = 0;
  for (let round = 0; round < 5; round += 1) {
    for (let count = 0; count < 400; count += 1) {
      audit.record({ event: 'login', how: `${written}` });
      written += 1;
      if (count % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    renameSync(destination, join(folder, `audit.${round}`));
    audit.reopen();
    await until(() => existsSync(destination));
  }
  await audit.close();
  const all = [0, 1, 2, 3, 4].flatMap((round) => linesOf(join(folder, `audit.${round}`)));
  const seen = [...all, ...linesOf(destination)].map(({ how }) => Number(how));
  t.strictSame(
    seen,
    Array.from({ length: written }, (_, index) => index),
  );
  t.strictSame(audit.stats(), { lines: written, dropped: 0, failures: 0 });
  t.strictSame(warned, []);
});

t.test('a rotation into nowhere keeps the old file, counts and warns once', async (t) => {
  const folder = join(folderOf(t), 'logs');
  mkdirSync(folder);
  const destination = join(folder, 'audit.log');
  const { audit, warned } = open(t, { destination });
  renameSync(folder, `${folder}-moved`);
  const moved = join(`${folder}-moved`, 'audit.log');
  for (let count = 1; count <= 2; count += 1) {
    audit.reopen();
    await until(() => audit.stats().failures === count);
  }
  t.equal(warned.length, 1);
  t.match(warned[0], /the audit log cannot be written/);
  t.match(warned[0], /ENOENT/);
  audit.record({ event: 'login' });
  await until(() => linesOf(moved).length === 1 && warned.length === 2);
  t.match(warned[1], /written again/);
  mkdirSync(folder);
  audit.reopen();
  await until(() => existsSync(destination));
  audit.record({ event: 'lock' });
  await until(() => linesOf(destination).length === 1);
});

t.test('a full disk costs lines in the end, and never a wait', async (t) => {
  const { audit, warned } = open(t, { destination: '/dev/full', bytesMax: 1_000 });
  const startedMs = performance.now();
  for (let count = 0; count < 100; count += 1) audit.record({ event: 'failure' });
  t.ok(performance.now() - startedMs < 100, 'recording waits for nothing');
  await until(() => audit.stats().failures > 0);
  const { lines, dropped } = audit.stats();
  t.equal(lines, 100);
  t.ok(dropped > 80 && dropped < 100, `${dropped} lost`);
  t.equal(warned.length, 1, 'one warning for all of it');
});

t.test('what could not be written is written later, in its order', async (t) => {
  const failures: string[] = [];
  let written = 0;
  const destination = join(folderOf(t), 'file');
  const file = new LineFile({
    destination: '/dev/full',
    mode: 0o600,
    waitingMax: 10_000,
    onFailure: (code) => failures.push(code),
    onCaughtUp: () => {
      written += 1;
    },
  });
  t.ok(file.write('one'));
  await until(() => failures.length > 0);
  t.match(failures, ['ENOSPC']);
  t.ok(file.write('two'));
  t.equal(written, 0);
  await file.close();
  t.notOk(file.write('three'), 'after its end it takes nothing');
  t.throws(() => new LineFile({ ...noHooks, destination: join(destination, 'x') }), /ENOENT/);
});

const noHooks = { mode: 0o600, waitingMax: 1, onFailure: () => {}, onCaughtUp: () => {} };

t.test('a path that cannot be written ends the start', async (t) => {
  t.throws(
    () => open(t, { destination: folderOf(t) }),
    /auditLog: .* cannot be written \(EISDIR\)/,
  );
});

t.test('each thing that happens to an identity is a line, without a secret in it', async (t) => {
  const auditLog = join(folderOf(t), 'audit.log');
  const world = await startWorld(t, { auditLog, requestOTP: true });
  const secrets: string[] = [];
  const jo = await world.person('jo@example.com');
  const good = await jo.begin();
  const end = await jo.finish(good.v, { OTP: 1 });
  await world.authenticate(end.json['authOTT']);
  for (const status of [401, 401, 410, 410]) t.equal(await jo.login(1), status);
  t.equal(await jo.login(), 410);
  await world.post('/manage/unlock', { mpinId: jo.mpinId });
  await world.post('/manage/revoke', { mpinId: jo.mpinId });
  await jo.login();
  await world.ask(`/rps/timePermit/${jo.mpinId}`);
  await world.post('/manage/reinstate', { mpinId: jo.mpinId });
  world.rpa.permitStatus = 403;
  await world.ask(`/rps/timePermit/${jo.mpinId}`);
  world.rpa.onVerify = () => ({ status: 200, body: '' });
  const { mpinId, regOTT } = (await world.register({ userId: 'al@example.com' })).json;
  const key = activateKey(APP_KEY, `${mpinId}`, `${regOTT}`);
  await world.post(`/user/${mpinId}`, { activateKey: 'wrong' });
  await world.post(`/user/${mpinId}`, { activateKey: key });
  world.rpa.onVerify = () => ({ status: 403, body: '' });
  await world.register({ userId: 'al@example.com', regOTT }, `${mpinId}`);
  secrets.push(jo.mpinId, jo.regOTT, good.v, good.u, good.y, `${mpinId}`, `${regOTT}`, key);
  secrets.push(`${end.json['authOTT']}`, `${end.json['OTP']}`, APP_KEY);
  await world.rps.stop();
  const lines = linesOf(auditLog);
  const [first, second] = [...new Set(lines.map(({ identity }) => identity))];
  t.strictSame(
    lines.map(({ identity, event, ok, how = '', user = '' }) =>
      [identity === first ? 'jo' : 'al', event, ok ? 'ok' : 'no', how, user].join(' ').trim(),
    ),
    [
      'jo registration ok  jo@example.com',
      'jo activation ok at registration jo@example.com',
      'jo issue ok',
      'jo login ok',
      'jo failure no',
      'jo failure no',
      'jo lock no',
      'jo failure no locked',
      'jo failure no locked',
      'jo unlock ok',
      'jo revocation ok revoked',
      'jo login ok',
      'jo revocation no login of a revoked identity',
      'jo revocation no permit of a revoked identity',
      'jo revocation ok taken back',
      'jo revocation no permit refused by the RPA',
      'al registration ok  al@example.com',
      'al activation no wrong key',
      'al activation ok by the RPA al@example.com',
      'al registration no again al@example.com',
    ],
  );
  t.not(first, second);
  const text = readFileSync(auditLog, 'utf8');
  for (const secret of secrets) t.notOk(text.includes(secret));
  t.ok(lines.every(({ peer }) => peer === '127.0.0.1'));
  world.rpa.onVerify = () => ({ status: 200, body: '{"forceActivate":true}' });
  await world.restart();
  await world.rps.ready;
  await (await world.person('jo@example.com')).login();
  const again = linesOf(auditLog).length;
  t.ok(again > lines.length, 'a later start goes on with the file');
});

t.test(
  'a one-time password is a line when it is verified or refused, without its digits',
  async (t) => {
    const auditLog = join(folderOf(t), 'audit.log');
    const world = await startWorld(t, { auditLog, requestOTP: true });
    const userId = 'jo@example.com';
    const jo = await world.person(userId);
    const { OTP, authOTT } = await jo.dance({ OTP: 1 });
    await world.authenticate(authOTT);
    for (const tried of [OTP, OTP, 'none']) await world.post('/verifyOTP', { userId, OTP: tried });
    await world.post('/verifyOTP', { userId: '<nobody>', OTP: '123456' });
    await world.rps.stop();
    const lines = linesOf(auditLog);
    const identity = lines.find(({ event }) => event === 'login')?.['identity'];
    t.match(identity, /^[0-9a-f]{32}$/);
    t.strictSame(
      lines.filter(({ event }) => event === 'otp').map(({ time, ...line }) => line),
      [
        { event: 'otp', ok: true, identity, user: userId, peer: '127.0.0.1' },
        { event: 'otp', ok: false, user: userId, peer: '127.0.0.1' },
        { event: 'otp', ok: false, user: userId, peer: '127.0.0.1' },
        { event: 'otp', ok: false, peer: '127.0.0.1' },
      ],
    );
    for (const secret of [OTP, '123456', 'nobody']) {
      t.notOk(readFileSync(auditLog, 'utf8').includes(`${secret}`));
    }
  },
);

t.test('instances with one app_key, or one auditKey, name an identity alike', async (t) => {
  const folder = folderOf(t);
  const names: unknown[] = [];
  for (const [name, auditKey] of [
    ['a', ''],
    ['b', ''],
    ['c', 'own'],
  ] as const) {
    const auditLog = join(folder, name);
    const world = await startWorld(t, { auditLog, auditKey });
    await world.post('/manage/unlock', { mpinId: 'abcdef' });
    await until(() => linesOf(auditLog).length === 1);
    names.push(linesOf(auditLog)[0]?.['identity']);
  }
  t.equal(names[0], names[1]);
  t.equal(names[2], pseudonym('own', 'abcdef'));
  t.not(names[0], names[2]);
});

t.test('metrics tell of lines that were lost', async (t) => {
  const world = await startWorld(t, { auditLog: '/dev/full' });
  await world.post('/manage/unlock', { mpinId: 'abcdef' });
  let text = '';
  while (!/mpin_audit_failures_total [1-9]/.test(text)) text = (await world.ask('/metrics')).text;
  t.match(text, /mpin_audit_lines_total 1/);
  t.match(text, /mpin_audit_lost_total 0/);
  t.notMatch(text, /^mpin_tls_certificate_end\w* \d/m, 'no certificate without TLS');
});

t.test('SIGHUP has a role open its files anew, and go on', async (t) => {
  const child = fork(fileURLToPath(new URL('./lifecycle-child.ts', import.meta.url)), ['reload'], {
    silent: true,
  });
  t.teardown(() => child.kill('SIGKILL'));
  let text = '';
  child.stdout?.on('data', (chunk) => {
    text += chunk;
  });
  await until(() => /running/.test(text));
  for (let count = 1; count <= 2; count += 1) {
    child.kill('SIGHUP');
    await until(() => (text.match(/reloaded/g) ?? []).length === count);
  }
  t.equal(child.exitCode, null);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  t.equal(await ended, 0);
});
