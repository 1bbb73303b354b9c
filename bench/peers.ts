/** What others take for the same, measured in the same run. */
import { createPrivateKey, generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto';
import * as milagro from '../test/crypto/oracle.js';
import type { Population } from './logins.js';
import type { Case } from './measure.js';

const PASSKEY_CALLS = 16;

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
    rounds: 200,
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

/** The AMCL/Milagro library in JavaScript: hash and verify, as in `verify_single`. */
export function milagroJsVerify({ right, serverSecret }: Population): Case {
  return {
    name: 'peer_milagro_js_verify',
    kernel: 'none',
    operations: 1,
    rounds: 12,
    run(round) {
      const login = right[round % right.length];
      return login !== undefined && milagro.verify(serverSecret, login) === 0;
    },
  };
}
