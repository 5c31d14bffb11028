// What happens within Redis, each in one step. A log is up to three keys and a channel:
//
// - meta: a hash of `epoch`, `position` (of the latest entry) and `base` (the position before the first), kept
//   for as long as an event is, and longer while somebody listens;
// - entries: a stream of `e`vent, `d`ata and `p`osition of the entry before, its ids being positions;
// - sent: a list of the latest publishes, so that one which is sent again is not added twice;
// - live: the channel that tells of each entry.
//
// A position is the time in microseconds, or the one after the latest if that is more. So it grows even where
// Redis has lost the end of a log, in a crash or a failover, and nobody takes a new entry for one that he has had.

import { createHash } from "node:crypto";

/** Publishes of a log that are known by their nonce, and for how long at least and at most, in ms. */
const SENT = 1_000;
const LEAST_SENT_MS = 10_000;
const MAX_SENT_MS = 60_000;

/** How an error begins that says that a publish may have happened before. */
export const UNSURE = "PINEUNSURE";

const COMMON = `
local function number(value) return string.format('%.0f', value) end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local state = redis.call('HMGET', KEYS[1], 'epoch', 'position', 'base')
local epoch, last, base = state[1], tonumber(state[2] or ''), tonumber(state[3] or '')
if not (epoch and last and base) then
  epoch, last, base = ARGV[1], now, now
  redis.call('DEL', KEYS[1], KEYS[2])
  redis.call('HSET', KEYS[1], 'epoch', epoch, 'position', number(last), 'base', number(base))
end
local ttl = tonumber(ARGV[2])
redis.call('PEXPIRE', KEYS[1], number(ttl))
`;

/** A script, called by its digest. */
export interface Script {
  readonly text: string;
  readonly sha: string;
}

function script(text: string): Script {
  return { text, sha: createHash("sha1").update(text).digest("hex") };
}

/**
 * KEYS: meta, entries, sent. ARGV: an epoch for a new log, ttl in ms, event, data, history, channel, nonce, for how
 * long in µs it has been tried before (0 for not). Gives epoch and position.
 */
export const PUBLISH = script(`${COMMON}
local event, data, history, channel, nonce, tried = ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6], ARGV[7], tonumber(ARGV[8])
local known_for = math.min(${MAX_SENT_MS}, math.max(ttl, ${LEAST_SENT_MS}))
if tried > 0 then
  local sent = redis.call('LRANGE', KEYS[3], 0, -1)
  for _, each in ipairs(sent) do
    local known, position = string.match(each, '^(%S+) (%d+)$')
    if known == nonce then return { epoch, position } end
  end
  local oldest = #sent == ${SENT} and tonumber(string.match(sent[#sent], '%d+$')) or 0
  if oldest > now - tried or tried > known_for * 1000 then
    return redis.error_reply('${UNSURE} too much was published since it was sent')
  end
end
local position = math.max(last + 1, now)
redis.call('HSET', KEYS[1], 'position', number(position))
if history > 0 then
  redis.call('XADD', KEYS[2], 'MAXLEN', '=', number(history), number(position) .. '-0', 'e', event, 'd', data, 'p', number(last))
  redis.call('XTRIM', KEYS[2], 'MINID', '=', number(math.max(0, now - ttl * 1000)))
  redis.call('PEXPIRE', KEYS[2], number(ttl))
else
  redis.call('DEL', KEYS[2])
end
redis.call('LPUSH', KEYS[3], nonce .. ' ' .. number(position))
redis.call('LTRIM', KEYS[3], 0, ${SENT - 1})
redis.call('PEXPIRE', KEYS[3], number(known_for))
redis.call('PUBLISH', channel, table.concat({ epoch, number(position), number(last), event, data }, '\\n'))
return { epoch, number(position) }
`);

/**
 * KEYS: meta, entries. ARGV: an epoch for a new log, ttl in ms, the position to read after, most entries, most bytes.
 * Gives epoch, position, whether it reaches back, and for each entry its position, the one before, event and data.
 */
export const READ = script(`${COMMON}
local after, limit, room = math.max(tonumber(ARGV[3]), base), tonumber(ARGV[4]), tonumber(ARGV[5])
local reply, count, reaches = { epoch, number(last), 0 }, 0, after == last
local from = number(math.max(after + 1, now - ttl * 1000)) .. '-0'
while count < limit and room > 0 do
  local size = math.min(16, limit - count)
  local page = redis.call('XRANGE', KEYS[2], from, '+', 'COUNT', size)
  for _, entry in ipairs(page) do
    local fields = entry[2]
    if count == 0 then reaches = tonumber(fields[6]) <= after end
    count = count + 1
    reply[#reply + 1] = string.match(entry[1], '^%d+')
    reply[#reply + 1] = fields[6]
    reply[#reply + 1] = fields[2]
    reply[#reply + 1] = fields[4]
    room = room - #fields[4]
    if room <= 0 then break end
  end
  if #page < size then break end
  from = '(' .. page[#page][1]
end
reply[3] = reaches and 1 or 0
return reply
`);
