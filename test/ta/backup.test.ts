/** The master secret's backup: both formats, every damage, and what happens to the file. */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as fsPromises from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openBackup, plainBackup, sealBackup } from '../../src/ta/backup.js';
import { BackupError } from '../../src/ta/backup-fields.js';
import { readBackupFile, writeBackupFile } from '../../src/ta/backup-file.js';
import { isMasterSecret } from '../../src/ta/master-secret.js';
import { masterSecret } from '../../src/ta/vault.js';
import { fault, killedAt } from './killed-disk.js';
import {
  cheapBackup,
  context,
  KEY,
  newMaster,
  newSecret,
  referenceBackup,
  START_TIME,
  vault,
} from './reference.js';

const WRONG_KEY = { passphrase: 'wrong horse', salt: '' };
const ORDER = 0x2400000008702a0db0bddf647a6366d2c43fd6ee0cc906cebe11c0a636eb1f6dn;

const bytesOf = (value: bigint) => Buffer.from(value.toString(16).padStart(64, '0'), 'hex');

async function refuses(t: Test, opened: Promise<unknown>, words: RegExp): Promise<void> {
  const error = await opened.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  t.ok(error instanceof BackupError, 'a BackupError');
  t.match((error as Error | undefined)?.message, words);
}

t.test('a sealed backup gives back the secret, and never shows it', async (t) => {
  const master = newMaster();
  const text = await sealBackup(master, KEY.passphrase);
  t.notMatch(text, Buffer.from(master.secret).toString('hex'));
  const { format, version, startTime, kdf, cipher } = JSON.parse(text);
  t.same({ format, version, startTime }, { format: 'mpin-master-secret', version: 1, startTime });
  t.match(kdf, { name: 'scrypt', N: 131_072, r: 8, p: 1, salt: /^[0-9a-f]{64}$/ });
  t.match(cipher, { name: 'aes-256-gcm', nonce: /^[0-9a-f]{24}$/ });
  const opened = await openBackup(text, KEY);
  t.same(Buffer.from(opened.secret), Buffer.from(master.secret));
  t.same([opened.startTime, opened.encrypted], [START_TIME, true]);
  const again = JSON.parse(await sealBackup(master, KEY.passphrase));
  t.not(again.kdf.salt, kdf.salt, 'the salt is fresh');
  t.not(again.cipher.nonce, cipher.nonce, 'the nonce is fresh');
});

t.test('a wrong or missing passphrase is told, and that damage looks the same', async (t) => {
  const text = await sealBackup(newMaster(), KEY.passphrase);
  await refuses(t, openBackup(text, WRONG_KEY), /passphrase is wrong, or the file was changed/);
  await refuses(t, openBackup(text, { ...KEY, passphrase: '' }), /needs a passphrase/);
  await refuses(t, sealBackup(newMaster(), ''), /needs a passphrase/);
});

t.test('every field of a sealed backup is proven by the tag', async (t) => {
  const text = await sealBackup(newMaster(), KEY.passphrase);
  const flipped = (hex: string) => (hex.startsWith('0') ? '1' : '0') + hex.slice(1);
  const changes: Record<string, (backup: Sealed) => void> = {
    startTime: (backup) => {
      backup.startTime = '2016-10-11T13:58:16Z';
    },
    salt: (backup) => {
      backup.kdf.salt = flipped(backup.kdf.salt);
    },
    N: (backup) => {
      backup.kdf.N = 65_536;
    },
    nonce: (backup) => {
      backup.cipher.nonce = flipped(backup.cipher.nonce);
    },
    ciphertext: (backup) => {
      backup.ciphertext = flipped(backup.ciphertext);
    },
    tag: (backup) => {
      backup.tag = flipped(backup.tag);
    },
  };
  for (const [field, change] of Object.entries(changes)) {
    const backup = JSON.parse(text);
    change(backup);
    t.comment(field);
    await refuses(t, openBackup(JSON.stringify(backup), KEY), /the file was changed or damaged/);
  }
});

interface Sealed {
  startTime: string;
  kdf: { N: number; salt: string };
  cipher: { nonce: string };
  ciphertext: string;
  tag: string;
}

