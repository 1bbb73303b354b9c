/** Changes of a backup by name, and a new master secret while clients of the old one log in. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as fsPromises from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { openBackup, plainBackup, sealBackup } from '../../src/ta/backup.js';
import {
  type BackupPlace,
  changePassphrase,
  retireBackup,
  rotateBackup,
  verifyBackup,
} from '../../src/ta/backup-changes.js';
import { replaceBackupFile } from '../../src/ta/backup-file.js';
import * as oracle from '../crypto/oracle.js';
import { ensureBuilt, until } from '../e2e/program.js';
import { newSecret, START_TIME } from './reference.js';
import {
  clientSecretFields,
  folderOf,
  get,
  iso,
  NOW,
  permitFields,
  query,
  runDta,
  serviceFields,
  TODAY,
} from './services.js';
import { startSystem } from './system.js';

/** Programs are started, which takes long where cores are few. */
t.setTimeout(180_000);

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const FAST = { salt: '', passphrase: '' };
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

function plainFile(t: Test): { place: BackupPlace; secret: Uint8Array } {
  const file = join(folderOf(t), 'backup.json');
  const secret = newSecret();
  fs.writeFileSync(file, plainBackup({ secret, startTime: START_TIME }));
  return { place: { file, ...FAST }, secret };
}

const plan = (nowMs = NOW, leadMs = HOUR, overlapMs = 10 * DAY) => ({
  newSecret: newSecret(),
  nowMs,
  leadMs,
  overlapMs,
});

t.test('a new passphrase opens the backup, the old one no longer does', async (t) => {
  const { place, secret } = plainFile(t);
  await changePassphrase(place, 'first');
  await changePassphrase({ ...place, passphrase: 'first' }, 'second');
  await t.rejects(verifyBackup({ ...place, passphrase: 'first' }), { message: /passphrase is/ });
  const text = fs.readFileSync(place.file, 'utf8');
  const opened = await openBackup(text, { salt: '', passphrase: 'second' });
  t.same([hex(opened.secret), opened.encrypted], [hex(secret), true]);
  t.equal(fs.statSync(place.file).mode & 0o777, 0o600);
  t.same(fs.readdirSync(join(place.file, '..')), ['backup.json'], 'nothing else is left');
  const wrong = changePassphrase({ ...place, passphrase: 'wrong' }, 'third');
  await t.rejects(wrong, { message: /backup\.json: it does not open/ });
  await t.rejects(changePassphrase({ ...place, passphrase: 'second' }, ''), /needs a passphrase/);
  t.equal(fs.readFileSync(place.file, 'utf8'), text, 'a failure changes nothing');
  const none = { ...place, file: `${place.file}.none` };
  await t.rejects(verifyBackup(none), { message: /there is no such file/ });
});

t.test('a rotation keeps both secrets, and retiring the old one ends it', async (t) => {
  const { place, secret } = plainFile(t);
  const first = plan();
  const kept = Uint8Array.from(first.newSecret);
  const made = await rotateBackup(place, first);
  const times = { activeFrom: iso(NOW + HOUR), servedUntil: iso(NOW + HOUR + 10 * DAY) };
  const rotation = { previousStartTime: START_TIME, ...times };
  t.same(made, { startTime: iso(NOW), encrypted: false, outdated: undefined, rotation });
  t.same(await verifyBackup(place), made);
  const opened = await openBackup(fs.readFileSync(place.file, 'utf8'), FAST);
  t.same([hex(opened.secret), hex(opened.rotation?.previous ?? kept)], [hex(kept), hex(secret)]);
  await t.rejects(rotateBackup(place, plan(NOW + DAY)), { message: /lasts until 2024-03-10/ });
  const retire = (nowMs: number, now: boolean) => retireBackup(place, { nowMs, now });
  await t.rejects(retire(NOW, true), { message: /in use only from/ });
  await t.rejects(retire(NOW + DAY, false), { message: /is served until/ });
  const early = fs.readFileSync(place.file, 'utf8');
  await retire(NOW + DAY, true);
  t.same(await verifyBackup(place), { ...made, rotation: undefined });
  fs.writeFileSync(place.file, early);
  await retire(NOW + 11 * DAY, false);
  await t.rejects(retire(NOW + 11 * DAY, false), { message: /holds no earlier secret/ });
  fs.writeFileSync(place.file, early);
  await rotateBackup(place, plan(NOW + 11 * DAY));
  t.match(await verifyBackup(place), { rotation: { previousStartTime: iso(NOW) } }, 'the next one');
});

