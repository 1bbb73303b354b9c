import { randomBytes, randomInt } from 'node:crypto';
import t from 'tap';
import { ByteKeys } from '../../src/store/memory/byte-keys.js';
import { CHUNK_BYTES } from '../../src/store/memory/chunks.js';
import { Lifetimes, NO_SLOT } from '../../src/store/memory/lifetimes.js';
import { createMemoryStore, type MemoryStoreOptions } from '../../src/store/memory/memory-store.js';
import {
  newChallenge,
  newMpinId,
  newRegistration,
  right,
  type StoreUnderTest,
  storeContract,
  wrong,
} from './contract.js';

const LIFE_MS = 15_000;
const DAY_MS = 86_400_000;

function create(limits: Partial<Omit<MemoryStoreOptions, 'now'>> = {}): StoreUnderTest {
  let nowMs = 1_700_000_000_123;
  const store = createMemoryStore({
    registrationsMax: 1_000,
    challengesMax: 1_000,
    resultsMax: 1_000,
    failingIdentitiesMax: 1_000,
    identityBytesMax: 1_000_000,
    permitIdentitiesMax: 1_000,
    meetingsMax: 1_000,
    otpUsersMax: 1_000,
    noncesMax: 1_000,
    revocationsMax: 1_000,
    ...limits,
    now: () => nowMs,
  });
  const pass = async (ms: number): Promise<void> => {
    nowMs += ms;
  };
  return { store, now: () => nowMs, pass };
}

const full = { name: 'StoreError', reason: 'full' };

storeContract(t, 'memory', () => create());

t.test('a full challenge table refuses, and has room again when lives end', async (t) => {
  const { store, pass } = create({ challengesMax: 40 });
  const put = () => store.putChallenge(newMpinId(), newChallenge('a'), LIFE_MS);
  for (let count = 0; count < 40; count += 1) await put();
  await t.rejects(async () => put(), full);
  await pass(LIFE_MS);
  for (let count = 0; count < 40; count += 1) await put();
  await t.rejects(async () => put(), full);
});

t.test('an identity at its limit of challenges can go on in a full table', async (t) => {
  const { store } = create({ challengesMax: 16 });
  const mpinId = newMpinId();
  for (let count = 0; count < 40; count += 1) {
    await store.putChallenge(mpinId, newChallenge('a'), LIFE_MS);
  }
  t.equal((await store.challenges(mpinId)).length, 16);
});

t.test('settling a challenge makes room at once', async (t) => {
  const { store } = create({ challengesMax: 1 });
  for (let count = 0; count < 5; count += 1) {
    const [mpinId, challenge] = [newMpinId(), newChallenge('a')];
    await store.putChallenge(mpinId, challenge, LIFE_MS);
    t.equal(await store.settle(right(mpinId, challenge.id)), 200);
  }
});

t.test('without room for the result nothing is consumed, counted or cleared', async (t) => {
  const { store } = create({ resultsMax: 1 });
  const token = () => randomBytes(16).toString('hex');
  const [mpinId, challenge, kept] = [newMpinId(), newChallenge('a'), token()];
  await store.putChallenge(mpinId, challenge, LIFE_MS);
  await store.settle(wrong(mpinId));
  await store.settle(wrong(mpinId, { authOTT: kept }));
  await t.rejects(async () => store.settle(wrong(mpinId, { authOTT: token() })), full);
  await t.rejects(
    async () => store.settle(right(mpinId, challenge.id, { authOTT: token() })),
    full,
  );
  t.strictSame(await store.takeResult(kept), { status: 401, mpinId });
  t.equal((await store.challenges(mpinId)).length, 1);
  t.equal(await store.settle(wrong(mpinId, { authOTT: token() })), 'locks', 'two were counted');
});

t.test('a full failure table refuses new failures; known ones and right PINs go on', async (t) => {
  const { store } = create({ failingIdentitiesMax: 2 });
  const [locked, failing, fresh] = [newMpinId(), newMpinId(), newMpinId()];
  for (let tries = 0; tries < 3; tries += 1) await store.settle(wrong(locked));
  await store.settle(wrong(failing));
  const authOTT = randomBytes(16).toString('hex');
  await t.rejects(async () => store.settle(wrong(fresh, { authOTT })), full);
  t.equal(await store.takeResult(authOTT), undefined, 'a refused attempt has no result');
  t.equal(await store.settle(right(fresh)), 200);
  t.equal(await store.settle(wrong(failing)), 401);
  t.equal(await store.settle(wrong(failing)), 'locks');
  t.equal(await store.settle(right(locked)), 410, 'what was answered is never forgotten');
});

t.test('a full registration table refuses new ones, and a restart goes on', async (t) => {
  const { store, now, pass } = create({ registrationsMax: 1 });
  const first = newRegistration(newMpinId(), now() + LIFE_MS);
  await store.putRegistration(first);
  const second = newRegistration(newMpinId(), now() + LIFE_MS);
  await t.rejects(async () => store.putRegistration(second), full);
  await store.putRegistration({ ...first, deviceName: 'restarted' });
  t.equal((await store.registration(first.mpinId))?.deviceName, 'restarted');
  await pass(LIFE_MS);
  await store.putRegistration({ ...second, expiresAtMs: now() + LIFE_MS });
  t.ok(await store.registration(second.mpinId));
});

