/** Time permits that are published: where, when and how, and clients that log in with them. */
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { HostedOptions } from '../../src/config/hosted.js';
import { timePermitShare } from '../../src/crypto/index.js';
import { openBackup } from '../../src/ta/backup.js';
import { startHosted } from '../../src/ta/hosted.js';
import { PermitBucket } from '../../src/ta/permits/bucket.js';
import { ensureBuilt, freePorts, mpin, startMpin, until } from '../e2e/program.js';
import { fillIdentities, openIdentities } from './published.js';
import { ACCESS_KEY_ID, BUCKET, SECRET_ACCESS_KEY, signatureV4, startStore } from './s3-server.js';
import {
  APP,
  clientSecretFields,
  folderOf,
  get,
  hostedOptionsIn,
  NOW,
  OTHER,
  permitFields,
  query,
  quietContext,
  runHosted,
  TODAY,
} from './services.js';

/** Programs are started, which takes long where cores are few. */
t.setTimeout(180_000);

const DAY_MS = 86_400_000;
const newHash = () => randomBytes(32).toString('hex');
const permitQuery = (hash: string, app = APP) =>
  query('/timePermit', permitFields(hash, app, { app_id: app.app_id }));
const fileOf = (folder: string, hash: string, day = TODAY, app = APP) =>
  join(folder, app.app_id, String(day), hash);

/** What the share must be, computed from the backup alone. */
async function shareOf({ backup_file }: { backup_file: string }, hash: string, day: number) {
  const text = fs.readFileSync(backup_file, 'utf8');
  const { secret } = await openBackup(text, { passphrase: '', salt: '' });
  return Buffer.from(timePermitShare(secret, Buffer.from(hash, 'hex'), day)).toString('hex');
}

/** Starts a hosted side that stops when it is told to, or at the end of the test. */
async function startStoppable(t: Test, options: HostedOptions, context = quietContext()) {
  const role = await startHosted(options, context);
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= role.stop();
    return stopped;
  };
  t.teardown(stop);
  return { ...role, ...context, stop };
}

const published = (file: string) => until(file, () => fs.existsSync(file));

t.test('a first request publishes today and the next days within two seconds', async (t) => {
  const mask = process.umask(0o077);
  t.teardown(() => process.umask(mask));
  const { address, options } = await runHosted(t);
  const { permitsFolder: folder } = options;
  for (const [app, path] of [
    [APP, (hash: string) => permitQuery(hash)],
    [OTHER, (hash: string) => query('/v3/clientSecret', clientSecretFields(hash, OTHER))],
  ] as const) {
    const hash = newHash();
    const asked = performance.now();
    t.equal((await get(address + path(hash))).status, 200);
    for (const day of [TODAY, TODAY + 1, TODAY + 2]) {
      const file = fileOf(folder, hash, day, app);
      await published(file);
      t.equal(fs.readFileSync(file, 'latin1'), await shareOf(options, hash, day), 'bare hex');
      t.equal(fs.statSync(file).mode & 0o777, 0o644);
    }
    t.ok(performance.now() - asked < 2000, `${performance.now() - asked} ms`);
    t.equal(fs.statSync(join(folder, app.app_id, String(TODAY))).mode & 0o777, 0o755);
    t.same(
      fs.readdirSync(join(folder, app.app_id)).sort(),
      [TODAY, TODAY + 1, TODAY + 2].map(String),
    );
    t.same(fs.readdirSync(join(folder, app.app_id, String(TODAY))), [hash], 'and nothing else');
  }
  t.equal(fs.statSync(folder).mode & 0o777, 0o755);
  t.same(fs.readdirSync(join(folder, '.new')), []);
});

