import { script } from '../script.js';

/**
 * The permits of one identity are a hash of shares by day.
 * KEYS: permits. ARGV: today, life of these in milliseconds, then days and shares by turns.
 * Days that are over go, and the key lives as long as its last permit.
 */
export const CACHE_PERMITS = script(
  'cachePermits',
  `
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
for _, day in ipairs(redis.call('HKEYS', KEYS[1])) do
  if tonumber(day) < tonumber(ARGV[1]) then redis.call('HDEL', KEYS[1], day) end
end
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
`,
);
