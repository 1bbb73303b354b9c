/** What the crypto face refuses, and how: types and lengths, numbers, points and scalars. */
import t, { type Test } from 'tap';
import { loadAddon } from '../../src/crypto/addon.js';
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
  MpinCryptoError,
  serverSecretShare,
  timePermitShare,
  type Verifier,
} from '../../src/crypto/index.js';
import { buildRecord, RECORD_BYTES, writeRecord } from '../../src/crypto/record.js';
import { badG1, badG2, negateG1, negateG2, r, toBytes, wrongLengths } from './curve.js';
import { login, register, TODAY } from './logins.js';
import { Seeded, seed } from './seeded.js';

t.comment(`seed ${seed}`);

const random = new Seeded('bad input');
const client = register(random);
const { mpinId, pin, token, clientSecret, serverSecret } = client;
const timePermit = client.permit(TODAY);
const hash = hashId(mpinId);
const [master, x, y] = [random.scalar(), random.scalar(), random.scalar()];
const { sec } = clientPass1({ mpinId, pin, token, x, timePermit, date: TODAY });
const proof = login(random, client);

/** Hands a value in where the types forbid it. */
const any = (value: unknown) => value as never;

interface Argument {
  readonly name: string;
  /** Its fixed length; absent when any length is right. */
  readonly size?: number;
  call(value: never): unknown;
}

const byteArguments: readonly Argument[] = [
  { name: 'mpinId', call: (v) => hashId(v) },
  { name: 'master', size: 32, call: (v) => serverSecretShare(v) },
  { name: 'master', size: 32, call: (v) => clientSecretShare(v, hash) },
  { name: 'hashId', size: 32, call: (v) => clientSecretShare(master, v) },
  { name: 'master', size: 32, call: (v) => timePermitShare(v, hash, TODAY) },
  { name: 'hashId', size: 32, call: (v) => timePermitShare(master, v, TODAY) },
  { name: 'a', size: 65, call: (v) => addG1(v, token) },
  { name: 'b', size: 65, call: (v) => addG1(token, v) },
  { name: 'a', size: 128, call: (v) => addG2(v, serverSecret) },
  { name: 'b', size: 128, call: (v) => addG2(serverSecret, v) },
  { name: 'mpinId', call: (v) => extractPin(v, pin, clientSecret) },
  { name: 'clientSecret', size: 65, call: (v) => extractPin(mpinId, pin, v) },
  { name: 'mpinId', call: (v) => clientPass1({ mpinId: v, pin, token }) },
  { name: 'token', size: 65, call: (v) => clientPass1({ mpinId, pin, token: v }) },
  {
    name: 'timePermit',
    size: 65,
    call: (v) => clientPass1({ mpinId, pin, token, timePermit: v, date: TODAY }),
  },
  { name: 'x', size: 32, call: (v) => clientPass2({ x: v, y, sec }) },
  { name: 'y', size: 32, call: (v) => clientPass2({ x, y: v, sec }) },
  { name: 'sec', size: 65, call: (v) => clientPass2({ x, y, sec: v }) },
  { name: 'serverSecret', size: 128, call: (v) => createVerifier(v) },
];

t.test('bytes of a wrong type throw a TypeError that names them and what came', async (t) => {
  for (const { name, size, call } of byteArguments) {
    const expected = size === undefined ? 'a Uint8Array' : `a Uint8Array of ${size} bytes`;
    const wrong: [unknown, string][] = [
      ['00'.repeat(size ?? 32), 'a string'],
      [undefined, 'undefined'],
      [null, 'null'],
      [7, 'a number'],
      [Array.from({ length: size ?? 32 }, () => 0), 'an object of type Array'],
      [new ArrayBuffer(size ?? 32), 'an object of type ArrayBuffer'],
      [new Int8Array(size ?? 32), 'an object of type Int8Array'],
      [new Uint16Array(size ?? 32), 'an object of type Uint16Array'],
    ];
    for (const [value, actual] of wrong) {
      if (name === 'timePermit' && value === undefined) continue;
      const message = `${name} must be ${expected}, got ${actual}`;
      t.throws(() => call(any(value)), new TypeError(message), message);
    }
  }
});

t.test('bytes of a wrong length throw a TypeError with both lengths', async (t) => {
  for (const { name, size, call } of byteArguments) {
    for (const length of size === undefined ? [] : [0, size - 1, size + 1]) {
      const message = `${name} must be a Uint8Array of ${size} bytes, got ${length} bytes`;
      t.throws(() => call(any(new Uint8Array(length))), new TypeError(message), message);
    }
  }
});

