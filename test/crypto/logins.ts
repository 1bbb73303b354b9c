/** Whole logins for the tests: two authorities, one client, by our face. */
import {
  addG1,
  addG2,
  clientPass1,
  clientPass2,
  clientSecretShare,
  extractPin,
  hashId,
  type LoginProof,
  serverSecretShare,
  timePermitShare,
} from '../../src/crypto/index.js';
import type { Seeded } from './seeded.js';

/** Day of the permits of the tests. */
export const TODAY = 20_500;

export interface Registered {
  readonly serverSecret: Uint8Array;
  readonly mpinId: Uint8Array;
  readonly pin: number;
  readonly clientSecret: Uint8Array;
  readonly token: Uint8Array;
  permit(date: number): Uint8Array;
}

/** A client with a token from two authorities with random secrets, or with the given ones. */
export function register(
  random: Seeded,
  pin = random.int(10_000),
  masters: readonly [Uint8Array, Uint8Array] = [random.scalar(), random.scalar()],
): Registered {
  const [first, second] = masters;
  const mpinId = random.mpinId();
  const hash = hashId(mpinId);
  const clientSecret = addG1(clientSecretShare(first, hash), clientSecretShare(second, hash));
  return {
    serverSecret: addG2(serverSecretShare(first), serverSecretShare(second)),
    mpinId,
    pin,
    clientSecret,
    token: extractPin(mpinId, pin, clientSecret),
    permit: (date) =>
      addG1(timePermitShare(first, hash, date), timePermitShare(second, hash, date)),
  };
}

/** What a client with this PIN sends for a random challenge; date 0 is without permit. */
export function login(
  random: Seeded,
  client: Registered,
  {
    pin = client.pin,
    date = TODAY,
    token = client.token,
  }: Partial<{
    pin: number;
    date: number;
    token: Uint8Array;
  }> = {},
): LoginProof {
  const { mpinId } = client;
  const permit = date === 0 ? {} : { date, timePermit: client.permit(date) };
  const { x, u, ut, sec } = clientPass1({ mpinId, pin, token, x: random.scalar(), ...permit });
  const y = random.scalar();
  return { mpinId, date, u, ut, y, v: clientPass2({ x, y, sec }) };
}