t.test('a full permit cache forgets the identity that ends first', async (t) => {
  const { store, now } = create({ permitIdentitiesMax: 2 });
  const today = Math.floor(now() / DAY_MS);
  const hashes = Array.from({ length: 3 }, () => randomBytes(32).toString('hex'));
  for (const hash of hashes) {
    await store.cachePermits(hash, new Map([[today, randomBytes(65).toString('hex')]]));
  }
  const kept = await Promise.all(hashes.map((hash) => store.cachedPermit(hash, today)));
  t.strictSame(
    kept.map((permit) => permit !== undefined),
    [false, true, true],
  );
});

t.test('a permit is given out until the last millisecond of its day', async (t) => {
  const { store, now, pass } = create();
  const today = Math.floor(now() / DAY_MS);
  const hash = randomBytes(32).toString('hex');
  const permit = randomBytes(65).toString('hex');
  await store.cachePermits(hash, new Map([[today, permit]]));
  await pass((today + 1) * DAY_MS - 1 - now());
  t.equal(await store.cachedPermit(hash, today), permit);
  await pass(1);
  t.equal(await store.cachedPermit(hash, today), undefined);
});

t.test('a challenge of a wrong shape never reaches its neighbours', async (t) => {
  const { store } = create();
  const challenge = newChallenge('a');
  for (const bad of [
    { ...challenge, u: randomBytes(66) },
    { ...challenge, ut: randomBytes(64) },
    { ...challenge, y: randomBytes(31) },
    { ...challenge, id: 'x'.repeat(17) },
    { ...challenge, peer: 'x'.repeat(41) },
  ]) {
    await t.rejects(async () => store.putChallenge(newMpinId(), bad, LIFE_MS), RangeError);
  }
});

t.test('a clock that steps back or far ahead leaves no entry beyond its life', async (t) => {
  const { store, pass } = create({ challengesMax: 3 });
  const ids = [newMpinId(), newMpinId(), newMpinId(), newMpinId()] as const;
  await store.putChallenge(ids[0], newChallenge('a'), LIFE_MS);
  await pass(-60_000);
  await store.putChallenge(ids[1], newChallenge('a'), LIFE_MS);
  await pass(LIFE_MS);
  t.strictSame(await store.challenges(ids[1]), [], 'over, though one before it is not');
  t.equal((await store.challenges(ids[0])).length, 1);
  await pass(1_000 * DAY_MS);
  for (const id of [ids[1], ids[2], ids[3]]) {
    await store.putChallenge(id, newChallenge('a'), LIFE_MS);
  }
  t.strictSame(await store.challenges(ids[0]), []);
});

t.test('what cannot be kept as it is is refused before anything is decided', async (t) => {
  const { store } = create();
  const mpinId = newMpinId();
  for (const bad of [{ authOTT: 'x'.repeat(129) }, { authOTT: 'x', otp: '12345' }]) {
    await t.rejects(
      async () => store.settle(wrong(mpinId, { ...bad, failuresMax: 1 })),
      RangeError,
    );
  }
  t.equal(await store.settle(right(mpinId)), 200);
  const longest = 'é'.repeat(64);
  await store.settle(right(mpinId, undefined, { authOTT: longest, otp: '000000' }));
  t.equal(await store.takeResult(longest.slice(1)), undefined);
  t.equal(await store.takeResult('x'.repeat(100_000)), undefined);
  t.strictSame(await store.takeResult(longest), { status: 200, mpinId, otp: '000000' });
});

t.test('identities of any length share one bound on their memory', async (t) => {
  const { store, pass } = create({ identityBytesMax: 3_000 });
  const long = () => randomBytes(2_048).toString('hex');
  const kept = long();
  await store.putChallenge(kept, newChallenge('a'), LIFE_MS);
  await t.rejects(async () => store.putChallenge(long(), newChallenge('a'), LIFE_MS), full);
  await t.rejects(async () => store.settle(wrong(long())), full);
  await store.putChallenge(kept, newChallenge('a'), LIFE_MS);
  t.match(store.sizes(), { challenges: 2, results: 0, failingIdentities: 0 });
  await pass(LIFE_MS);
  const short = newMpinId();
  await store.putChallenge(short, newChallenge('a'), LIFE_MS);
  await store.putChallenge(long(), newChallenge('a'), LIFE_MS);
  t.equal((await store.challenges(short)).length, 1);
});

