/**
 * A registration is a hash: \`data\` is what never changes in its life, as JSON; \`active\` and
 * \`issued\` are 1 or 0, \`activations\` a number.
 */
import { script } from '../script.js';

/** KEYS: registration. ARGV: data, active, activations, issued, life in milliseconds. */
export const PUT_REGISTRATION = script(
  'putRegistration',
  `
local active, count = ARGV[2], tonumber(ARGV[3])
local known = tonumber(redis.call('HGET', KEYS[1], 'activations') or 0)
if known > count then active, count = '1', known end
redis.call('HSET', KEYS[1], 'data', ARGV[1], 'active', active, 'activations', count,
  'issued', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
`,
);

/** KEYS: registration. Answers 1, or 0 when there is none. */
export const ACTIVATE = script(
  'activate',
  `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'active', 1)
redis.call('HINCRBY', KEYS[1], 'activations', 1)
return 1
`,
);

/** KEYS: registration. Answers 1, or 0 when there is none. */
export const MARK_ISSUED = script(
  'markIssued',
  `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'issued', 1)
return 1
`,
);

/** KEYS: registration. Ends one whose shares were issued. */
export const DROP_ISSUED = script(
  'dropIssued',
  `if redis.call('HGET', KEYS[1], 'issued') == '1' then redis.call('DEL', KEYS[1]) end`,
);