t.test('a published permit is served with the headers that caches and pages need', async (t) => {
  const { address, options, time } = await runHosted(t);
  const hash = newHash();
  await get(address + permitQuery(hash));
  await published(fileOf(options.permitsFolder, hash, TODAY + 2));
  const share = await shareOf(options, hash, TODAY);
  const urlOf = (id: string, day: number | string = TODAY, app = APP.app_id, prefix = '') =>
    `${address}${prefix}/permits/${app}/${day}/${id}`;
  for (const url of [
    urlOf(hash),
    urlOf(hash.toUpperCase()),
    urlOf(hash, TODAY, APP.app_id, '/v3'),
  ]) {
    const reply = await fetch(url, { headers: { Origin: 'https://app.example' } });
    t.equal(reply.status, 200);
    t.equal(await reply.text(), share);
    t.equal(reply.headers.get('content-length'), '130');
    t.match(reply.headers.get('content-type'), /^text\/plain/);
    t.equal(reply.headers.get('cache-control'), 'public, max-age=43200', 'noon to midnight');
    t.equal(reply.headers.get('access-control-allow-origin'), '*');
  }
  const etag = (await fetch(urlOf(hash), { method: 'HEAD' })).headers.get('etag') ?? '';
  t.match(etag, /^"[0-9a-f]{32}"$/);
  for (const known of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
    const reply = await fetch(urlOf(hash), { headers: { 'If-None-Match': known } });
    t.equal(reply.status, 304, known);
    t.equal(await reply.text(), '');
    t.equal(reply.headers.get('etag'), etag);
  }
  const changed = await fetch(urlOf(hash), { headers: { 'If-None-Match': '"another"' } });
  t.equal(changed.status, 200);
  await changed.text();
  time.now += DAY_MS;
  const late = await fetch(urlOf(hash));
  t.equal(late.headers.get('cache-control'), 'no-cache', 'its day is over');
  await late.text();

  const missing = [
    urlOf(newHash()),
    urlOf(hash, TODAY + 3),
    urlOf(hash, `0${TODAY}`),
    urlOf(hash, TODAY, OTHER.app_id),
    urlOf(hash, TODAY, 'unknown'),
    urlOf(hash.slice(2)),
    urlOf(`${hash}%00`.slice(2)),
    urlOf(hash, '..%2f..'),
    urlOf('..%2f..%2fhosted-backup.json'),
    `${address}/permits/.new/${TODAY}/${hash}`,
  ];
  for (const [index, share] of ['', 'ab', `${'a'.repeat(130)}\n`, 'x'.repeat(130)].entries()) {
    const damaged = `${index}`.repeat(64);
    fs.writeFileSync(fileOf(options.permitsFolder, damaged), share);
    missing.push(urlOf(damaged));
  }
  for (const url of missing) {
    const reply = await get(url, { headers: { Origin: 'https://app.example' } });
    t.ok([400, 404].includes(reply.status), url);
    t.match(reply.body, { message: /./ });
    t.equal(reply.headers.get('cache-control'), 'no-store', 'it may be there in a moment');
    t.equal(reply.headers.get('access-control-allow-origin'), '*');
  }
});

t.test('a permit is made again when it is lost, and for a new client secret', async (t) => {
  const { address, options } = await runHosted(t);
  const hash = newHash();
  const file = fileOf(options.permitsFolder, hash);
  await get(address + permitQuery(hash));
  await published(fileOf(options.permitsFolder, hash, TODAY + 2));
  const share = fs.readFileSync(file, 'latin1');
  const isRight = () => fs.existsSync(file) && fs.readFileSync(file, 'latin1') === share;

  fs.rmSync(file);
  await get(address + permitQuery(hash));
  await until('the lost one', isRight);
  fs.writeFileSync(file, '');
  await get(address + permitQuery(hash));
  await until('one cut short', isRight);
  fs.rmSync(join(options.permitsFolder, APP.app_id), { recursive: true });
  await get(address + permitQuery(hash));
  await until('the whole folder', isRight);
  const other = '04'.repeat(65);
  fs.writeFileSync(file, other);
  await get(address + permitQuery(hash));
  await get(address + permitQuery(newHash()));
  t.equal(fs.readFileSync(file, 'latin1'), other, 'what is there is left alone');
  await get(address + query('/clientSecret', clientSecretFields(hash)));
  await until('one of another master secret', isRight);
});

