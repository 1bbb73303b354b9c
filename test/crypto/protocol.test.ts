/** Our M-Pin against milagro-crypto-js, and the protocol's own promises. */
import { createHash } from 'node:crypto';
import t from 'tap';
import {
  addG1,
  addG2,
  clientPass1,
  clientPass2,
  clientSecretShare,
  createVerifier,
  extractPin,
  hashId,
  type LoginProof,
  randomSecret,
  serverSecretShare,
  timePermitShare,
} from '../../src/crypto/index.js';
import { negateG1, r, toBytes, toNumber } from './curve.js';
import { login, type Registered, register, TODAY } from './logins.js';
import * as oracle from './oracle.js';
import { Seeded, seed } from './seeded.js';

t.comment(`seed ${seed}`);

/** Pairings of the oracle cost tens of milliseconds: few cases, new ones at each run. */
const CASES = 4;
const OK = 0;
const BAD_PIN = -19;

t.test('hashId is SHA-256 for identities of every length around its block size', async (t) => {
  const random = new Seeded('hash');
  for (const size of [0, 1, 31, 32, 54, 55, 56, 63, 64, 65, 119, 120, 128, 1000, 100_000]) {
    const id = new Uint8Array(size).map((_, index) => (random.bytes(1)[0] ?? 0) ^ index);
    t.same(hashId(id), Uint8Array.from(createHash('sha256').update(id).digest()), `${size} bytes`);
  }
});

t.test('randomSecret is in [1, r) and never the same', async (t) => {
  const secrets = Array.from({ length: 200 }, () => toNumber(randomSecret()));
  t.ok(secrets.every((secret) => secret > 0n && secret < r));
  t.equal(new Set(secrets).size, secrets.length);
  t.ok(secrets.some((secret) => secret > r / 2n) && secrets.some((secret) => secret < r / 2n));
});

t.test('every share, sum and token is theirs byte for byte', async (t) => {
  const random = new Seeded('shares');
  const scalars = [toBytes(1n), toBytes(2n), toBytes(r - 1n), toBytes(r >> 1n)];
  for (const master of [...scalars, ...Array.from({ length: CASES }, randomSecret)]) {
    const mpinId = random.mpinId();
    const hash = hashId(mpinId);
    t.same(hash, oracle.hashId(mpinId), 'hash');
    t.same(serverSecretShare(master), oracle.serverSecretShare(master), 'server secret');
    const secret = clientSecretShare(master, hash);
    t.same(secret, oracle.clientSecretShare(master, hash), 'client secret');
    for (const date of [1, TODAY, 0x7fff_ffff]) {
      const permit = timePermitShare(master, hash, date);
      t.same(permit, oracle.timePermitShare(master, hash, date), `permit of day ${date}`);
      t.same(addG1(secret, permit), oracle.addG1(secret, permit), 'sum in G1');
    }
    const two = serverSecretShare(toBytes(3n));
    const sum = addG2(serverSecretShare(master), two);
    t.same(sum, oracle.addG2(serverSecretShare(master), two), 'sum in G2');
    const pin = random.int(10_000);
    t.same(extractPin(mpinId, pin, secret), oracle.extractPin(mpinId, pin, secret), 'token');
  }
});

t.test('a date uses all four of its bytes', async (t) => {
  const hash = new Seeded('date').bytes(32);
  const dates = [1, 256, 65_536, 2 ** 24, 2 ** 31, 2 ** 32 - 1];
  for (const date of dates) {
    // The hash that is mapped may be had by asking for it directly.
    const text = Buffer.concat([toBytes(BigInt(date)).subarray(28), hash]);
    const mapped = clientSecretShare(toBytes(7n), hashId(text));
    t.same(timePermitShare(toBytes(7n), hash, date), mapped, `${date}`);
  }
});

t.test('adding a point to itself doubles it', async (t) => {
  const hash = new Seeded('double').bytes(32);
  const share = (scalar: bigint) => clientSecretShare(toBytes(scalar), hash);
  const secret = (scalar: bigint) => serverSecretShare(toBytes(scalar));
  t.same(addG1(share(5n), share(5n)), share(10n));
  t.same(addG2(secret(5n), secret(5n)), secret(10n));
});

t.test('both passes are theirs byte for byte, with and without permit', async (t) => {
  const random = new Seeded('passes');
  for (const pin of [0, 1, 1234, 9999, random.int(10_000)]) {
    const client = register(random, pin);
    const { mpinId, token } = client;
    const permit = { date: TODAY, timePermit: client.permit(TODAY) };
    for (const extra of [permit, {}, { date: 0, timePermit: undefined }]) {
      const x = random.scalar();
      const input = { mpinId, pin, token, x, ...extra };
      const ours = clientPass1(input);
      t.same(ours, oracle.clientPass1(input), `pass 1, PIN ${pin}`);
      t.equal('ut' in ours, 'date' in extra && extra.date !== 0, 'ut comes with a permit');
      const second = { x, y: random.scalar(), sec: ours.sec };
      t.same(clientPass2(second), oracle.clientPass2(second), `pass 2, PIN ${pin}`);
    }
  }
});

