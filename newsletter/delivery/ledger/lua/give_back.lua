-- What was let through and did not leave counts no more; a batch that has ended makes room for another.
--
-- KEYS  seconds, minutes, warm_up, running
-- ARGV  how many, when they were granted (ms), who (empty: goes on)
local seconds, minutes, warm_up, running = unpack(KEYS)
local back, at = tonumber(ARGV[1]), tonumber(ARGV[2])

local function less(key, field)
  local count = tonumber(redis.call('HGET', key, field) or '0')
  if count > 0 then
    redis.call('HSET', key, field, math.max(0, count - back))
  end
end

if back > 0 then
  less(seconds, math.floor(at / 1000))
  less(minutes, math.floor(at / 60000))
  if tonumber(redis.call('HGET', warm_up, 'day') or '-1') == math.floor(at / 86400000) then
    less(warm_up, 'sent')
  end
end
if ARGV[3] ~= '' then
  redis.call('ZREM', running, ARGV[3])
end
return { 'ok' }