t.test('two secrets are sealed as one is: every field is proven', async (t) => {
  const times = {
    previousStartTime: START_TIME,
    activeFrom: iso(NOW),
    servedUntil: iso(NOW + DAY),
  };
  const previous = newSecret();
  const master = { secret: newSecret(), startTime: iso(NOW), rotation: { previous, ...times } };
  const text = await sealBackup(master, 'x');
  const key = { passphrase: 'x', salt: '' };
  const opened = await openBackup(text, key);
  t.same(hex(opened.rotation?.previous ?? newSecret()), hex(previous));
  t.equal(JSON.parse(text).version, 2, 'an earlier program refuses it');
  const sealed = JSON.parse(text);
  const cases: [object, RegExp][] = [
    [{ version: 1 }, /"ciphertext" is not 64 hex digits/],
    [{ rotation: { ...times, servedUntil: iso(NOW + 2 * DAY) } }, /changed or damaged/],
    [{ rotation: { ...times, activeFrom: 'x' } }, /"activeFrom" is not a time/],
    [{ rotation: undefined }, /"rotation" is missing/],
  ];
  for (const [change, words] of cases) {
    const changed = JSON.stringify({ ...sealed, ...change });
    await t.rejects(openBackup(changed, key), { name: 'BackupError', message: words });
  }
  const plain = JSON.parse(plainBackup(master));
  const swapped = { ...plain, previous_secret_hex: plain.master_secret_hex };
  await t.rejects(openBackup(JSON.stringify(swapped), key), { message: /checksum/ });
});

/** The module of the backup file on a file system that fails where `faults` says. */
function onBadDisk(t: Test, faults: Partial<typeof fsPromises>) {
  return t.mockImport<typeof import('../../src/ta/backup-file.js')>('../../src/ta/backup-file.js', {
    'node:fs/promises': { ...fsPromises, ...faults },
  });
}

const fault = (code: string) => Object.assign(new Error(code), { code });

t.test('a backup that cannot be replaced stays as it was, and says why', async (t) => {
  const failing = (method: 'writeFile' | 'sync') => ({
    open: async (...args: Parameters<typeof fsPromises.open>) => {
      const handle = await fsPromises.open(...args);
      if (`${args[0]}`.endsWith('.tmp')) {
        Object.assign(handle, { [method]: () => Promise.reject(fault('ENOSPC')) });
      }
      return handle;
    },
  });
  const cases: [Partial<typeof fsPromises>, RegExp][] = [
    [failing('writeFile'), /the disk is full \(ENOSPC\)/],
    [failing('sync'), /the disk is full \(ENOSPC\)/],
    [{ rename: () => Promise.reject(fault('EROFS')) }, /read-only \(EROFS\)/],
  ];
  for (const [faults, words] of cases) {
    const folder = t.testdir({ 'backup.json': 'old' });
    const file = join(folder, 'backup.json');
    const { replaceBackupFile: replace } = await onBadDisk(t, faults);
    await t.rejects(replace(file, 'old', 'new'), { name: 'BackupError', message: words });
    t.equal(fs.readFileSync(file, 'utf8'), 'old');
    t.same(fs.readdirSync(folder), ['backup.json'], 'nothing is left');
  }
  const folder = t.testdir({ 'backup.json': 'of another' });
  const file = join(folder, 'backup.json');
  await t.rejects(replaceBackupFile(file, 'old', 'new'), { message: /changed by someone else/ });
  const both = [1, 2].map((n) => replaceBackupFile(file, 'of another', `${n}`));
  const ends = (await Promise.allSettled(both)).map(({ status }) => status);
  t.same(ends.sort(), ['fulfilled', 'rejected'], 'of two at once one is refused');
  fs.writeFileSync(`${file}.lock`, '');
  await t.rejects(replaceBackupFile(file, '1', 'new'), { message: /delete .*backup\.json\.lock/ });
});

