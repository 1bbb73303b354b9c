import type { Store } from '../../store.js';
import type { Connection } from '../connection.js';
import { type Keys, placeOfHash } from '../keys.js';
import { CACHE_PERMITS } from '../scripts/permits.js';

const DAY_MS = 86_400_000;

type PermitVerbs = Pick<Store, 'cachePermits' | 'cachedPermit'>;

export function permitVerbs(redis: Connection, keys: Keys, now: () => number): PermitVerbs {
  const keyOf = (hashMpinId: string) => keys.of('permits', placeOfHash(hashMpinId));
  return {
    async cachePermits(hashMpinId, permits) {
      const nowMs = now();
      const today = Math.floor(nowMs / DAY_MS);
      const kept = [...permits].filter(([day]) => day >= today);
      if (kept.length === 0) return;
      const last = Math.max(...kept.map(([day]) => day));
      const lifeMs = Math.ceil((last + 1) * DAY_MS - nowMs);
      const shares = kept.flatMap(([day, share]) => [day, Buffer.from(share, 'hex')]);
      await redis.run(CACHE_PERMITS, [keyOf(hashMpinId)], [today, lifeMs, ...shares]);
    },

    async cachedPermit(hashMpinId, day) {
      if (day < Math.floor(now() / DAY_MS)) return undefined;
      const share = await redis.call('hget', keyOf(hashMpinId), day);
      return share === null ? undefined : (share as Buffer).toString('hex');
    },
  };
}
