import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { type FileStoreOptions, openFileStore } from '../../src/store/file/file-store.js';
import { readKept, writeKept } from '../../src/store/file/json.js';
import { storeContract } from './contract.js';
import {
  newChallenge,
  newMpinId,
  newRegistration,
  right,
  type StoreUnderTest,
  wrong,
} from './subject.js';

const LIFE_MS = 15_000;
const DAY_MS = 86_400_000;
const full = { name: 'StoreError', reason: 'full' };
const token = (): string => randomBytes(16).toString('hex');

const folder = mkdtempSync(join(tmpdir(), 'mpin-file-'));
t.teardown(() => rmSync(folder, { recursive: true }));

let files = 0;

function create(more: Partial<FileStoreOptions> = {}) {
  let nowMs = 1_700_000_000_123;
  files += 1;
  const store = openFileStore({
    file: join(folder, `store-${files}`),
    sync: false,
    bytesMax: 10_000_000,
    registrationsMax: 1_000,
    challengesMax: 1_000,
    resultsMax: 1_000,
    failingIdentitiesMax: 1_000,
    permitIdentitiesMax: 1_000,
    meetingsMax: 1_000,
    otpUsersMax: 1_000,
    noncesMax: 1_000,
    revocationsMax: 1_000,
    ...more,
    now: () => nowMs,
  });
  const pass = async (ms: number): Promise<void> => {
    nowMs += ms;
  };
  return { store, now: () => nowMs, pass };
}

storeContract(t, 'file', (): StoreUnderTest => create());

t.test('what overflows is refused before anything changes, and ends make room', async (t) => {
  const { store, pass } = create({ challengesMax: 40, resultsMax: 1, failingIdentitiesMax: 2 });
  const put = async () => store.putChallenge(newMpinId(), newChallenge('a'), LIFE_MS);
  for (let count = 0; count < 40; count += 1) await put();
  await t.rejects(put(), full);
  await pass(LIFE_MS);
  for (let count = 0; count < 40; count += 1) await put();
  await t.rejects(put(), full);

  const [mpinId, other, kept] = [newMpinId(), newMpinId(), token()];
  await store.settle(wrong(mpinId));
  await store.settle(wrong(mpinId, { authOTT: kept }));
  await t.rejects(async () => store.settle(wrong(mpinId, { authOTT: token() })), full);
  t.strictSame(await store.takeResult(kept), { status: 401, mpinId });
  t.equal(await store.settle(wrong(mpinId, { authOTT: token() })), 'locks', 'two were counted');
  await store.settle(wrong(other));
  await t.rejects(async () => store.settle(wrong(newMpinId())), full);
  t.equal(await store.settle(right(newMpinId())), 200, 'right PINs need no counter');
  t.equal(await store.settle(wrong(other)), 401, 'known ones are counted on');
  t.match(store.sizes(), { challenges: 40, results: 1, failingIdentities: 2 });
  store.check();
});

t.test('bytes are bounded as a whole, and an identity can go on among its own', async (t) => {
  const { store, now, pass } = create({ bytesMax: 20_000 });
  const long = () => randomBytes(2_048).toString('hex');
  const settle = async () => store.settle(right(long(), undefined, tokenAttempt()));
  const tokenAttempt = () => ({ authOTT: token(), resultLifeMs: LIFE_MS });
  for (let count = 0; count < 10; count += 1) await settle();
  await t.rejects(settle(), full);
  await t.rejects(
    async () => store.putRegistration(newRegistration(newMpinId(), now() + LIFE_MS)),
    full,
  );
  t.ok((store.sizes().entryBytes ?? 0) >= 20_000);
  await pass(LIFE_MS);
  await settle();
  await settle();
  t.ok((store.sizes().entryBytes ?? 0) < 20_000);
  store.check();
});

t.test('a full permit cache forgets the identity that ends first', async (t) => {
  const { store, now } = create({ permitIdentitiesMax: 2 });
  const today = Math.floor(now() / DAY_MS);
  const hashes = Array.from({ length: 3 }, () => randomBytes(32).toString('hex'));
  for (const [index, hash] of hashes.entries()) {
    const permits = new Map([[today + index, randomBytes(65).toString('hex')]]);
    await store.cachePermits(hash, permits);
  }
  const kept = hashes.map((hash, index) => store.cachedPermit(hash, today + index));
  t.strictSame(
    kept.map((permit) => permit !== undefined),
    [false, true, true],
  );
  store.check();
});