t.test('failing identities, which never end, leave most of the memory to others', async (t) => {
  const { store } = create({ identityBytesMax: 9_000 });
  let failing = 0;
  try {
    for (; failing < 100; failing += 1) await store.settle(wrong(newMpinId()));
  } catch (error) {
    t.match(error, full);
  }
  const bytes = store.sizes().identityBytes ?? 0;
  t.ok(bytes > 2_500 && bytes <= 3_000, `${failing} identities in ${bytes} bytes`);
  const mpinId = newMpinId();
  const challenge = newChallenge('a');
  await store.putChallenge(mpinId, challenge, LIFE_MS);
  t.equal(await store.settle(right(mpinId, challenge.id)), 200);
});

t.test('everything that ends gives back all the room it took', async (t) => {
  const { store, pass } = create();
  for (let round = 0; round < 50; round += 1) {
    const [mpinId, challenge] = [newMpinId(), newChallenge('a')];
    await store.putChallenge(mpinId, challenge, LIFE_MS);
    await store.settle(wrong(mpinId, { authOTT: randomBytes(16).toString('hex') }));
    await store.settle(right(mpinId, round % 2 === 0 ? challenge.id : undefined));
    await store.settle(right(mpinId, 'gone already'));
  }
  t.match(store.sizes(), { challenges: 25, results: 50, failingIdentities: 0 });
  await pass(100 * LIFE_MS);
  for (let count = 0; count < 10; count += 1) {
    const [mpinId, challenge] = [newMpinId(), newChallenge('a')];
    await store.putChallenge(mpinId, challenge, LIFE_MS);
    const authOTT = randomBytes(16).toString('hex');
    await store.settle(right(mpinId, challenge.id, { authOTT }));
    await store.takeResult(authOTT);
  }
  t.same(store.sizes(), {
    registrations: 0,
    meetings: 0,
    otps: 0,
    nonces: 0,
    counters: 0,
    revocations: 0,
    challenges: 0,
    results: 0,
    failingIdentities: 0,
    identityBytes: 0,
  });
});

t.test('keys of bytes agree with a plain map, however full their table is', async (t) => {
  const seed = randomInt(2 ** 31);
  t.comment(`seed ${seed}`);
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >> 8) % below;
  };
  const capacity = 96;
  const keys = new ByteKeys(capacity, capacity * 4 * CHUNK_BYTES, 'hex');
  const model = new Map<string, number>();
  const free = Array.from({ length: capacity }, (_, slot) => slot);
  // Lengths around the bounds of words and chunks; zeros, so that only the length tells apart.
  const keyOf = (choice: number) => (choice % 2 ? '00' : 'ab').repeat((choice >> 1) % 240);
  for (let step = 0; step < 40_000; step += 1) {
    const key = keyOf(random(480));
    const slot = keys.find(key);
    if (slot !== (model.get(key) ?? NO_SLOT)) throw new Error(`${key} is at ${slot}`);
    if (slot === NO_SLOT && free.length > 0) {
      const taken = free.pop() as number;
      if (!keys.addSought(taken)) throw new Error('no room for a key');
      model.set(key, taken);
    } else if (slot !== NO_SLOT && random(3) > 0) {
      if (keys.keyOf(slot) !== key) throw new Error(`${key} became ${keys.keyOf(slot)}`);
      keys.remove(slot);
      model.delete(key);
      free.push(slot);
    }
  }
  t.ok(model.size > 0, 'the table was in use');
  for (const slot of model.values()) keys.remove(slot);
  t.equal(keys.takenBytes, 0);
});

t.test('lifetimes hand out every slot once and agree with a plain model', async (t) => {
  const seed = randomInt(2 ** 31);
  t.comment(`seed ${seed}`);
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >> 8) % below;
  };
  const capacity = 50;
  const lifetimes = new Lifetimes(capacity);
  const model = new Map<number, number>();
  let nowMs = 0;
  for (let step = 0; step < 20_000; step += 1) {
    nowMs += random(3);
    if (random(2) === 0) {
      const lifeMs = [10, 25, 100][random(3)] ?? 10;
      const slot = lifetimes.take(lifeMs, nowMs);
      if (slot === NO_SLOT) {
        if (model.size !== capacity) throw new Error(`refused with ${model.size} taken`);
      } else {
        if (model.has(slot)) throw new Error(`slot ${slot} taken twice`);
        model.set(slot, nowMs + lifeMs);
      }
    } else if (random(4) === 0) {
      const slot = [...model.keys()][random(Math.max(1, model.size))];
      if (slot !== undefined) {
        lifetimes.release(slot);
        model.delete(slot);
      }
    } else {
      lifetimes.clearSome(nowMs, (slot) => {
        const endsMs = model.get(slot) ?? Number.POSITIVE_INFINITY;
        if (endsMs > nowMs) throw new Error(`slot ${slot} removed before its end`);
        model.delete(slot);
        lifetimes.release(slot);
      });
    }
  }
  for (let calls = 0; calls < capacity; calls += 1) {
    lifetimes.clearSome(nowMs + 1_000, (slot) => {
      model.delete(slot);
      lifetimes.release(slot);
    });
  }
  t.equal(model.size, 0, 'everything ends');
  t.equal(lifetimes.taken, 0);
  t.throws(() => lifetimes.release(0), /not taken/);
});