t.test('they accept our right PINs and refuse our wrong ones', async (t) => {
  const random = new Seeded('ours by them');
  for (const pin of [0, 9999, ...Array.from({ length: CASES }, () => random.int(10_000))]) {
    const client = register(random, pin);
    const date = random.int(2) * TODAY;
    const right = login(random, client, { date });
    const wrong = login(random, client, { date, pin: (pin + 1 + random.int(9999)) % 10_000 });
    t.equal(oracle.verify(client.serverSecret, right), OK, `PIN ${pin}, date ${date}`);
    t.equal(oracle.verify(client.serverSecret, wrong), BAD_PIN, `not PIN ${pin}, date ${date}`);
  }
});

t.test('we say of their logins what they say', async (t) => {
  const random = new Seeded('theirs by us');
  for (const pin of [0, 1, 1234, 9999, random.int(10_000)]) {
    const master = random.scalar();
    const serverSecret = oracle.serverSecretShare(master);
    const verifier = createVerifier(serverSecret);
    const mpinId = random.mpinId();
    const hash = oracle.hashId(mpinId);
    const token = oracle.extractPin(mpinId, pin, oracle.clientSecretShare(master, hash));
    const timePermit = oracle.timePermitShare(master, hash, TODAY);
    for (const permit of [{ date: TODAY, timePermit }, { date: 0 }]) {
      for (const entered of [pin, 9999 - pin, (pin + 5000) % 10_000]) {
        const x = random.scalar();
        const pass1 = oracle.clientPass1({ mpinId, pin: entered, token, x, ...permit });
        const y = random.scalar();
        const v = oracle.clientPass2({ x, y, sec: pass1.sec });
        const proof = { mpinId, date: permit.date, u: pass1.u, ut: pass1.ut, y, v };
        const expected = entered === pin ? OK : BAD_PIN;
        t.equal(verifier.verify(proof), expected, `PIN ${pin}, entered ${entered}`);
        t.equal(oracle.verify(serverSecret, proof), expected, 'and so say they');
        t.equal(verifier.pinError(proof), entered - pin, 'and the PIN error is exact');
      }
    }
    verifier.close();
  }
});

t.test('a login is refused when anything of it belongs to another', async (t) => {
  const random = new Seeded('mixed');
  const client = register(random);
  const verifier = createVerifier(client.serverSecret);
  const proof = login(random, client);
  const other = login(random, client);
  const stranger = register(random);
  t.equal(verifier.verify(proof), OK);
  const mixed: Record<string, LoginProof> = {
    'another identity': { ...proof, mpinId: random.mpinId() },
    'another challenge': { ...proof, y: random.scalar() },
    'another commitment': { ...proof, ut: other.ut },
    'another proof': { ...proof, v: other.v },
    'u for ut': { ...proof, ut: proof.u },
    'the day before': { ...proof, date: TODAY - 1 },
    'the day after': { ...proof, date: TODAY + 1 },
    'no permit asked': { ...proof, date: 0 },
    'other authorities': login(random, {
      ...client,
      clientSecret: stranger.clientSecret,
      token: stranger.token,
    }),
  };
  for (const [name, wrong] of Object.entries(mixed)) t.equal(verifier.verify(wrong), BAD_PIN, name);
  const elsewhere = createVerifier(stranger.serverSecret);
  t.equal(elsewhere.verify(proof), BAD_PIN, 'another server secret');
  elsewhere.close();
  verifier.close();
});

t.test("yesterday's permit fails today and serves for yesterday", async (t) => {
  const random = new Seeded('yesterday');
  const client = register(random);
  const verifier = createVerifier(client.serverSecret);
  const stale: Registered = { ...client, permit: () => client.permit(TODAY - 1) };
  t.equal(verifier.verify(login(random, stale)), BAD_PIN);
  t.equal(verifier.pinError(login(random, stale)), null, 'which is no error of the PIN');
  t.equal(verifier.verify(login(random, client, { date: TODAY - 1 })), OK);
  verifier.close();
});

