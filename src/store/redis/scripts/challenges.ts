/**
 * The challenges of one identity are one text, newest first: each a head of 8 bytes (the end of
 * its life in milliseconds on the clock of Redis, 6 bytes; failures in its life; the length of what
 * follows) and its record. There is one challenge nearly always, so that is what is fast.
 *
 * The key ends with its last challenge. So one that is alone lives as long as its key does, and the
 * time is asked only when there are several.
 *
 * What can be refused for want of memory comes before any other write, and all that follows a
 * write is let through by Redis: a script does all it should or nothing.
 */
import { CHALLENGES_PER_IDENTITY_MAX, FAILURES_PER_CHALLENGE_MAX } from '../../store.js';
import { script } from '../script.js';
import { NOW } from './now.js';

/** `each(text, use)` hands over start, end, end of life and failures of each challenge. */
const EACH = `
local function each(text, use)
  local at = 1
  while at <= #text do
    local ends, failures, size = struct.unpack('>I6BB', text, at)
    use(at, at + 7 + size, ends, failures)
    at = at + 8 + size
  end
end
`;

/** `keep(key, parts, last)` replaces a text by what is left of it, which ends with \`last\`. */
const KEEP = `
local function keep(key, parts, last)
  if #parts == 0 then redis.call('DEL', key)
  else redis.call('SET', key, table.concat(parts), 'PXAT', last) end
end
`;

/**
 * `take(key, id)` removes a live challenge; false when there is none. The id follows the head and
 * a byte with its length.
 */
export const TAKE = `${EACH}${NOW}${KEEP}
local function take(key, id)
  local text = redis.call('GET', key)
  if not text then return false end
  if #text == 8 + text:byte(8) then
    if text:sub(10, 9 + text:byte(9)) ~= id then return false end
    redis.call('DEL', key)
    return true
  end
  local ms, parts, last, found = now(), {}, 0, false
  each(text, function(first, stop, ends)
    if ends <= ms then return end
    if text:sub(first + 9, first + 8 + text:byte(first + 8)) == id then
      found = true
      return
    end
    parts[#parts + 1] = text:sub(first, stop)
    last = math.max(last, ends)
  end)
  if found then keep(key, parts, last) end
  return found
end
`;

/** `fail(key)` counts a failure against all challenges, and ends those that had enough. */
export const FAIL = `
local function fail(key)
  local text = redis.call('GET', key)
  if not text then return end
  local parts, last = {}, 0
  each(text, function(first, stop, ends, failures)
    if failures + 1 >= ${FAILURES_PER_CHALLENGE_MAX} then return end
    parts[#parts + 1] = text:sub(first, first + 5) .. string.char(failures + 1)
      .. text:sub(first + 7, stop)
    last = math.max(last, ends)
  end)
  keep(key, parts, last)
end
`;

/**
 * KEYS: challenges. ARGV: record, life in milliseconds.
 * The victim, when there are too many, is the oldest of the peer that has most of them.
 */
export const PUT_CHALLENGE = script(
  'putChallenge',
  `${EACH}${NOW}${KEEP}
local life = tonumber(ARGV[2])
local ms = now()
local ends = ms + life
local record = struct.pack('>I6BB', ends, 0, #ARGV[1]) .. ARGV[1]
local text = redis.call('GET', KEYS[1])
if not text then
  redis.call('SET', KEYS[1], record, 'PX', life)
  return
end
local function peerOf(part)
  local at = 10 + part:byte(9)
  return part:sub(at + 1, at + part:byte(at))
end
local parts, allEnds = {record}, {ends}
each(text, function(first, stop, other)
  if other <= ms then return end
  parts[#parts + 1] = text:sub(first, stop)
  allEnds[#allEnds + 1] = other
end)
if #parts > ${CHALLENGES_PER_IDENTITY_MAX} then
  local counts, victim, most = {}, 0, 0
  for _, part in ipairs(parts) do
    local peer = peerOf(part)
    counts[peer] = (counts[peer] or 0) + 1
  end
  for at = 2, #parts do
    local count = counts[peerOf(parts[at])]
    if count >= most then victim, most = at, count end
  end
  table.remove(parts, victim)
  table.remove(allEnds, victim)
end
keep(KEYS[1], parts, math.max(unpack(allEnds)))
`,
);

/** KEYS: challenges. The live ones with their heads, newest first. */
export const CHALLENGES = script(
  'challenges',
  `${EACH}${NOW}
local text = redis.call('GET', KEYS[1])
if not text or #text == 8 + text:byte(8) then return text end
local ms, parts = now(), {}
each(text, function(first, stop, ends)
  if ends > ms then parts[#parts + 1] = text:sub(first, stop) end
end)
return table.concat(parts)
`,
);
