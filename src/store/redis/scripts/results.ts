import { REVOKED } from '../record.js';
import { script } from '../script.js';

/**
 * KEYS: result, revoked identities of its tag. Takes the result (see record.ts). That
 * of a right PIN, which begins with 0, is answered with another first byte if its identity is one
 * of the revoked.
 */
export const TAKE_RESULT = script(
  'takeResult',
  `
local result = redis.call('GETDEL', KEYS[1])
if not result or result:byte(1) ~= 0 then return result end
local at = 3 + result:byte(2)
local place = result:sub(at + 1, at + result:byte(at))
if redis.call('SISMEMBER', KEYS[2], place) == 0 then return result end
return string.char(${REVOKED}) .. result:sub(2)
`,
);