t.test('the challenge is taken mod r, and 0 is a challenge like any other', async (t) => {
  const random = new Seeded('challenge');
  const client = register(random);
  const verifier = createVerifier(client.serverSecret);
  const permit = { date: TODAY, timePermit: client.permit(TODAY) };
  const { mpinId, pin, token } = client;
  const small = random.int(1000);
  const values = [0n, BigInt(small), r - 1n, r, r + BigInt(small), (1n << 256n) - 1n];
  for (const value of values) {
    const { x, u, ut, sec } = clientPass1({ mpinId, pin, token, ...permit });
    const y = toBytes(value);
    const v = clientPass2({ x, y, sec });
    t.same(v, clientPass2({ x, y: toBytes(value % r), sec }), 'same proof');
    t.equal(verifier.verify({ mpinId, date: TODAY, u, ut, y, v }), OK, 'accepted');
    const reduced = { mpinId, date: TODAY, u, ut, y: toBytes(value % r), v };
    t.equal(verifier.verify(reduced), OK, 'accepted for the reduced challenge');
  }
  verifier.close();
});

t.test('pinError is entered minus true PIN over its whole range', async (t) => {
  const random = new Seeded('pin error');
  const some = Array.from({ length: 20 }, () => [random.int(10_000), random.int(10_000)]);
  const pairs = [
    [0, 0],
    [9999, 9999],
    [0, 9999],
    [9999, 0],
    [0, 9998],
    [9998, 0],
    [0, 1],
    [1, 0],
  ];
  for (const [pin = 0, entered = 0] of [...pairs, [4999, 5000], [0, 100], [101, 0], ...some]) {
    const client = register(random, pin);
    const verifier = createVerifier(client.serverSecret);
    for (const date of [0, TODAY]) {
      const proof = login(random, client, { pin: entered, date });
      t.equal(verifier.pinError(proof), entered - pin, `${entered} for ${pin}, date ${date}`);
    }
    verifier.close();
  }
});

t.test('pinError is null for a wrong token, also one just beyond the PINs', async (t) => {
  const random = new Seeded('wrong token');
  const client = register(random, 0);
  const verifier = createVerifier(client.serverSecret);
  const { mpinId, token, clientSecret } = client;
  // Taking the PIN out twice shifts the token further than any PIN can.
  const shifted = extractPin(mpinId, 1, extractPin(mpinId, 9999, clientSecret));
  const tokens = { random: clientSecretShare(random.scalar(), hashId(mpinId)), shifted };
  for (const [name, wrong] of Object.entries(tokens)) {
    const proof = login(random, client, { pin: 0, token: wrong });
    t.equal(verifier.verify(proof), BAD_PIN, name);
    t.equal(verifier.pinError(proof), null, name);
  }
  const inRange = login(random, client, { pin: 1, token: shifted });
  t.equal(verifier.pinError(inRange), -9999, 'one PIN closer it is found');
  t.equal(verifier.pinError(login(random, client, { pin: 0, token })), 0, 'right one');
  verifier.close();
});

t.test('verifyBatch says of each login what verify says, for every pattern', async (t) => {
  const random = new Seeded('batch');
  const client = register(random);
  const verifier = createVerifier(client.serverSecret);
  const good = Array.from({ length: 8 }, () => login(random, client));
  const wrong = login(random, client, { pin: (client.pin + 1) % 10_000 });
  const point: LoginProof = { ...login(random, client), u: new Uint8Array(65) };
  t.same(verifier.verifyBatch([]), [], 'none');
  t.same(verifier.verifyBatch(good), new Array(8).fill(OK), 'all right');
  for (const [bad, status] of [
    [wrong, BAD_PIN],
    [point, -14],
    [{ ...point, v: new Uint8Array(3) }, -14],
  ] as const) {
    for (let size = 1; size <= good.length; size++) {
      for (let at = 0; at < size; at++) {
        const proofs = good.slice(0, size).with(at, bad);
        const expected = new Array(size).fill(OK).with(at, status);
        t.same(verifier.verifyBatch(proofs), expected, `${status} at ${at} of ${size}`);
      }
    }
  }
  t.same(verifier.verifyBatch(new Array(5).fill(wrong)), new Array(5).fill(BAD_PIN), 'all wrong');
  verifier.close();
});

t.test('two proofs that are wrong by opposite amounts do not cancel in a batch', async (t) => {
  const random = new Seeded('cancel');
  const client = register(random);
  const verifier = createVerifier(client.serverSecret);
  const [a, b] = [login(random, client), login(random, client)];
  const delta = clientSecretShare(random.scalar(), random.bytes(32));
  const plus = { ...a, v: addG1(a.v, delta) };
  const minus = { ...b, v: addG1(b.v, negateG1(delta)) };
  t.same(addG1(plus.v, minus.v), addG1(a.v, b.v), 'their sum is that of two right ones');
  t.same(verifier.verifyBatch([plus, minus]), [BAD_PIN, BAD_PIN]);
  t.same(verifier.verifyBatch([a, plus, b, minus]), [OK, BAD_PIN, OK, BAD_PIN]);
  verifier.close();
});
