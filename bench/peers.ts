/** What others take for the same, measured in the same run. */
import { createPrivateKey, generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto';
import { addon } from '../src/crypto/addon.js';
import { createVerifier } from '../src/crypto/index.js';
import * as milagro from '../test/crypto/oracle.js';
import { makePopulation, type Population } from './logins.js';
import type { Case } from './measure.js';

const PASSKEY_CALLS = 16;
/** Slow peers need few identities. */
const POPULATION = 32;

/** All that this machine has: AMCL only in a build with it. */
export function peerCases(): Case[] {
  const population = makePopulation(POPULATION);
  const amcl = addon.amcl === null ? [] : [amclVerify(population)];
  return [opensslP256Verify(), ...amcl, milagroJsVerify(population)];
}

/** ECDSA on P-256 by OpenSSL: what a passkey server pays for a login. */
export function opensslP256Verify(): Case {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const messages = Array.from({ length: 64 }, () => {
    const message = randomBytes(32);
    return { message, signature: sign('sha256', message, key) };
  });
  return {
    name: 'peer_openssl_p256_verify',
    kernel: 'none',
    operations: PASSKEY_CALLS,
    rounds: 330,
    run(round) {
      let right = true;
      for (let i = 0; i < PASSKEY_CALLS; i += 1) {
        const entry = messages[(round * PASSKEY_CALLS + i) % messages.length];
        if (entry === undefined) return false;
        right = verify('sha256', entry.message, publicKey, entry.signature) && right;
      }
      return right;
    },
  };
}

/** The AMCL/Milagro library in C, through our provider, whose decoding takes it some 1 % longer. */
function amclVerify({ right, serverSecret }: Population): Case {
  const verifier = createVerifier(serverSecret, 'amcl');
  return {
    name: 'peer_amcl_verify',
    kernel: 'none',
    operations: 1,
    rounds: 110,
    run(round) {
      const record = right[round % right.length];
      return record !== undefined && verifier.verifyRecords(record)[0] === 0;
    },
  };
}

/** The same library in JavaScript: hash and verify, as in `verify_single`. */
function milagroJsVerify({ proofs, serverSecret }: Population): Case {
  return {
    name: 'peer_milagro_js_verify',
    kernel: 'none',
    operations: 1,
    rounds: 22,
    run(round) {
      const login = proofs[round % proofs.length];
      return login !== undefined && milagro.verify(serverSecret, login) === 0;
    },
  };
}
