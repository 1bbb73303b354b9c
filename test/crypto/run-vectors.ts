/**
 * Checks a file of published M-Pin test vectors through the public face, all sides and all fields:
 *
 *   node out/test/crypto/run-vectors.js <file.json>
 *
 * The file is a JSON array as published with the Apache Milagro crypto library
 * (testVectors/mpin/BNCX.json). It is not part of this project, hence a command and not a test.
 */
import { readFileSync } from 'node:fs';
import * as mpin from '../../src/crypto/index.js';

/** Hex texts and numbers by the published names. */
type Vector = Readonly<Record<string, string | number>>;

function failuresOf(vector: Vector): string[] {
  const bytes = (name: string) => Uint8Array.from(Buffer.from(String(vector[name]), 'hex'));
  const number = (name: string) => Number(vector[name]);
  const failures: string[] = [];
  const expect = (name: string, actual: Uint8Array | undefined) => {
    if (actual === undefined || Buffer.compare(actual, bytes(name)) !== 0) failures.push(name);
  };
  const [mpinId, date] = [bytes('MPIN_ID_HEX'), number('DATE')];
  const hash = mpin.hashId(mpinId);
  expect('HASH_MPIN_ID_HEX', hash);
  for (const share of ['1', '2']) {
    const master = bytes(`MS${share}`);
    expect(`SS${share}`, mpin.serverSecretShare(master));
    expect(`CS${share}`, mpin.clientSecretShare(master, hash));
    expect(`TP${share}`, mpin.timePermitShare(master, hash, date));
  }
  expect('SERVER_SECRET', mpin.addG2(bytes('SS1'), bytes('SS2')));
  expect('CLIENT_SECRET', mpin.addG1(bytes('CS1'), bytes('CS2')));
  expect('TIME_PERMIT', mpin.addG1(bytes('TP1'), bytes('TP2')));
  expect('TOKEN', mpin.extractPin(mpinId, number('PIN1'), bytes('CLIENT_SECRET')));

  const timePermit = bytes('TIME_PERMIT');
  const client = { mpinId, pin: number('PIN2'), token: bytes('TOKEN'), timePermit, date };
  const pass1 = mpin.clientPass1({ ...client, x: bytes('X') });
  expect('U', pass1.u);
  expect('UT', pass1.ut);
  expect('SEC', pass1.sec);
  const [u, ut, y, v] = [bytes('U'), bytes('UT'), bytes('Y'), bytes('V')];
  expect('V', mpin.clientPass2({ x: bytes('X'), y, sec: bytes('SEC') }));

  const verifier = mpin.createVerifier(bytes('SERVER_SECRET'));
  const proof = { mpinId, date, u, ut, y, v };
  if (verifier.verify(proof) !== number('SERVER_OUTPUT')) failures.push('SERVER_OUTPUT');
  if (verifier.pinError(proof) !== number('PIN2') - number('PIN1')) failures.push('PIN error');
  verifier.close();
  return failures;
}

const file = process.argv[2];
if (file === undefined) throw new Error('usage: run-vectors.js <file.json>');
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vector[];
let passed = 0;
for (const [index, vector] of vectors.entries()) {
  const failures = failuresOf(vector);
  if (failures.length === 0) passed += 1;
  else process.stderr.write(`vector ${index}: ${failures.join(', ')} differ\n`);
}
process.stdout.write(`${passed} of ${vectors.length}\n`);
process.exitCode = passed === vectors.length && passed > 0 ? 0 : 1;
