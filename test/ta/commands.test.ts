/** What an operator does to a backup by the program; what disks and memory may do to secrets. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openAudit } from '../../src/ta/audit.js';
import { plainBackup, sealBackup } from '../../src/ta/backup.js';
import { Ledger } from '../../src/ta/ledger.js';
import { leaveCoreDumpsEmpty, maySwap, protectMemory, warnUnlocked } from '../../src/ta/memory.js';
import { ensureBuilt, mpin, startMpin, until } from '../e2e/program.js';
import { newSecret, START_TIME } from './reference.js';
import { APP, credentialsFile, folderOf, quietContext } from './services.js';

/** Programs are started, which takes long where cores are few. */
t.setTimeout(180_000);

await ensureBuilt();

async function sealedIn(t: Test): Promise<string> {
  const cwd = folderOf(t);
  const master = { secret: newSecret(), startTime: START_TIME };
  fs.writeFileSync(join(cwd, 'backup.json'), await sealBackup(master, 'first'));
  fs.writeFileSync(join(cwd, 'first'), 'first\n');
  fs.writeFileSync(join(cwd, 'second'), 'second\n');
  return cwd;
}

t.test('a backup is verified, gets another passphrase, is rotated and retired', async (t) => {
  const cwd = await sealedIn(t);
  const run = (...args: string[]) => mpin(['dta', ...args], { cwd });
  const verified = await run('verify-backup', '--passphrase-file=first');
  t.same([verified.code, verified.stderr], [0, '']);
  t.match(verified.stdout, /opens\nmaster secret of 2016-10-11T13:58:15Z, encrypted\n$/);
  const wrong = await run('verify-backup', '--passphrase-file=second');
  t.equal(wrong.code, 1);
  t.match(wrong.stderr, /^mpin dta: backup .*backup\.json: it does not open: the passphrase is/);
  const change = ['change-passphrase', '--passphrase-file=first'];
  t.match((await run(...change)).stderr, /--new-passphrase-file is missing/);
  t.equal((await run(...change, '--new-passphrase-file=second')).code, 0);
  const none = await run('rotate');
  t.equal(none.code, 2);
  t.match(none.stderr, /passphrase .* is missing: give --passphrase-file/);
  const rotated = await run('rotate', '--passphrase-file=second', '--lead-minutes=0');
  t.equal(rotated.code, 0, rotated.stderr);
  t.match(rotated.stdout, /new identities are made with it from 20/);
  const both = await run('verify-backup', '--passphrase-file=second');
  t.match(both.stdout, /before it that of 2016-10-11T13:58:15Z, served until/);
  const early = await run('retire', '--passphrase-file=second');
  t.match(early.stderr, /the earlier secret is served until/);
  t.equal((await run('retire', '--passphrase-file=second', '--now')).code, 0);
  const { stdout } = await run('verify-backup', '--passphrase-file=second');
  t.notMatch(stdout, /before it/);
});

t.test('systemd can bring the passphrase', async (t) => {
  const cwd = await sealedIn(t);
  const env = { CREDENTIALS_DIRECTORY: cwd };
  const without = await mpin(['dta', 'verify-backup'], { cwd, env });
  t.equal(without.code, 2, 'the folder alone is not enough');
  fs.copyFileSync(join(cwd, 'first'), join(cwd, 'passphrase'));
  t.equal((await mpin(['dta', 'verify-backup'], { cwd, env })).code, 0);
  fs.renameSync(credentialsFile(cwd, APP), join(cwd, 'credentials.json'));
  const { child, stderr, ended } = startMpin(['dta', '--port=0'], { cwd, env });
  await until('listening', () => /listening/.test(stderr()), stderr);
  child.kill('SIGTERM');
  t.equal(await ended, 0);
});

t.test('a D-TA that could be reached in public does not start', async (t) => {
  const cwd = folderOf(t);
  fs.renameSync(credentialsFile(cwd, APP), join(cwd, 'credentials.json'));
  fs.writeFileSync(
    join(cwd, 'backup.json'),
    plainBackup({ secret: newSecret(), startTime: START_TIME }),
  );
  const flags = ['--port=0', '--no-encrypt-master-secret', '--address=0.0.0.0'];
  const { code, stderr } = await mpin(['dta', ...flags], { cwd });
  t.equal(code, 1);
  t.match(stderr, /address "0\.0\.0\.0": a D-TA must never be reachable in public/);
});

t.test('the memory of an authority is in no core dump', async (t) => {
  const { log, logged } = quietContext();
  protectMemory(log);
  if (process.platform === 'linux') {
    t.equal(leaveCoreDumpsEmpty(), true);
    t.equal(Number.parseInt(fs.readFileSync('/proc/self/coredump_filter', 'utf8'), 16), 0);
  } else {
    t.match(logged(), /LimitCORE=0/);
  }
  t.equal(/may be swapped/.test(logged()), maySwap(), 'swap is told of');
});

t.test('a lock on the master secret is warned of where it fails and there is swap', async (t) => {
  const { log, logged } = quietContext();
  warnUnlocked({ isLocked: true }, log);
  t.equal(logged(), '');
  warnUnlocked({ isLocked: false }, log);
  t.equal(/LimitMEMLOCK/.test(logged()), maySwap());
});

t.test(
  'changes are made together or not at all, and a failed one takes no later one along',
  async (t) => {
    const path = join(folderOf(t), 'ledger');
    const ledger = new Ledger({ path, isFolder: false, mapBytesMax: 2 ** 24 }, (root) => ({
      names: root.openDB<number, string>({ name: 'names', encoding: 'json' }),
    }));
    const { names } = ledger.tables;
    const put = (name: string) => ledger.run(() => names.putSync(name, 1));
    await put('first');
    const fails = () => {
      names.putSync('half', 1);
      throw new Error('no room');
    };
    const ends = await Promise.allSettled([put('second'), ledger.run(fails), put('third')]);
    t.same(
      ends.map((end) => end.status === 'rejected' && end.reason.message),
      ['no room', 'no room', 'no room'],
    );
    t.same([...names.getKeys()], ['first']);
    const slow = ledger.run(() => names.putSync('slow', 1), 60_000);
    await put('fourth');
    await slow;
    const last = ledger.run(() => names.putSync('last', 1), 60_000);
    await ledger.close();
    await t.resolves(last, 'a close waits for nothing');
  },
);

t.test('an audit file that cannot be written refuses nobody', async (t) => {
  const { log, logged } = quietContext();
  const audit = openAudit('/dev/full', log);
  for (const value of [1, 2]) {
    t.equal(await audit.of({ event: 'register', peer: '127.0.0.1' }, () => value), value);
  }
  t.equal(logged().match(/audit lines wait: ENOSPC/g)?.length, 1, 'said once');
});
