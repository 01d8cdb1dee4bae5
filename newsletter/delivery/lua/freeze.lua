-- Address a cohort: its recipients, its batches and how far in time they reach, all or nothing.
--
-- KEYS  edition, addressed, batches, renderings, marks, due, open
-- ARGV  day, version that the caller saw, through (ISO instant, or '' where no slot is behind it),
--       bitmap of the newly addressed, how many are mailed, how many have nothing to read, keep-seconds,
--       how many renderings, then (key, json) each,
--       how many batches, then the definition of each
-- Answer: {'frozen', first batch number} or {'stale'} where another freeze came between: read again and redo.
local edition, addressed, batches, renderings, marks, due, open = unpack(KEYS)
if (redis.call('HGET', edition, 'version') or '0') ~= ARGV[2] then
  return { 'stale' }
end
redis.call('HINCRBY', edition, 'version', 1)
if ARGV[3] ~= '' then
  redis.call('HSET', edition, 'through', ARGV[3])
end
if #ARGV[4] > 0 then
  local newly = addressed .. ':new'
  redis.call('SET', newly, ARGV[4])
  redis.call('BITOP', 'OR', addressed, addressed, newly)
  redis.call('DEL', newly)
end
redis.call('HINCRBY', edition, 'recipients', ARGV[5])
redis.call('HINCRBY', edition, 'quiet', ARGV[6])

local at = 8
for _ = 1, tonumber(ARGV[at]) do
  redis.call('HSET', renderings, ARGV[at + 1], ARGV[at + 2])
  at = at + 2
end
at = at + 1
local added = tonumber(ARGV[at])
local first = tonumber(redis.call('HGET', edition, 'batches') or '0') + 1
for number = first, first + added - 1 do
  redis.call('HSET', batches, number, ARGV[at + 1])
  redis.call('HSET', marks, number, '.')
  redis.call('ZADD', due, 0, number)
  at = at + 1
end
if added > 0 then
  redis.call('HINCRBY', edition, 'batches', added)
  redis.call('HSETNX', edition, 'frozen_at', clock())
  redis.call('SADD', open, ARGV[1])
end
for _, key in ipairs({ edition, addressed, batches, renderings, marks, due }) do
  redis.call('EXPIRE', key, ARGV[7])
end
return { 'frozen', first }