t.test('revoked identities and disabled applications are not served, nor published', async (t) => {
  const folder = folderOf(t);
  const revocationFile = join(folder, 'revoked');
  fs.writeFileSync(revocationFile, '');
  const options = hostedOptionsIn(folder, { revocationFile });
  const [hash, kept] = [newHash(), newHash()];
  const first = await startStoppable(t, options);
  for (const one of [hash, kept]) await get(first.address + permitQuery(one));
  await get(first.address + permitQuery(hash, OTHER));
  for (const one of [hash, kept]) await published(fileOf(options.permitsFolder, one, TODAY + 2));
  await published(fileOf(options.permitsFolder, hash, TODAY + 2, OTHER));
  await first.stop();

  fs.writeFileSync(revocationFile, `${hash}\n`);
  const [mine = ''] = options.credentialsFile;
  const second = await startHosted({ ...options, credentialsFile: [mine] }, quietContext());
  t.teardown(() => second.stop());
  const status = async (one: string, app = APP) =>
    (await fetch(`${second.address}/permits/${app.app_id}/${TODAY}/${one}`)).status;
  t.same([await status(hash), await status(kept)], [404, 200]);
  t.equal(await status(kept, OTHER), 404, 'its application is not known any more');
  const gone = [TODAY, TODAY + 1, TODAY + 2].map((day) => fileOf(options.permitsFolder, hash, day));
  await until('the run', () => !gone.some((file) => fs.existsSync(file)));
  t.ok(fs.existsSync(fileOf(options.permitsFolder, kept)));
});

t.test('before midnight the next day is published, and days past are removed', async (t) => {
  const folder = folderOf(t);
  const options = hostedOptionsIn(folder, { permitsDays: 2, permitsForgetDays: 5 });
  const { permitsFolder } = options;
  const days = () => fs.readdirSync(join(permitsFolder, APP.app_id)).map(Number).sort();
  const run = async (now: number) => {
    const context = quietContext();
    context.time.now = now;
    return startStoppable(t, options, context);
  };
  const [hash, other] = [newHash(), newHash()];
  const due = NOW + 10 * 3_600_000;
  const first = await run(due - 300);
  await get(first.address + permitQuery(hash));
  await published(fileOf(permitsFolder, hash, TODAY + 1));
  t.same(days(), [TODAY, TODAY + 1]);
  first.time.now = due;
  await published(fileOf(permitsFolder, hash, TODAY + 2));
  t.match(first.logged(), /"untilDay":\d+.*permits are published/);
  await get(first.address + permitQuery(other));
  await published(fileOf(permitsFolder, other, TODAY + 2));
  await first.stop();

  fs.writeFileSync(join(permitsFolder, APP.app_id, String(TODAY), 'notes'), 'of somebody');
  const second = await run(due + 2 * DAY_MS);
  await published(fileOf(permitsFolder, hash, TODAY + 4));
  await until('the removal', () => !fs.existsSync(fileOf(permitsFolder, hash, TODAY)));
  t.same(days(), [TODAY, TODAY + 1, TODAY + 2, TODAY + 3, TODAY + 4]);
  t.same(fs.readdirSync(join(permitsFolder, APP.app_id, String(TODAY))), ['notes']);
  await get(second.address + permitQuery(hash));
  await second.stop();

  const third = await run(due + 6 * DAY_MS);
  await published(fileOf(permitsFolder, hash, TODAY + 8));
  await until('the end of the run', () => /permits are published/.test(third.logged()));
  t.notOk(fs.existsSync(fileOf(permitsFolder, other, TODAY + 8)), 'not seen for long');
  t.match(third.logged(), /"forgotten":1/);
});

