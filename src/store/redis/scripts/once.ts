import { OTP_TRIES_MAX, OTPS_PER_USER_MAX } from '../../once.js';
import { script } from '../script.js';
import { NOW } from './now.js';

/**
 * The one-time passwords of a person are a JSON array, oldest first. \`live\` are those that have
 * not ended; \`keep(live)\` writes back what is left of them.
 */
const OTPS = `${NOW}
local ms, live = now(), {}
for _, one in ipairs(cjson.decode(redis.call('GET', KEYS[1]) or '[]')) do
  if one.ends > ms then live[#live + 1] = one end
end
local function keep(left)
  local last = 0
  for _, one in ipairs(left) do last = math.max(last, one.ends) end
  if #left == 0 then redis.call('DEL', KEYS[1])
  else redis.call('SET', KEYS[1], cjson.encode(left), 'PXAT', last) end
end
`;

/** KEYS: one-time passwords. ARGV: the new one, its identity, life in milliseconds. */
export const PUT_OTP = script(
  'putOtp',
  `${OTPS}
while #live >= ${OTPS_PER_USER_MAX} do table.remove(live, 1) end
live[#live + 1] = {otp = ARGV[1], mpinId = ARGV[2], ends = ms + ARGV[3], tries = 0}
keep(live)
`,
);

/** KEYS: one-time passwords. ARGV: the one that is tried. Answers its identity. */
export const TAKE_OTP = script(
  'takeOtp',
  `${OTPS}
for at, one in ipairs(live) do
  if one.otp == ARGV[1] then
    table.remove(live, at)
    keep(live)
    return one.mpinId
  end
end
local left = {}
for _, one in ipairs(live) do
  one.tries = one.tries + 1
  if one.tries < ${OTP_TRIES_MAX} then left[#left + 1] = one end
end
keep(left)
return false
`,
);

/** KEYS: counter. ARGV: window in milliseconds. Answers the count. */
export const COUNT_EVENT = script(
  'countEvent',
  `
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return count
`,
);