t.test('a Buffer and a view into a larger one are as good as an own array', async (t) => {
  const wide = Buffer.concat([Buffer.alloc(3), clientSecret, Buffer.alloc(5)]);
  const sum = addG1(wide.subarray(3, 68), Buffer.from(token));
  t.same(sum, addG1(clientSecret, token));
  t.equal(sum.buffer.byteLength, 65, 'and what comes back is memory of its own');
  t.equal(Object.getPrototypeOf(sum), Uint8Array.prototype);
});

t.test('errors never show the bytes they are about', async (t) => {
  const secret = 'c0ffee'.repeat(10);
  const failures = [
    () => serverSecretShare(any(secret)),
    () => extractPin(mpinId, any('4711'), clientSecret),
    () => extractPin(mpinId, 47_111, clientSecret),
    () => addG1(Buffer.from(secret, 'hex'), token),
  ];
  for (const failure of failures) {
    t.throws(failure);
    t.doesNotThrow(() => {
      try {
        failure();
      } catch (error) {
        if (/c0ffee|4711|192,255/.test(String((error as Error).stack))) throw error;
      }
    });
  }
});

t.test('a PIN is an integer in 0…9999', async (t) => {
  const calls = [
    (value: never) => extractPin(mpinId, value, clientSecret),
    (value: never) => clientPass1({ mpinId, pin: value, token }),
  ];
  for (const call of calls) {
    for (const value of [-1, 10_000, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 32]) {
      t.throws(() => call(any(value)), new RangeError('pin must be an integer in 0…9999'));
    }
    for (const value of ['1234', undefined, null, 12n, [1]]) {
      t.throws(() => call(any(value)), {
        name: 'TypeError',
        message: /^pin must be a number, got/,
      });
    }
  }
});

t.test('a date is an integer in 0…2³²−1, and from 1 for a permit', async (t) => {
  const verifier = createVerifier(serverSecret);
  const calls = [
    (value: never) => timePermitShare(master, hash, value),
    (value: never) => clientPass1({ mpinId, pin, token, timePermit, date: value }),
    (value: never) => verifier.verify({ ...proof, date: value }),
    (value: never) => verifier.pinError({ ...proof, date: value }),
  ];
  for (const call of calls) {
    for (const value of [-1, 2 ** 32, 0.5, Number.NaN]) {
      t.throws(() => call(any(value)), { name: 'RangeError', message: /^date must be an integer/ });
    }
    for (const value of ['20500', null, 1n]) {
      t.throws(() => call(any(value)), { name: 'TypeError', message: /^date must be a number/ });
    }
  }
  t.throws(() => timePermitShare(master, hash, 0), { name: 'RangeError' });
  t.throws(() => verifier.verify({ ...proof, date: any(undefined) }), { name: 'TypeError' });
  t.equal(timePermitShare(master, hash, 2 ** 32 - 1).length, 65);
  verifier.close();
});

t.test('a time permit and its date come together or not at all', async (t) => {
  const message = 'timePermit and date must be given together';
  for (const half of [{ timePermit }, { timePermit, date: 0 }, { date: TODAY }]) {
    t.throws(() => clientPass1({ mpinId, pin, token, ...half }), new TypeError(message));
  }
});

t.test('pass 1 draws an x of its own and keeps none of the caller', async (t) => {
  const first = clientPass1({ mpinId, pin, token });
  t.notSame(first.x, clientPass1({ mpinId, pin, token }).x);
  const given = random.scalar();
  const pass1 = clientPass1({ mpinId, pin, token, x: given });
  given.fill(0);
  t.not(pass1.x[31], 0, 'the returned x is a copy');
  const buffers = [pass1.x, pass1.u, pass1.sec].map((bytes) => bytes.buffer.byteLength);
  t.same(buffers, [32, 65, 65], 'each array owns its memory');
});

t.test('arguments by name want an object', async (t) => {
  const verifier = createVerifier(serverSecret);
  for (const value of [undefined, null, 'text', 1]) {
    t.throws(() => clientPass1(any(value)), { name: 'TypeError', message: /^input must be/ });
    t.throws(() => clientPass2(any(value)), { name: 'TypeError', message: /^input must be/ });
    t.throws(() => verifier.verify(any(value)), { name: 'TypeError', message: /^proof must be/ });
    t.throws(() => verifier.verifyBatch([proof, any(value)]), { name: 'TypeError' });
  }
  verifier.close();
});