t.test('a run that was killed is gone on with, and says how far it is', async (t) => {
  await ensureBuilt();
  const cwd = folderOf(t);
  const count = 20_000;
  const options = hostedOptionsIn(cwd, { permitsDays: 1 });
  const role = await startHosted(options, quietContext());
  await role.stop();
  const hashes = await fillIdentities(options.permitsIdentitiesFolder, APP.app_id, count);
  const file = join(cwd, 'hosted.json');
  const { credentialsFile, backup_file, permitsFolder, permitsIdentitiesFolder } = options;
  const shared = { permitsFolder, permitsIdentitiesFolder, permitsDays: 1, permitsLeadMinutes: 1 };
  const rest = { credentialsFile, backup_file, encrypt_master_secret: false, dtaPort: 0 };
  fs.writeFileSync(file, JSON.stringify({ ...shared, ...rest }));
  const run = ['permits', 'run', `--config-file=${file}`];

  const killed = startMpin(run, { cwd });
  const identities = openIdentities(permitsIdentitiesFolder);
  const looked = () => identities.lastRun()?.looked ?? 0;
  await until('a page', () => looked() >= 2000, killed.stderr);
  const twice = await mpin(run, { cwd });
  t.equal(twice.code, 1);
  t.match(twice.stderr, /a run is under way already \(process \d+\)/);
  killed.child.kill('SIGKILL');
  t.equal(await killed.ended, 'SIGKILL');
  const before = identities.lastRun();
  t.equal(before?.endedMs, undefined);
  t.ok((before?.looked ?? count) < count, `${before?.looked} of ${count}`);
  const folder = `--permits-identities-folder=${permitsIdentitiesFolder}`;
  const status = async () => (await mpin(['permits', 'status', folder], { cwd })).stdout;
  t.match(await status(), /^20000 identities are known\n.*has not ended/);

  const again = await mpin(run, { cwd });
  t.equal(again.code, 0, again.stderr);
  const last = identities.lastRun();
  t.equal(last?.permits, count - (before?.permits ?? 0), 'only what was missing');
  t.match(await status(), /20000 of 20000 identities, \d+ a second, up to \d{4}-\d\d-\d\d/);
  const [day = ''] = fs.readdirSync(join(permitsFolder, APP.app_id)).sort();
  const files = fs.readdirSync(join(permitsFolder, APP.app_id, day));
  t.same(files.sort(), [...hashes].sort());
  for (const hash of files) {
    const { size } = fs.statSync(fileOf(permitsFolder, hash, Number(day)));
    if (size !== 130) t.fail(`${hash} has ${size} bytes`);
  }
  const [one = ''] = files;
  const text = fs.readFileSync(fileOf(permitsFolder, one, Number(day)), 'latin1');
  t.equal(text, await shareOf(options, one, Number(day)));
  await identities.close();

  fs.rmSync(backup_file);
  const without = await mpin(run, { cwd });
  t.match(without.stderr, /there is no backup/);
  t.notOk(fs.existsSync(backup_file), 'and none is made');
});

const bucketOptions = (url: string): Partial<HostedOptions> => ({
  permitsFolder: '',
  timePermitsStorageURL: `${url}/${BUCKET}`,
  permitsBucket: BUCKET,
  permitsBucketEndpoint: url,
  permitsBucketPathStyle: true,
  permitsBucketAccessKeyId: ACCESS_KEY_ID,
  permitsBucketSecretAccessKey: SECRET_ACCESS_KEY,
});

