import { script } from '../script.js';
import { FAIL, TAKE } from './challenges.js';

/**
 * KEYS: challenges, failures that lock, others in all, others in the window, and the result unless
 * nobody is to learn it.
 * ARGV: '1' for a proven attempt, id of its challenge or '', failures that lock or '' where none
 * are counted, the result without its status, its life in milliseconds; then, if other failures
 * have bounds: '1' for one with a PIN error, most in a window, its milliseconds, most in all.
 * Answers the status, 0 when the challenge is gone, or 1 for a 410 whose failure locked.
 *
 * Counters are integers that anyone can read. Those of failures have no end.
 */
export const SETTLE = script(
  'settle',
  `${TAKE}${FAIL}
local counts = redis.call('MGET', KEYS[2], KEYS[3], KEYS[4])
local failures, others = tonumber(counts[1] or 0), tonumber(counts[2] or 0)
local most = tonumber(ARGV[3]) or math.huge
local locked = failures >= most
local perWindow = tonumber(ARGV[7])
local bounded = perWindow
  and (others >= tonumber(ARGV[9]) or tonumber(counts[3] or 0) >= perWindow)
local status, locks = locked and 410 or 401, false
if ARGV[1] == '1' then
  if ARGV[2] ~= '' and not take(KEYS[1], ARGV[2]) then return 0 end
  if not locked and not bounded then
    status = 200
    if failures + others > 0 then redis.call('DEL', KEYS[2], KEYS[3]) end
  end
else
  if not locked and not bounded and ARGV[3] ~= '' then
    if perWindow and ARGV[6] ~= '1' then
      redis.call('INCR', KEYS[3])
      if counts[3] then redis.call('INCR', KEYS[4])
      else redis.call('SET', KEYS[4], 1, 'PX', ARGV[8]) end
    elseif redis.call('INCR', KEYS[2]) >= most then
      status, locks = 410, true
    end
  end
  fail(KEYS[1])
end
if KEYS[5] then
  local first = status == 200 and 0 or status == 401 and 1 or 2
  redis.call('SET', KEYS[5], string.char(first) .. ARGV[4], 'PX', ARGV[5])
end
return locks and 1 or status
`,
);

/** KEYS: failures that lock, others in all, others in the window. Answers 1 if there were any. */
export const UNLOCK = script(
  'unlock',
  `
redis.call('DEL', KEYS[3])
return redis.call('DEL', KEYS[1], KEYS[2]) > 0 and 1 or 0
`,
);