t.test('a header that asks for something else is refused before any work is done', async (t) => {
  const sealed = JSON.parse(await sealBackup(newMaster(), KEY.passphrase));
  const cases: [object, RegExp][] = [
    [{ format: 'other' }, /"format" is not "mpin-master-secret"/],
    [{ version: 3 }, /"version" is not 1/],
    [{ version: 2 }, /"rotation" is missing/],
    [{ startTime: 'yesterday' }, /"startTime"/],
    [{ kdf: { ...sealed.kdf, N: 2 ** 30 } }, /"N" is not a whole number from 16384 to 1048576/],
    [{ kdf: { ...sealed.kdf, N: 2 } }, /"N"/],
    [{ kdf: { ...sealed.kdf, N: 100_000 } }, /"N" is not a power of two/],
    [{ kdf: { ...sealed.kdf, r: 1000 } }, /"r"/],
    [{ kdf: { ...sealed.kdf, p: 99 } }, /"p"/],
    [{ kdf: { ...sealed.kdf, name: 'none' } }, /"name" is not "scrypt"/],
    [{ kdf: { ...sealed.kdf, salt: 'zz' } }, /"salt" is not 64 hex digits/],
    [{ kdf: 1 }, /"kdf" is missing/],
    [{ cipher: { ...sealed.cipher, name: 'aes-128-cbc' } }, /"name" is not "aes-256-gcm"/],
    [{ tag: sealed.tag.slice(0, 8) }, /"tag" is not 32 hex digits/],
    [{ ciphertext: undefined }, /"ciphertext" is not 64 hex digits/],
  ];
  for (const [change, words] of cases) {
    await refuses(t, openBackup(JSON.stringify({ ...sealed, ...change }), KEY), words);
  }
});

t.test('a backup cut short at any place is refused', async (t) => {
  const text = (await sealBackup(newMaster(), KEY.passphrase)).trimEnd();
  for (let length = 0; length < text.length; length += 1) {
    const cut = await openBackup(text.slice(0, length), KEY).catch((error: unknown) => error);
    if (!(cut instanceof BackupError)) t.fail(`opened when cut to ${length} bytes`);
  }
  await refuses(t, openBackup(text.slice(0, -1), KEY), /no JSON object: damaged or cut short/);
  for (const junk of ['', '[]', 'null', '"x"', '{}', '\0\0']) {
    await refuses(t, openBackup(junk, KEY), /no JSON|startTime|no backup/);
  }
});

t.test('a plain backup is read back, and its checksum finds a changed digit', async (t) => {
  const master = newMaster();
  const text = plainBackup(master);
  const opened = await openBackup(text, { passphrase: '', salt: '' });
  t.same(Buffer.from(opened.secret), Buffer.from(master.secret));
  t.equal(opened.encrypted, false);
  const hex = Buffer.from(master.secret).toString('hex');
  const changed = text.replace(
    hex,
    hex.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')),
  );
  await refuses(t, openBackup(changed, KEY), /checksum does not fit/);
  await refuses(t, openBackup(text.replace('T13', 'T14'), KEY), /checksum does not fit/);
});