t.test('kill -9 while backups are replaced leaves a whole one each time', async (t) => {
  await ensureBuilt();
  const { place, secret } = plainFile(t);
  const folder = join(place.file, '..');
  const program = join(import.meta.dirname, 'fixtures/replace-for-ever.mjs');
  for (let round = 0; round < 5; round += 1) {
    const child = fork(program, [place.file], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    await once(child, 'message');
    await sleep(20 + 17 * round);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const { secret: found, rotation } = await openBackup(fs.readFileSync(place.file, 'utf8'), FAST);
    t.equal(hex(rotation?.previous ?? found), hex(secret), 'the secret is there');
    for (const name of fs.readdirSync(folder)) {
      if (name === 'backup.json') continue;
      t.match(name, /^backup\.json\.(lock|[0-9a-f]{16}\.tmp)$/, 'what is left says what it is');
      t.equal(fs.statSync(join(folder, name)).mode & 0o777, 0o600);
      fs.unlinkSync(join(folder, name));
    }
  }
});

t.test('a running D-TA takes a rotation over and serves each identity by its secret', async (t) => {
  const dta = await runDta(t);
  const file = dta.options.backup_file;
  const place = { file, ...FAST };
  const old = (await openBackup(fs.readFileSync(file, 'utf8'), FAST)).secret;
  const rotated = plan();
  const fresh = Uint8Array.from(rotated.newSecret);
  const [before, after] = [hex(newSecret()), hex(newSecret())];
  const clientSecret = async (hash: string) =>
    (await get(dta.address + query('/clientSecret', signed(clientSecretFields, hash)))).body[
      'clientSecret'
    ];
  const signed = (fields: typeof clientSecretFields, hash: string) =>
    fields(hash, undefined, { expires: iso(dta.time.now + 60_000) });
  const permit = async (hash: string) =>
    (await get(dta.address + query('/timePermit', permitFields(hash)))).body['timePermit'];
  const serverSecret = async () => {
    const change = { expires: iso(dta.time.now + 60_000) };
    const fields = serviceFields('serverSecret', undefined, change);
    return (await get(dta.address + query('/serverSecret', fields))).body;
  };
  const share = (master: Uint8Array, hash: string) =>
    hex(oracle.clientSecretShare(master, Buffer.from(hash, 'hex')));
  const permitOf = (master: Uint8Array, hash: string, ahead: number) =>
    hex(oracle.timePermitShare(master, Buffer.from(hash, 'hex'), TODAY + ahead));
  const tookOver = (count: number) =>
    until('the new backup', () => dta.logged().split('took over a new').length > count);
  const s = (master: Uint8Array) => hex(oracle.serverSecretShare(master));

  t.equal(await clientSecret(before), share(old, before));
  await rotateBackup(place, rotated);
  await tookOver(1);
  const activeFrom = iso(NOW + HOUR);
  const servedUntil = iso(NOW + HOUR + 10 * DAY);
  const ofOld = { serverSecret: s(old), startTime: iso(NOW), servedUntil };
  const ofNew = { serverSecret: s(fresh), startTime: iso(NOW), activeFrom };
  t.match(await serverSecret(), { serverSecret: s(old), generations: [ofOld, ofNew] }, 'announced');
  t.equal(await clientSecret(before), share(old, before), 'and not yet used');

  dta.time.now = NOW + 2 * HOUR;
  t.match(await serverSecret(), { serverSecret: s(fresh), generations: [ofNew, ofOld] });
  t.equal(await permit(before), permitOf(old, before, 0), 'permits as before');
  t.equal(await clientSecret(after), share(fresh, after));
  t.equal(await permit(after), permitOf(fresh, after, 0));
  await changePassphrase(place, 'x');
  await until('the refusal', () => /changed backup is not taken over/.test(dta.logged()));
  t.equal(
    await permit(before),
    permitOf(old, before, 0),
    'a backup it cannot open changes nothing',
  );

  dta.time.now = NOW + 11 * DAY;
  t.equal(await permit(before), permitOf(fresh, before, 11), 'its time is over');
  t.equal((await serverSecret())['generations'], undefined);
  t.notMatch(dta.logged(), new RegExp(`${hex(old)}|${hex(fresh)}`));
});

t.test(
  'who got which secret is known after a restart, a foreign backup is not taken',
  async (t) => {
    const { place } = plainFile(t);
    await rotateBackup(place, plan(NOW - HOUR, 0));
    const fresh = (await openBackup(fs.readFileSync(place.file, 'utf8'), FAST)).secret;
    const hash = hex(newSecret());
    const first = await runDta(t, { backup_file: place.file });
    const asked = query('/clientSecret', clientSecretFields(hash));
    t.equal((await get(first.address + asked)).status, 200);
    await first.stop();
    const second = await runDta(t, { backup_file: place.file });
    const permit = hex(oracle.timePermitShare(fresh, Buffer.from(hash, 'hex'), TODAY));
    const reply = () => get(second.address + query('/timePermit', permitFields(hash)));
    t.equal((await reply()).body['timePermit'], permit);
    fs.writeFileSync(place.file, plainBackup({ secret: newSecret(), startTime: START_TIME }));
    await until('the refusal', () => /another secret altogether/.test(second.logged()));
    t.equal((await reply()).body['timePermit'], permit);
  },
);

t.test(
  'people log in through a rotation: the old ones until its end, the new ones on',
  async (t) => {
    const system = await startSystem(t);
    const { context, login } = system;
    const [file = ''] = system.backups;
    const client = system.client();
    const secrets = () => context.logged().split('server secret has changed').length - 1;
    await client.register({ userId: 'old@example.com', pin: '1234' });
    t.equal(await login(client, 'old@example.com'), 200);
    await rotateBackup({ file, ...FAST }, plan());
    await until('both secrets', () => secrets() === 1);
    t.equal(await login(client, 'old@example.com'), 200, 'announced');
    await client.register({ userId: 'early@example.com', pin: '1234' });
    context.time.now = NOW + 2 * HOUR;
    await client.register({ userId: 'new@example.com', pin: '1234' });
    for (const userId of ['old@example.com', 'early@example.com', 'new@example.com']) {
      t.equal(await login(client, userId), 200, userId);
      t.equal(await login(client, userId, '4321'), 'wrong-pin', userId);
      t.equal(await login(client, userId), 200, `${userId} again`);
    }
    // Of the day after the end, as a permit is a day's.
    context.time.now = NOW + 11 * DAY;
    await until('one secret', () => secrets() === 2);
    t.equal(await login(client, 'old@example.com'), 'wrong-pin', 'its time is over');
    t.equal(await login(client, 'new@example.com'), 200);
    await client.register({ userId: 'old@example.com', pin: '1234' });
    t.equal(await login(client, 'old@example.com'), 200, 'registered anew');
  },
);

t.test('secrets of four authorities add up to a login, two look as ever', async (t) => {
  const system = await startSystem(t, { dtas: 2, hosted: 2 });
  const client = system.client();
  const userId = 'many@example.com';
  await client.register({ userId, pin: '1234' });
  t.equal(await system.login(client, userId), 200);
  t.equal(await system.login(client, userId, '4321'), 'wrong-pin');
  t.equal(await system.login(client, userId), 200, 'with the kept permit');
  const { body } = await get(`${system.rps.address}/rps/clientSettings`);
  t.match(body, { authorityURLs: [/^http.*\/$/], certivoxURL: /^http.*\/$/ });
});
