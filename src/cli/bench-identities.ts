/** Identities for a benchmark of a server elsewhere: registered there as anyone's are. */
import type { Identity } from '../../bench/load/login.js';
import { nativeCrypto } from '../client/crypto-native.js';
import { fromHex } from '../client/hex.js';
import { type ClientParts, POINT_BYTES } from '../client/parts.js';
import { fetchTimePermit } from '../client/permits.js';
import { register } from '../client/register.js';
import type { Settings } from '../client/settings.js';
import type { IdentityStorage, StoredIdentity } from '../client/storage.js';
import { fetchTransport } from '../client/transport.js';
import { randomToken } from '../protocol/tokens.js';

/** Registrations under way at once: a server is not pressed before the clock runs. */
const AT_ONCE = 8;
/** Any PIN will do: nobody else ever uses these identities. */
const PIN = '1234';

/** Parts of a client whose memory is this process. */
export function memoryClient(baseUrl: string): ClientParts {
  const kept = new Map<string, StoredIdentity>();
  const storage: IdentityStorage = {
    load: async ({ userId }) => kept.get(userId),
    save: async ({ userId }, identity) => void kept.set(userId, identity),
    remove: async ({ userId }) => void kept.delete(userId),
  };
  const transport = fetchTransport(() => {
    throw new Error('registrations need no WebSocket');
  });
  return { baseUrl, transport, storage, crypto: nativeCrypto };
}

/** Registers `count` new users with names that cannot be anybody's. Throws ClientError. */
export async function registerIdentities(
  parts: ClientParts,
  settings: Settings,
  count: number,
): Promise<Identity[]> {
  const run = randomToken();
  const identities: Identity[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const userId = `bench-${run}-${next++}@example.com`;
      identities.push(await registerOne(parts, settings, userId));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return identities;
}

async function registerOne(
  parts: ClientParts,
  settings: Settings,
  userId: string,
): Promise<Identity> {
  await register(parts, { userId, pin: PIN });
  const stored = await parts.storage.load({ baseUrl: parts.baseUrl, userId });
  if (stored?.ready === undefined) throw new Error('a registration was not kept');
  const { mpinId, token } = stored.ready;
  const permit = settings.usePermits
    ? await fetchTimePermit({ ...parts, settings }, { mpinId, cached: undefined })
    : undefined;
  return {
    mpinId: fromHex(mpinId, 'identity'),
    pin: Number(PIN),
    token: fromHex(token, 'token', POINT_BYTES),
    timePermit: permit?.permit,
    date: permit?.date ?? 0,
  };
}