t.test('a scalar of 0, r or more is refused with −11', async (t) => {
  const calls: Record<string, (value: Uint8Array) => unknown> = {
    serverSecretShare: (value) => serverSecretShare(value),
    clientSecretShare: (value) => clientSecretShare(value, hash),
    timePermitShare: (value) => timePermitShare(value, hash, TODAY),
    'clientPass1 x': (value) => clientPass1({ mpinId, pin, token, x: value }),
    'clientPass2 x': (value) => clientPass2({ x: value, y, sec }),
  };
  for (const [name, call] of Object.entries(calls)) {
    for (const value of [0n, r, r + 1n, 2n * r, (1n << 256n) - 1n]) {
      throwsCode(t, () => call(toBytes(value)), -11, `${name} of ${value}`);
    }
    t.doesNotThrow(() => call(toBytes(1n)), `${name} of 1`);
    t.doesNotThrow(() => call(toBytes(r - 1n)), `${name} of r − 1`);
  }
  const opposite = { x: toBytes(5n), y: toBytes(r - 5n), sec };
  throwsCode(t, () => clientPass2(opposite), -11, 'a challenge that cancels x');
});

t.test('every bad form of a G1 point is refused with −14', async (t) => {
  const calls: Record<string, (value: Uint8Array) => unknown> = {
    'addG1 a': (value) => addG1(value, token),
    'addG1 b': (value) => addG1(token, value),
    'extractPin clientSecret': (value) => extractPin(mpinId, pin, value),
    'clientPass1 token': (value) => clientPass1({ mpinId, pin, token: value }),
    'clientPass1 timePermit': (value) =>
      clientPass1({ mpinId, pin, token, timePermit: value, date: TODAY }),
    'clientPass2 sec': (value) => clientPass2({ x, y, sec: value }),
  };
  for (const [name, call] of Object.entries(calls)) {
    t.doesNotThrow(() => call(clientSecret), `${name} accepts a point`);
    for (const [form, value] of Object.entries(badG1(clientSecret))) {
      throwsCode(t, () => call(value), -14, `${name}: ${form}`);
    }
  }
});

t.test('every bad form of a G2 point is refused with −14', async (t) => {
  const calls: Record<string, (value: Uint8Array) => unknown> = {
    'addG2 a': (value) => addG2(value, serverSecretShare(master)),
    'addG2 b': (value) => addG2(serverSecretShare(master), value),
    createVerifier: (value) => createVerifier(value).close(),
  };
  for (const [name, call] of Object.entries(calls)) {
    t.doesNotThrow(() => call(serverSecret), `${name} accepts a point`);
    for (const [form, value] of Object.entries(badG2(serverSecret))) {
      throwsCode(t, () => call(value), -14, `${name}: ${form}`);
    }
  }
});

t.test('an infinite sum is refused with −14', async (t) => {
  throwsCode(t, () => addG1(token, negateG1(token)), -14, 'in G1');
  throwsCode(t, () => addG2(serverSecret, negateG2(serverSecret)), -14, 'in G2');
  const point = clientSecretShare(toBytes(1234n), hash);
  throwsCode(t, () => extractPin(mpinId, 1234, point), -14, 'a token of which nothing is left');
  const opposite = { mpinId, pin: 0, token, timePermit: negateG1(token), date: TODAY };
  throwsCode(t, () => clientPass1(opposite), -14, 'a permit that cancels the token');
});

t.test('a verifier answers −14 for every bad point, and pinError null', async (t) => {
  const verifier = createVerifier(serverSecret);
  const plain = login(random, client, { date: 0 });
  t.equal(verifier.verify(proof), 0);
  t.equal(verifier.verify(plain), 0);
  for (const field of ['u', 'ut', 'v'] as const) {
    const good = proof[field] as Uint8Array;
    const forms = { ...badG1(good), ...wrongLengths(good) };
    for (const [form, value] of Object.entries(forms)) {
      refused(t, verifier, { ...proof, [field]: value }, `${field}: ${form}`);
      if (field === 'ut') continue;
      refused(t, verifier, { ...plain, [field]: value }, `${field} without permit: ${form}`);
    }
  }
  refused(t, verifier, { ...proof, ut: undefined }, 'ut is missing');
  for (const [form, value] of Object.entries(wrongLengths(y))) {
    refused(t, verifier, { ...proof, y: value }, `y: ${form}`);
  }
  t.equal(verifier.verify({ ...plain, ut: new Uint8Array(0) }), 0, 'ut is ignored without permit');
  t.equal(verifier.verify({ ...plain, ut: new Uint8Array(65) }), 0, 'whatever it is');
  verifier.close();
});

t.test('a verifier throws for wrong types only', async (t) => {
  const verifier = createVerifier(serverSecret);
  for (const field of ['mpinId', 'u', 'ut', 'v', 'y'] as const) {
    for (const value of ['04', null, 4, [4], new ArrayBuffer(65)]) {
      const wrong = { ...proof, [field]: any(value) };
      const expected = { name: 'TypeError', message: new RegExp(`^${field} must be a Uint8Array`) };
      t.throws(() => verifier.verify(wrong), expected, `verify, ${field}`);
      t.throws(() => verifier.pinError(wrong), expected, `pinError, ${field}`);
    }
  }
  t.throws(() => verifier.verifyRecords(new Uint8Array(265)), { name: 'TypeError' });
  t.same(verifier.verifyRecords(new Uint8Array(0)), new Int8Array(0));
  verifier.close();
});

