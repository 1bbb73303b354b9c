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
import { buildRecord } from '../src/crypto/record.js';

/** Enough that identities are not met again soon, and the caches of the CPU overflow. */
export const POPULATION = 512;

/** Any day: permits of one day for all. */
const DATE = 20_000;
const PIN = 1234;
const WRONG_PIN = 4321;

export interface Population {
  readonly masterSecret: Uint8Array;
  readonly serverSecret: Uint8Array;
  readonly mpinIds: readonly Uint8Array[];
  /** Logins with the right PIN as they came, */
  readonly proofs: readonly LoginProof[];
  /** and as records, whose identities are hashed. */
  readonly right: readonly Uint8Array[];
  /** The same identities with a wrong one. */
  readonly wrong: readonly Uint8Array[];
}

/** Identities under the secrets of two authorities, each with a right and a wrong login. */
export function makePopulation(size = POPULATION): Population {
  const masters = [randomSecret(), randomSecret()] as const;
  const [first, second] = masters;
  const proofs: LoginProof[] = [];
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
    proofs.push(login({ mpinId, pin: PIN, token, timePermit }));
    wrong.push(login({ mpinId, pin: WRONG_PIN, token, timePermit }));
  }
  return {
    masterSecret: first,
    serverSecret: addG2(serverSecretShare(first), serverSecretShare(second)),
    mpinIds: proofs.map(({ mpinId }) => mpinId),
    proofs,
    right: proofs.map(recordOf),
    wrong: wrong.map(recordOf),
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

function recordOf({ mpinId, ...proof }: LoginProof): Uint8Array {
  return buildRecord({ hashMpinId: hashId(mpinId), ...proof });
}
