/**
 * A meeting is a hash: `prerollId`, `progress` and `userId` from its beginning; with its login that
 * one as JSON and its `authOTT`; once that was taken `taken` = 1, the `report` as JSON, and `final`
 * = 1 for a report that is.
 */
import { script } from '../script.js';

/** KEYS: meeting. ARGV: prerollId, life in milliseconds. */
export const PUT_MEETING = script(
  'putMeeting',
  `
redis.call('HSET', KEYS[1], 'prerollId', ARGV[1], 'progress', 'new', 'userId', '')
redis.call('PEXPIRE', KEYS[1], ARGV[2])
`,
);

/** True for a meeting that lives and has no login. */
const IS_OPEN = `
redis.call('EXISTS', KEYS[1]) == 1 and redis.call('HEXISTS', KEYS[1], 'login') == 0
`;

/** KEYS: meeting. ARGV: progress, userId. Answers 1, or 0 when it is not open. */
export const NOTE_PROGRESS = script(
  'noteProgress',
  `
if not (${IS_OPEN}) then return 0 end
redis.call('HSET', KEYS[1], 'progress', ARGV[1], 'userId', ARGV[2])
return 1
`,
);

/** KEYS: meeting. ARGV: login, authOTT, life in milliseconds. Answers 1, or 0 when not open. */
export const BIND_LOGIN = script(
  'bindLogin',
  `
if not (${IS_OPEN}) then return 0 end
redis.call('HSET', KEYS[1], 'login', ARGV[1], 'authOTT', ARGV[2])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return 1
`,
);

/** Those who wait for the report hear of it: on a channel of the meeting's own name. */
const TELL = `redis.call('PUBLISH', KEYS[1], '')`;

/** KEYS: meeting. ARGV: authOTT, report, whether it is final. Answers the login. */
export const TAKE_LOGIN = script(
  'takeLogin',
  `
local known = redis.call('HMGET', KEYS[1], 'authOTT', 'taken', 'login')
if known[1] ~= ARGV[1] or known[2] then return false end
redis.call('HSET', KEYS[1], 'taken', 1, 'report', ARGV[2], 'final', ARGV[3])
${TELL}
return known[3]
`,
);

/** KEYS: meeting. ARGV: authOTT, report, whether it is final. Answers 1, or 0 for no change. */
export const REPORT_LOGIN = script(
  'reportLogin',
  `
local known = redis.call('HMGET', KEYS[1], 'authOTT', 'taken', 'final')
if known[1] ~= ARGV[1] or not known[2] or known[3] == '1' then return 0 end
redis.call('HSET', KEYS[1], 'report', ARGV[2], 'final', ARGV[3])
${TELL}
return 1
`,
);

/**
 * KEYS: result of a mobile, its login. Takes the result (see record.ts), and remembers which
 * meeting it was at for as long as it would have lived.
 */
export const TAKE_MOBILE_RESULT = script(
  'takeMobileResult',
  `
local lifeMs = redis.call('PTTL', KEYS[1])
local result = redis.call('GETDEL', KEYS[1])
if not result then return false end
local at = 3 + result:byte(2)
local meeting = result:sub(at + 1, at + result:byte(at))
if lifeMs > 0 then redis.call('SET', KEYS[2], meeting, 'PX', lifeMs) end
return result
`,
);
