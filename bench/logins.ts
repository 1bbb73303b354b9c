/** Logins to check, made before the clock starts: each of another identity. */
import {
  addG1,
  addG2,
  clientPass1,
  clientPass2,
  clientSecretShare,
  extractPin,
  hashId,
  type LoginProof,
  randomSecret,
  serverSecretShare,
  timePermitShare,
} from '../src/crypto/index.js';

/** Any day: permits of one day for all. */
const DATE = 20_000;
const PIN = 1234;
const WRONG_PIN = 4321;

export interface Population {
  readonly masterSecret: Uint8Array;
  readonly serverSecret: Uint8Array;
  /** Logins with the right PIN. */
  readonly right: readonly LoginProof[];
  /** The same identities with a wrong one. */
  readonly wrong: readonly LoginProof[];
}

/** `size` identities under the secrets of two authorities, each with a right and a wrong login. */
export function makePopulation(size: number): Population {
  const masters = [randomSecret(), randomSecret()] as const;
  const [first, second] = masters;
  const right: LoginProof[] = [];
  const wrong: LoginProof[] = [];
  for (let i = 0; i < size; i += 1) {
    const mpinId = Buffer.from(`{"userID": "user-${i}@example.com", "mobile": 0}`);
    const hash = hashId(mpinId);
    const secret = addG1(clientSecretShare(first, hash), clientSecretShare(second, hash));
    const timePermit = addG1(
      timePermitShare(first, hash, DATE),
      timePermitShare(second, hash, DATE),
    );
    const token = extractPin(mpinId, PIN, secret);
    right.push(login({ mpinId, pin: PIN, token, timePermit }));
    wrong.push(login({ mpinId, pin: WRONG_PIN, token, timePermit }));
  }
  return {
    masterSecret: first,
    serverSecret: addG2(serverSecretShare(first), serverSecretShare(second)),
    right,
    wrong,
  };
}

function login(client: {
  mpinId: Uint8Array;
  pin: number;
  token: Uint8Array;
  timePermit: Uint8Array;
}): LoginProof {
  const { x, u, ut, sec } = clientPass1({ ...client, date: DATE });
  const y = randomSecret();
  const v = clientPass2({ x, y, sec });
  return { mpinId: client.mpinId, date: DATE, u, v, y, ...(ut === undefined ? {} : { ut }) };
}