t.test('a closed verifier refuses to check, and may be closed again', async (t) => {
  const verifier = createVerifier(serverSecret);
  verifier.close();
  verifier.close();
  const expected = { message: 'the verifier is closed' };
  t.throws(() => verifier.verify(proof), expected);
  t.throws(() => verifier.verifyBatch([proof]), expected);
  t.throws(() => verifier.pinError(proof), expected);
});

t.test('a verifier keeps nothing of the array it was made from', async (t) => {
  const secret = Uint8Array.from(serverSecret);
  const verifier = createVerifier(secret);
  secret.fill(0);
  t.equal(verifier.verify(proof), 0);
  verifier.close();
});

t.test('a record has its fields where the core reads them', async (t) => {
  const fields = { hashMpinId: hash, date: 0x0102_0304, u: proof.u, ut: proof.u, v: proof.v, y };
  const record = buildRecord(fields);
  t.equal(record.buffer.byteLength, RECORD_BYTES, 'in memory of its own');
  t.same(record.subarray(0, 32), hash);
  t.same([...record.subarray(32, 37)], [1, 2, 3, 4, 0]);
  t.same(record.subarray(37, 102), proof.u);
  t.same(record.subarray(102, 167), proof.u);
  t.same(record.subarray(167, 232), proof.v);
  t.same(record.subarray(232), y);
  t.same([...buildRecord({ ...fields, date: 2 ** 32 - 1 }).subarray(32, 36)], [255, 255, 255, 255]);
  const plain = buildRecord({ ...fields, date: 0 });
  t.same(plain.subarray(102, 167), new Uint8Array(65), 'without permit there is no ut');
  const batch = new Uint8Array(3 * RECORD_BYTES);
  writeRecord(batch, RECORD_BYTES, fields);
  t.same(batch.subarray(RECORD_BYTES, 2 * RECORD_BYTES), record, 'the same inside a batch');
  t.same(batch.subarray(2 * RECORD_BYTES), new Uint8Array(RECORD_BYTES));
});

t.test('a record of wrong lengths holds nothing but its mark', async (t) => {
  const fields = { hashMpinId: hash, date: TODAY, u: proof.u, ut: proof.ut, v: proof.v, y };
  const marked = new Uint8Array(RECORD_BYTES);
  marked[36] = 1;
  for (const field of ['u', 'ut', 'v', 'y'] as const) {
    const wrong = { ...fields, [field]: new Uint8Array(500) };
    t.same(buildRecord(wrong), marked, field);
  }
  t.same(buildRecord({ ...fields, ut: undefined }), marked, 'no ut');
  const short = { ...fields, hashMpinId: new Uint8Array(31) };
  t.throws(() => buildRecord(short), { name: 'TypeError' }, 'the hash is ours: a wrong one throws');
});

t.test('the addon is refused with a reason when it cannot be used', async (t) => {
  const fit = { abi: 3, recordBytes: 264, kernel: 'k', kernelError: null, selfTest: () => true };
  t.equal(
    loadAddon(() => fit),
    any(fit),
  );
  const failing = (code: string) => () => {
    throw Object.assign(new Error('reason'), { code });
  };
  const refusals: [() => unknown, RegExp][] = [
    [failing('MODULE_NOT_FOUND'), /native core is not built: run `npm run install`/],
    [failing('ERR_DLOPEN_FAILED'), /not built for this machine.*: run `npm run install`/],
    [() => ({ ...fit, abi: 1 }), /another version \(interface 1, expected 3;.*npm run install/],
    [() => ({ ...fit, recordBytes: 200 }), /records of 200 bytes, expected 264/],
    [() => ({ ...fit, kernelError: 'no such kernel' }), /^the native core: no such kernel$/],
    [() => ({ ...fit, selfTest: () => false }), /self test of the native core failed \(kernel k\)/],
  ];
  for (const [read, message] of refusals) t.throws(() => loadAddon(read), { message });
});

function throwsCode(t: Test, call: () => unknown, code: -11 | -14, name: string): void {
  try {
    call();
    t.fail(`${name}: nothing was thrown`);
  } catch (error) {
    t.ok(error instanceof MpinCryptoError && error.code === code, `${name}: ${error}`);
  }
}

function refused(t: Test, verifier: Verifier, wrong: LoginProof, name: string): void {
  t.equal(verifier.verify(wrong), -14, name);
  t.equal(verifier.pinError(wrong), null, name);
}
