-- Address a cohort: its recipients, its batches and how far in time they reach, all or nothing.
--
-- KEYS  open, then for each day that has come further or is brought by a copy:
--       edition, addressed, batches, renderings, marks, due
-- ARGV  keep-seconds, through (ISO instant, or '' where no slot is behind it), how many of the days, the first
--       ones, have come so far, then for each day:
--       day, version that the caller saw, bitmap of all who are addressed now ('' where nobody was added),
--       how many are mailed, how many have nothing to read,
--       how many renderings, then (key, json) each,
--       how many batches, then the definition of each
-- Answer: {'frozen', first batch number of each day…} or {'stale'} where another freeze or a welcome
--       came between on any of the days: read again and redo.
local keep, through, reached = ARGV[1], ARGV[2], tonumber(ARGV[3])
local at = 3
local function take()
  at = at + 1
  return ARGV[at]
end

local function read_day(first_key)
  local day = { name = take(), version = take(), bitmap = take(), mailed = take(), quiet = take() }
  day.keys = { unpack(KEYS, first_key, first_key + 5) }
  day.renderings = {}
  for _ = 1, tonumber(take()) do
    table.insert(day.renderings, { take(), take() })
  end
  day.batches = {}
  for _ = 1, tonumber(take()) do
    table.insert(day.batches, take())
  end
  return day
end

local days = {}
for first_key = 2, #KEYS, 6 do
  table.insert(days, read_day(first_key))
end
for _, day in ipairs(days) do
  if (redis.call('HGET', day.keys[1], 'version') or '0') ~= day.version then
    return { 'stale' }
  end
end

local function write(day)
  local edition, addressed, batches, renderings, marks, due = unpack(day.keys)
  redis.call('HINCRBY', edition, 'version', 1)
  if #day.bitmap > 0 then
    redis.call('SET', addressed, day.bitmap)
    redis.call('SADD', KEYS[1], day.name) -- so that an expired addressee set is known to have been
  end
  redis.call('HINCRBY', edition, 'recipients', day.mailed)
  redis.call('HINCRBY', edition, 'quiet', day.quiet)
  for _, rendering in ipairs(day.renderings) do
    redis.call('HSET', renderings, rendering[1], rendering[2])
  end
  local first = tonumber(redis.call('HGET', edition, 'batches') or '0') + 1
  for offset, definition in ipairs(day.batches) do
    local number = first + offset - 1
    redis.call('HSET', batches, number, definition)
    redis.call('HSET', marks, number, '.')
    redis.call('ZADD', due, 0, number)
  end
  if #day.batches > 0 then
    if redis.call('HDEL', edition, 'in_doubt') == 1 then
      redis.call('HDEL', edition, 'held') -- new readers are new evidence of whether anybody is accepted
    end
    redis.call('HINCRBY', edition, 'batches', #day.batches)
    redis.call('HSETNX', edition, 'frozen_at', clock())
  end
  for _, key in ipairs(day.keys) do
    redis.call('EXPIRE', key, keep)
  end
  return first
end

for place = 1, through ~= '' and reached or 0 do
  local edition = days[place].keys[1]
  if (redis.call('HGET', edition, 'through') or '') < through then
    redis.call('HSET', edition, 'through', through) -- of two freezes, the later one's holds
  end
end
local answer = { 'frozen' }
for _, day in ipairs(days) do
  table.insert(answer, write(day))
end
return answer
