/**
 * Providers: selecting one, and, in a build that has AMCL (AMCL_ROOT at `npm run install`), AMCL
 * against the core. Both get the same hostile input and must answer with the same bytes.
 */
import t, { type Test } from 'tap';
import { addon, type NativeProvider } from '../../src/crypto/addon.js';
import {
  clientPass1,
  clientSecretShare,
  createVerifier,
  hashId,
  type LoginProof,
  serverSecretShare,
} from '../../src/crypto/index.js';
import { createAuthorityPool, createVerifierPool, demandProvider } from '../../src/crypto/pool.js';
import { buildRecord } from '../../src/crypto/record.js';
import { G1_BYTES as G1, G2_BYTES as G2 } from '../../src/crypto/sizes.js';
import { badG1, badG2, negateG1, negateG2, r, toBytes, toNumber } from './curve.js';
import { login, register, TODAY } from './logins.js';
import { Seeded, seed } from './seeded.js';

t.comment(`seed ${seed}`);

const DATES = [1, TODAY, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
const PINS = [0, 1, 15, 16, 1234, 8192, 9999];

t.test('the core is always there, and other names are refused', async (t) => {
  t.equal(demandProvider('core'), 'core');
  t.throws(() => demandProvider('abacus'), /must be core or amcl, got abacus/);
});

t.test('AMCL works in a build that has it, and any other says how to get it', async (t) => {
  const master = new Seeded('selection').scalar();
  const serverSecret = serverSecretShare(master);
  const uses: readonly (() => unknown)[] = [
    () => demandProvider('amcl'),
    () => createVerifier(serverSecret, 'amcl').close(),
    () => serverSecretShare(master, 'amcl'),
    () => clientSecretShare(master, hashId(master), 'amcl'),
    () => createVerifierPool({ serverSecret, provider: 'amcl', threads: 1 }).close(),
    () => createAuthorityPool({ masterSecret: master, provider: 'amcl', threads: 1 }).close(),
  ];
  for (const use of uses) {
    if (addon.amcl !== null) await t.resolves(async () => use(), String(use));
    else t.throws(use, /^not built with AMCL: set AMCL_ROOT to .*npm run install/, String(use));
  }
});

const { amcl } = addon;
if (amcl !== null) {
  /** The status and outputs of both on the same input, which must be the same. */
  const agree = (
    t: Test,
    name: string,
    sizes: readonly number[],
    call: (by: NativeProvider, a: Uint8Array, b: Uint8Array, c: Uint8Array) => number,
  ): Uint8Array => {
    const [core, other] = [addon, amcl].map((by) => {
      const out = [0, 1, 2].map((index) => new Uint8Array(sizes[index] ?? 0).fill(0xaa));
      const [a, b, c] = out as [Uint8Array, Uint8Array, Uint8Array];
      const status = call(by, a, b, c);
      return { status, out: Buffer.concat(out).toString('hex') };
    });
    t.same(other, core, `${name} (${core?.status})`);
    return Uint8Array.from(Buffer.from(core?.out ?? '', 'hex').subarray(0, sizes[0]));
  };

  t.test('AMCL and the core make the same shares, sums and refusals', async (t) => {
    const random = new Seeded('amcl shares');
    const hash = random.bytes(32);
    const scalars = [0n, 1n, 2n, r >> 1n, r - 1n, r, r + 1n, (1n << 256n) - 1n].map(toBytes);
    for (const master of [...scalars, random.scalar()]) {
      agree(t, 'server share', [G2], (by, out) => by.serverSecretShare(out, master));
      agree(t, 'client share', [G1], (by, out) => by.clientSecretShares(out, master, hash));
      agree(t, 'permits', [G1 * DATES.length], (by, out) =>
        by.timePermitShares(out, master, hash, Uint32Array.from(DATES)),
      );
    }
    const master = random.scalar();
    agree(t, 'day 0', [G1 * 2], (by, out) =>
      by.timePermitShares(out, master, hash, Uint32Array.of(1, 0)),
    );
    const hashes = Uint8Array.from(Buffer.concat([hash, random.bytes(32), new Uint8Array(32)]));
    agree(t, 'three', [3 * G1], (by, out) => by.clientSecretShares(out, master, hashes));
    const [one, two] = [clientSecretShare(master, hash), clientSecretShare(random.scalar(), hash)];
    const sums = { two, 'the same': one, 'its opposite': negateG1(one), ...badG1(two) };
    for (const [name, other] of Object.entries(sums)) {
      agree(t, `G1 + ${name}`, [G1], (by, out) => by.addG1(out, one, other));
      agree(t, `${name} + G1`, [G1], (by, out) => by.addG1(out, other, one));
    }
    const [a, b] = [serverSecretShare(master), serverSecretShare(random.scalar())];
    const sums2 = { b, 'the same': a, 'its opposite': negateG2(a), ...badG2(b) };
    for (const [name, other] of Object.entries(sums2)) {
      agree(t, `G2 + ${name}`, [G2], (by, out) => by.addG2(out, a, other));
    }
  });

  t.test('AMCL and the core do the same as clients', async (t) => {
    const random = new Seeded('amcl client');
    const client = register(random);
    const hash = hashId(client.mpinId);
    const x = random.scalar();
    for (const pin of [...PINS, 10_000]) {
      const token = agree(t, `token of PIN ${pin}`, [G1], (by, out) =>
        by.extractPin(out, hash, pin, client.clientSecret),
      );
      for (const date of pin === 1234 ? [0, ...DATES] : [0, TODAY]) {
        const permit = date === 0 ? null : client.permit(date);
        agree(t, `pass 1, PIN ${pin}, day ${date}`, [G1, G1, G1], (by, u, ut, sec) =>
          by.clientPass1(u, ut, sec, hash, pin, token, permit, date, x),
        );
      }
    }
    const { token, clientSecret } = client;
    for (const [name, bad] of Object.entries(badG1(token))) {
      agree(t, `secret: ${name}`, [G1], (by, out) => by.extractPin(out, hash, 1, bad));
      agree(t, `pass 2: ${name}`, [G1], (by, out) => by.clientPass2(out, x, x, bad));
      agree(t, `token: ${name}`, [G1, G1, G1], (by, u, ut, sec) =>
        by.clientPass1(u, ut, sec, hash, 1, bad, null, 0, x),
      );
      agree(t, `permit: ${name}`, [G1, G1, G1], (by, u, ut, sec) =>
        by.clientPass1(u, ut, sec, hash, 1, token, bad, TODAY, x),
      );
    }
    agree(t, 'a day without permit', [G1, G1, G1], (by, u, ut, sec) =>
      by.clientPass1(u, ut, sec, hash, 1, token, null, TODAY, x),
    );
    const opposite = Uint8Array.from(toBytes(r - toNumber(x)));
    const edges = [0n, 1n, r - 1n, r, r + 1n, (1n << 256n) - 1n].map(toBytes);
    for (const edge of [...edges, opposite]) {
      agree(t, 'y', [G1], (by, out) => by.clientPass2(out, x, edge, clientSecret));
      agree(t, 'x', [G1], (by, out) => by.clientPass2(out, edge, x, clientSecret));
      agree(t, 'x of pass 1', [G1, G1, G1], (by, u, ut, sec) =>
        by.clientPass1(u, ut, sec, hash, 1, token, null, 0, edge),
      );
    }
  });

  t.test('AMCL and the core give every login the same status and PIN error', async (t) => {
    const random = new Seeded('amcl verify');
    const client = register(random, 5000);
    const hashMpinId = hashId(client.mpinId);
    const verifiers = [addon, amcl].map((by) => new by.Verifier());
    for (const verifier of verifiers) t.equal(verifier.prepare(client.serverSecret), 0);
    const records: [string, Uint8Array][] = [];
    const add = (name: string, proof: LoginProof, change: Partial<LoginProof> = {}) =>
      records.push([name, buildRecord({ hashMpinId, ...proof, ...change })]);
    for (const date of [0, TODAY, 0xffff_ffff]) {
      for (const pin of [5000, 4999, 5001, 0, 9999]) {
        add(`PIN ${pin}, day ${date}`, login(random, client, { pin, date }));
      }
      const right = login(random, client, { date });
      for (const [name, bad] of Object.entries(badG1(right.v))) {
        add(`day ${date}, u ${name}`, right, { u: bad });
        add(`day ${date}, ut ${name}`, right, { ut: bad });
        add(`day ${date}, v ${name}`, right, { v: bad });
      }
      add(`day ${date}, v of another`, right, { v: login(random, client, { date }).v });
      for (const y of [0n, r, r + 1n, (1n << 256n) - 1n].map(toBytes)) {
        add(`day ${date}, y ${toNumber(y)}`, right, { y });
      }
      add(`day ${date}, y + r`, right, { y: toBytes(toNumber(right.y) + r) });
    }
    const plain = login(random, client, { date: 0 });
    const { u } = clientPass1({ mpinId: client.mpinId, pin: 1, token: client.token, x: plain.y });
    add('an infinite response', plain, { u: negateG1(u) });
    add('a wrong length', plain, { v: new Uint8Array(64) });

    const batch = Uint8Array.from(Buffer.concat(records.map(([, record]) => record)));
    const statuses = verifiers.map((verifier) => {
      const out = new Int8Array(records.length);
      verifier.verifyBatch(out, batch, 0);
      return records.map(([name], index) => `${name}: ${out[index]}`);
    });
    t.same(statuses[1], statuses[0]);
    t.ok(statuses[0]?.some((status) => status.endsWith(' 0')));
    for (const [name, record] of records) {
      const [core, other] = verifiers.map((verifier) => verifier.pinError(record));
      t.equal(other, core, `PIN error: ${name}`);
    }
    for (const [name, bad] of Object.entries(badG2(client.serverSecret))) {
      for (const verifier of verifiers) t.equal(verifier.prepare(bad), -14, name);
    }
  });

  t.test('AMCL finds the smallest and the largest PIN errors', async (t) => {
    const random = new Seeded('amcl pin error');
    const verify = (pin: number, entered: number) => {
      const client = register(random, pin);
      const verifier = createVerifier(client.serverSecret, 'amcl');
      const error = verifier.pinError(login(random, client, { pin: entered }));
      verifier.close();
      return error;
    };
    for (const [pin, entered] of [
      [0, 9999],
      [9999, 0],
      [7, 8],
      [8, 7],
      [100, 0],
      [5, 5],
    ] as const) {
      t.equal(verify(pin, entered), entered - pin, `${entered} instead of ${pin}`);
    }
  });
}