t.test('the signatures of the test store are those of AWS', async (t) => {
  // The example "GET Object" of the S3 API reference, Signature Calculations.
  const signature = 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41';
  const names = 'host;range;x-amz-content-sha256;x-amz-date';
  const headers = {
    host: 'examplebucket.s3.amazonaws.com',
    range: 'bytes=0-9',
    'x-amz-content-sha256': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    'x-amz-date': '20130524T000000Z',
    authorization:
      'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,' +
      `SignedHeaders=${names},Signature=${signature}`,
  };
  const request = { method: 'GET', url: '/test.txt', headers };
  t.equal(signatureV4(request, 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'), signature);
});

t.test('permits are put into a bucket, signed, and days past are removed', async (t) => {
  const store = await startStore(t);
  const folder = folderOf(t);
  const options = hostedOptionsIn(folder, {
    ...bucketOptions(store.url),
    permitsBucketPrefix: 'v3/',
    permitsKeptDays: 0,
  });
  const hash = newHash();
  const urlOf = (day: number) => `${store.url}/${BUCKET}/v3/${APP.app_id}/${day}/${hash}`;
  const first = await startStoppable(t, options);
  await get(first.address + permitQuery(hash));
  // The run of the start may put them as well.
  const put = () => new Set(store.done.filter((line) => line.startsWith('PUT')));
  await until('three objects', () => put().size === 3);
  const reply = await fetch(urlOf(TODAY));
  t.equal(await reply.text(), await shareOf(options, hash, TODAY));
  t.match(reply.headers.get('content-type'), /^text\/plain/);
  t.equal(reply.headers.get('expires'), new Date((TODAY + 1) * DAY_MS).toUTCString());
  t.equal((await get(`${first.address}/permits/${APP.app_id}/${TODAY}/${hash}`)).status, 404);
  await first.stop();

  const context = quietContext();
  context.time.now = NOW + 2 * DAY_MS;
  const second = await startHosted(options, context);
  t.teardown(() => second.stop());
  const status = async (day: number) => (await fetch(urlOf(day))).status;
  await until('the run', () => /permits are published/.test(context.logged()));
  t.same([await status(TODAY), await status(TODAY + 1), await status(TODAY + 4)], [404, 404, 200]);
  t.match(context.logged(), /"removed":2/);
});

t.test(
  'a store that refuses is named with the reason, one that fails is asked again',
  async (t) => {
    const [port = 0] = await freePorts(1);
    const hash = newHash();
    const url = `http://127.0.0.1:${port}`;
    const late = await runHosted(t, bucketOptions(url));
    t.equal((await get(late.address + permitQuery(hash))).status, 200, 'clients do not notice');
    await until('a refusal', () => /ECONNREFUSED: check permitsBucketEndpoint/.test(late.logged()));
    const store = await startStore(t, { port });
    const isThere = async (id: string) =>
      (await fetch(`${url}/${BUCKET}/${APP.app_id}/${TODAY}/${id}`)).status === 200;
    await until('the permit', () => isThere(hash));
    // More than the tries of the SDK for each of three objects.
    store.failNext(12);
    const second = newHash();
    await get(late.address + permitQuery(second));
    await until('the next one', () => isThere(second));

    const secret = 'another secret of the store';
    const wrong = await runHosted(t, {
      ...bucketOptions(url),
      permitsBucketSecretAccessKey: secret,
    });
    const third = newHash();
    await get(wrong.address + permitQuery(third));
    const words = /SignatureDoesNotMatch \(403\): check permitsBucketSecretAccessKey/;
    await until('the refusal', () => words.test(wrong.logged()));
    t.notOk(await isThere(third));
    t.notMatch(wrong.logged(), secret);
    t.notMatch(late.logged(), SECRET_ACCESS_KEY);
  },
);

t.test('a store that takes a question and never answers holds nobody up', async (t) => {
  let asked = 0;
  const silent = createServer(() => {
    asked += 1;
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    silent.closeAllConnections();
    silent.close();
  });
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const options = hostedOptionsIn(folderOf(t), bucketOptions(url));
  const bucket = new PermitBucket(options, 50);
  t.teardown(() => bucket.close());
  const place = { appId: APP.app_id, day: TODAY, storageId: newHash() };
  const failure = { message: 'bucket permits: ETIMEDOUT', lasting: false };
  await t.rejects(bucket.put(place, '04'.repeat(65)), failure);
  t.equal(asked, 3, 'and was asked again');
});

t.test('options that cannot publish end the start', async (t) => {
  const cases: [Partial<HostedOptions>, RegExp][] = [
    [
      { ...bucketOptions('http://127.0.0.1:1'), timePermitsStorageURL: '' },
      /timePermitsStorageURL/,
    ],
    [
      { permitsFolder: '/dev/null/permits' },
      /permits folder \/dev\/null\/permits: not a directory/,
    ],
  ];
  for (const [more, message] of cases) {
    await t.rejects(startHosted(hostedOptionsIn(folderOf(t), more), quietContext()), { message });
  }
});