t.test('what cannot be kept as it is is refused before anything is decided', async (t) => {
  const { store } = create();
  const [mpinId, challenge] = [newMpinId(), newChallenge('a')];
  for (const bad of [
    { ...challenge, u: randomBytes(66) },
    { ...challenge, ut: randomBytes(64) },
    { ...challenge, y: randomBytes(31) },
    { ...challenge, id: 'x'.repeat(17) },
    { ...challenge, peer: 'x'.repeat(41) },
  ]) {
    await t.rejects(async () => store.putChallenge(mpinId, bad, LIFE_MS), RangeError);
  }
  for (const bad of [{ authOTT: 'x'.repeat(129) }, { authOTT: 'x', otp: '12345' }]) {
    await t.rejects(
      async () => store.settle(wrong(mpinId, { ...bad, failuresMax: 1 })),
      RangeError,
    );
  }
  t.equal(await store.settle(right(mpinId)), 200);
  t.equal(await store.takeResult('x'.repeat(129)), undefined);
});

t.test('state outlives its processes, for its owner alone', async (t) => {
  const file = join(folder, 'outlives');
  const first = create({ file });
  const [mpinId, challenge] = [newMpinId(), newChallenge('a')];
  await first.store.putChallenge(mpinId, challenge, LIFE_MS);
  await first.store.settle(wrong(mpinId));
  await first.store.close();
  for (const one of ['', '-lock', '-gate', '-gate-lock'].map((end) => file + end)) {
    t.equal(statSync(one).mode & 0o777, 0o600);
    chmodSync(one, 0o644);
  }
  const { store } = create({ file });
  t.teardown(() => store.close());
  t.equal(statSync(file).mode & 0o777, 0o600, 'also when it was not before');
  t.equal(await store.settle(wrong(mpinId)), 401);
  t.equal(await store.settle(right(mpinId, challenge.id)), 200);
});

t.test('a place that cannot be used is refused in a line that names it', async (t) => {
  const at = (name: string, content?: string | Buffer) => {
    const file = join(folder, name);
    if (content !== undefined) writeFileSync(file, content);
    return () => create({ file });
  };
  mkdirSync(join(folder, 'a-folder'));
  t.throws(() => create({ file: '' }), /^fileStorageLocation: the path of the file is needed/);
  t.throws(at('a-folder'), /a-folder is not a file/);
  writeFileSync(join(folder, 'a-text'), '');
  t.throws(at('a-text/state'), /folder .*a-text: is no folder/);
  t.throws(at('garbage', randomBytes(20_000)), /garbage is not a database of this program/);
  t.throws(at('short', 'hello'), /short is not a database of this program/);
  t.throws(at('old.json', '{"items": []}'), /old\.json is JSON.*mpin store import/);
});

t.test('failures and registrations go from one store to another as JSON', async (t) => {
  const [from, to] = [create(), create()];
  const locked = newMpinId();
  for (let tries = 0; tries < 3; tries += 1) await from.store.settle(wrong(locked));
  const failing = newMpinId();
  await from.store.settle(wrong(failing));
  const registration = newRegistration(newMpinId(), from.now() + LIFE_MS);
  await from.store.putRegistration(registration);
  await from.store.putRegistration(newRegistration(newMpinId(), from.now() - 1));
  const revoked = newMpinId();
  await from.store.setRevoked(revoked, true);
  await to.store.settle(wrong(failing));
  await to.store.settle(wrong(failing));
  const text = [...writeKept(from.store.kept())].join('');
  t.same(await to.store.restore(readKept(text)), { failures: 1, revoked: 1, registrations: 1 });
  t.equal(to.store.revoked(revoked), true);
  t.equal(await to.store.settle(right(locked)), 410);
  t.equal(await to.store.settle(wrong(failing)), 'locks', 'no failure is taken away');
  t.strictSame(to.store.registration(registration.mpinId), registration);
  t.same(await to.store.restore(readKept(text)), { failures: 0, revoked: 0, registrations: 0 });
  to.store.check();
  const secrets = /[0-9a-f]{8}/;
  for (const [bad, why] of [
    ['[]', /not a JSON object/],
    ['{"stage": {}}', /not of the format .* not documented/],
    [text.replace('"failures":3', '"failures":-3'), /an entry of it is not what it should be/],
    [text.replace('"mobile":0', '"mobile":2'), /an entry of it is not what it should be/],
  ] as const) {
    t.throws(() => readKept(bad), why);
    try {
      readKept(bad);
    } catch (error) {
      t.notMatch((error as Error).message, secrets);
    }
  }
});

t.test('answers that wait for the disk are the same', async (t) => {
  const { store } = create({ sync: true });
  t.teardown(() => store.close());
  const mpinId = newMpinId();
  const settled = await Promise.all([1, 2, 3].map(() => store.settle(wrong(mpinId))));
  t.same(settled, [401, 401, 'locks']);
  await store.ping();
});