t.test('a backup of the reference opens, its salt being text', async (t) => {
  const secret = newSecret();
  const key = { passphrase: 'pässphrase', salt: '0f1e2d3c' };
  const text = referenceBackup(secret, key.passphrase, key.salt);
  const opened = await openBackup(text, key);
  t.same(Buffer.from(opened.secret), Buffer.from(secret));
  t.same([opened.startTime, opened.encrypted], [START_TIME, true]);
  await refuses(t, openBackup(text, { ...key, salt: '0f1e2d3d' }), /passphrase or the option salt/);
  await refuses(t, openBackup(text, { ...key, passphrase: 'x' }), /passphrase or the option salt/);
  await refuses(t, openBackup(text, { ...key, passphrase: '' }), /needs a passphrase/);
  await refuses(t, openBackup(text.replace('T13', 'T14'), key), /changed or damaged/);
  await refuses(t, openBackup(text.slice(0, -9), key), /cut short/);
  await refuses(t, openBackup(text.replace(/"IV":"../, '"IV":"'), key), /"IV" is not 24 hex/);
});

t.test('an unencrypted backup of the reference opens, also with its list of one', async (t) => {
  const secret = Buffer.from(newSecret());
  const hex = secret.toString('hex');
  for (const value of [hex, [hex], hex.toUpperCase()]) {
    const text = JSON.stringify({ startTime: START_TIME, master_secret_hex: value });
    const opened = await openBackup(text, { passphrase: '', salt: '' });
    t.same(Buffer.from(opened.secret), secret);
    t.same([opened.startTime, opened.encrypted], [START_TIME, false]);
  }
  const listed = JSON.stringify({ startTime: [START_TIME], master_secret_hex: hex });
  t.equal((await openBackup(listed, KEY)).startTime, START_TIME);
  for (const value of [[hex, hex], [], `${hex}00`, hex.slice(2), 7, null, 'zz'.repeat(32)]) {
    const text = JSON.stringify({ startTime: START_TIME, master_secret_hex: value });
    await refuses(t, openBackup(text, KEY), /"master_secret_hex" is not 64 hex digits/);
  }
});

t.test('a master secret lies in [1, r)', async (t) => {
  t.ok(isMasterSecret(bytesOf(1n)));
  t.ok(isMasterSecret(bytesOf(ORDER - 1n)));
  for (const value of [0n, ORDER, ORDER + 1n, 2n ** 256n - 1n]) {
    t.notOk(isMasterSecret(bytesOf(value)));
    const text = plainBackup({ secret: bytesOf(value), startTime: START_TIME });
    await refuses(t, openBackup(text, KEY), /not in \[1, r\)/);
  }
  t.notOk(isMasterSecret(new Uint8Array(31).fill(1)));
});

t.test('the first start makes a secret and a file of mode 600, the second reads it', async (t) => {
  const folder = t.testdir();
  const umask = process.umask(0);
  t.teardown(() => process.umask(umask));
  const first = await masterSecret(vault(folder), context());
  const second = await masterSecret(vault(folder), context());
  t.same(Buffer.from(second.secret), Buffer.from(first.secret));
  t.equal(second.startTime, START_TIME);
  t.equal(fs.statSync(join(folder, 'backup.json')).mode & 0o777, 0o600);
  t.same(fs.readdirSync(folder), ['backup.json'], 'nothing else is left in the folder');
});

t.test('a backup that cannot be used stops the start and stays as it is', async (t) => {
  const sealed = await sealBackup(newMaster(), KEY.passphrase);
  const cases: [string, string, RegExp][] = [
    ['damaged', sealed.slice(0, 100), /backup\.json: it is no JSON object: damaged or cut short/],
    ['empty', '', /backup\.json: is empty/],
    ['huge', 'x'.repeat(20_000), /backup\.json: is too large/],
    ['of another passphrase', await sealBackup(newMaster(), 'x'), /passphrase is wrong/],
  ];
  for (const [name, content, words] of cases) {
    const folder = t.testdir({ 'backup.json': content });
    const unused = () => t.fail(`made a new secret for a file that is ${name}`) as never;
    const start = masterSecret(vault(folder), { ...context(), newSecret: unused });
    await refuses(t, start, words);
    t.equal(fs.readFileSync(join(folder, 'backup.json'), 'utf8'), content);
    t.same(fs.readdirSync(folder), ['backup.json']);
  }
});

t.test('a folder, a pipe or a missing folder in its place is named', async (t) => {
  const folder = t.testdir({ 'backup.json': {} });
  await refuses(t, masterSecret(vault(folder), context()), /backup\.json: is not a file/);
  const pipe = vault(folder, { backup_file: join(folder, 'pipe') });
  execFileSync('mkfifo', [pipe.backup_file]);
  await refuses(t, masterSecret(pipe, context()), /pipe: is not a file/);
  const missing = vault(join(folder, 'no-such-folder'));
  await refuses(t, masterSecret(missing, context()), /its folder does not exist \(ENOENT\)/);
});

t.test('without a passphrase no secret is made', async (t) => {
  const folder = t.testdir();
  const options = vault(folder, { passphrase: '' });
  await refuses(t, masterSecret(options, context()), /needs a passphrase, and none was given/);
  t.same(fs.readdirSync(folder), []);
});

t.test('a file open to others is closed, with a warning', async (t) => {
  const folder = t.testdir();
  const secret = newSecret();
  const salt = 'salt';
  const file = join(folder, 'backup.json');
  fs.writeFileSync(file, referenceBackup(secret, KEY.passphrase, salt), { mode: 0o644 });
  fs.chmodSync(file, 0o644);
  const seen = context();
  const master = await masterSecret(vault(folder, { salt }), seen);
  t.same(Buffer.from(master.secret), Buffer.from(secret));
  t.equal(fs.statSync(file).mode & 0o777, 0o600);
  t.match(seen.logged(), /open to other users/);
});

t.test('a backup of the reference is written anew, and needs its salt no more', async (t) => {
  for (const startTime of [START_TIME, '2016-10-11T13:58:15.183121Z', '2016-10-11 13:58:15.1']) {
    const folder = t.testdir();
    const secret = newSecret();
    const file = join(folder, 'backup.json');
    fs.writeFileSync(file, referenceBackup(secret, KEY.passphrase, 'salt', startTime));
    const seen = context();
    const first = await masterSecret(vault(folder, { salt: 'salt' }), seen);
    t.same(Buffer.from(first.secret), Buffer.from(secret));
    t.match(seen.logged(), /in the format of the reference.*was written anew/);
    const text = fs.readFileSync(file, 'utf8');
    t.match(JSON.parse(text), { format: 'mpin-master-secret', kdf: { N: 131_072 } });
    t.equal((await openBackup(text, KEY)).startTime, START_TIME);
    const second = await masterSecret(vault(folder), context());
    t.same(Buffer.from(second.secret), Buffer.from(secret));
    t.equal(fs.readFileSync(file, 'utf8'), text, 'and then left alone');
    t.same(fs.readdirSync(folder), ['backup.json']);
  }
});

t.test('a plain backup is sealed once there is a passphrase, a cheap key made dear', async (t) => {
  const folder = t.testdir();
  const file = join(folder, 'backup.json');
  const master = newMaster();
  fs.writeFileSync(file, plainBackup(master));
  const none = await masterSecret(vault(folder, { passphrase: '' }), context());
  t.same(Buffer.from(none.secret), Buffer.from(master.secret), 'without one it is left alone');
  const seen = context();
  await masterSecret(vault(folder), seen);
  t.match(seen.logged(), /it is not encrypted.*was written anew/);
  t.match(await openBackup(fs.readFileSync(file, 'utf8'), KEY), { encrypted: true });
  fs.writeFileSync(file, cheapBackup(master));
  await masterSecret(vault(folder), seen);
  t.match(seen.logged(), /its key is cheaper to guess.*was written anew/);
  t.match(JSON.parse(fs.readFileSync(file, 'utf8')), { kdf: { N: 131_072 } });
});

t.test('a backup that cannot be written anew is used as it is, with a warning', async (t) => {
  const secret = newSecret();
  const text = referenceBackup(secret, KEY.passphrase, 'salt');
  const odd = referenceBackup(secret, KEY.passphrase, 'salt', 'Tuesday');
  for (const [content, lock, words] of [
    [text, '', /should be written anew, but is being changed by another command/],
    [odd, undefined, /its startTime ..Tuesday.. is none that can be kept/],
  ] as const) {
    const more = lock === undefined ? {} : { 'backup.json.lock': lock };
    const folder = t.testdir({ 'backup.json': content, ...more });
    const seen = context();
    const master = await masterSecret(vault(folder, { salt: 'salt' }), seen);
    t.same(Buffer.from(master.secret), Buffer.from(secret));
    t.match(seen.logged(), words);
    t.equal(fs.readFileSync(join(folder, 'backup.json'), 'utf8'), content);
  }
});

t.test('encrypt_master_secret off writes a plain file and says so; backup off, none', async (t) => {
  const folder = t.testdir();
  const plain = vault(folder, { encrypt_master_secret: false, passphrase: '' });
  const seen = context();
  const made = await masterSecret(plain, seen);
  const hex = Buffer.from(made.secret).toString('hex');
  t.equal(JSON.parse(fs.readFileSync(plain.backup_file, 'utf8')).master_secret_hex, hex);
  t.equal(fs.statSync(plain.backup_file).mode & 0o777, 0o600);
  t.match(seen.logged(), /not encrypted/);
  t.notMatch(seen.logged(), hex);
  await refuses(t, masterSecret({ ...plain, backup: false }, context()), /option backup is off/);
  fs.unlinkSync(plain.backup_file);
  const one = await masterSecret({ ...plain, backup: false }, context());
  const two = await masterSecret({ ...plain, backup: false }, context());
  t.notSame(Buffer.from(one.secret), Buffer.from(two.secret));
  t.same(fs.readdirSync(folder), []);
});

t.test('two first starts at once agree on one secret', async (t) => {
  const options = vault(t.testdir());
  const [one, two] = await Promise.all([
    masterSecret(options, context()),
    masterSecret(options, context()),
  ]);
  t.same(Buffer.from(one.secret), Buffer.from(two.secret));
});

t.test('writing never replaces a file', async (t) => {
  const folder = t.testdir({ 'backup.json': 'old' });
  const file = join(folder, 'backup.json');
  t.equal(await writeBackupFile(file, 'new'), false);
  t.equal(fs.readFileSync(file, 'utf8'), 'old');
  t.same(fs.readdirSync(folder), ['backup.json']);
});

/** The module of the backup file on a file system that fails where `faults` says. */
function onBadDisk(t: Test, faults: Partial<typeof fsPromises>) {
  return t.mockImport<typeof import('../../src/ta/backup-file.js')>('../../src/ta/backup-file.js', {
    'node:fs/promises': { ...fsPromises, ...faults },
  });
}

/** An `open` whose handles fail in one method. */
function openWith(method: 'writeFile' | 'sync' | 'close' | 'chmod' | 'stat', code: string) {
  return async (...args: Parameters<typeof fsPromises.open>) => {
    const handle = await fsPromises.open(...args);
    const real = handle[method].bind(handle) as () => Promise<unknown>;
    Object.assign(handle, {
      [method]: async () => {
        if (method === 'close') await real();
        throw fault(code);
      },
    });
    return handle;
  };
}

t.test('a full disk and its kin are told apart, and leave nothing behind', async (t) => {
  const cases: [string, Partial<typeof fsPromises>, RegExp][] = [
    ['writing', { open: openWith('writeFile', 'ENOSPC') }, /the disk is full \(ENOSPC\)/],
    ['flushing', { open: openWith('sync', 'ENOSPC') }, /the disk is full \(ENOSPC\)/],
    ['closing', { open: openWith('close', 'EDQUOT') }, /quota is used up \(EDQUOT\)/],
    ['a limit', { open: openWith('writeFile', 'EFBIG') }, /limit for files .* \(EFBIG\)/],
    ['linking', { link: () => Promise.reject(fault('EPERM')) }, /not permitted .* \(EPERM\)/],
    ['opening', { open: () => Promise.reject(fault('EROFS')) }, /read-only \(EROFS\)/],
    ['denied', { open: () => Promise.reject(fault('EACCES')) }, /permission denied \(EACCES\)/],
  ];
  for (const [name, faults, words] of cases) {
    const folder = t.testdir();
    const { writeBackupFile: write } = await onBadDisk(t, faults);
    const error = await write(join(folder, 'backup.json'), 'text').catch((reason) => reason);
    t.equal(error.name, 'BackupError', name);
    t.match(error.message, words);
    t.same(fs.readdirSync(folder), [], `${name}: nothing is left`);
  }
});

t.test('a file that cannot be read or closed to others stops the start', async (t) => {
  const folder = t.testdir({ 'backup.json': 'text' });
  const file = join(folder, 'backup.json');
  fs.chmodSync(file, 0o644);
  const cases: [Partial<typeof fsPromises>, RegExp][] = [
    [{ open: () => Promise.reject(fault('EACCES')) }, /cannot be read: permission denied/],
    [{ open: openWith('stat', 'EIO') }, /cannot be read: the disk reports an error/],
    [{ open: openWith('chmod', 'EROFS') }, /mode 644\), and cannot be set to 600/],
  ];
  for (const [faults, words] of cases) {
    const { readBackupFile: read } = await onBadDisk(t, faults);
    const error = await read(file).catch((reason) => reason);
    t.equal(error.name, 'BackupError');
    t.match(error.message, words);
  }
  t.same(await readBackupFile(file), { text: 'text', wasOpenToOthers: true });
  t.same(await readBackupFile(file), { text: 'text', wasOpenToOthers: false });
});

t.test('a kill at any step leaves a whole backup or none', async (t) => {
  const steps = ['open', 'writeFile', 'sync', 'link', 'flush', 'unlink'] as const;
  const text = 'x'.repeat(500);
  for (const step of steps) {
    const folder = t.testdir();
    const file = join(folder, 'backup.json');
    const { writeBackupFile: write } = await onBadDisk(t, killedAt(step));
    await write(file, text).catch(() => undefined);
    if (fs.existsSync(file)) {
      t.equal(fs.readFileSync(file, 'utf8'), text, `${step}: whole`);
      t.equal(await writeBackupFile(file, 'later'), false);
    } else {
      t.equal(await writeBackupFile(file, 'later'), true, `${step}: none, so a new one is made`);
      t.equal(fs.readFileSync(file, 'utf8'), 'later');
    }
  }
});
