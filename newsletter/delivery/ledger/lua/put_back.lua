-- The server's clock was put back: move with it whatever waits for a time that it has shown before.
--
-- KEYS  letters:open (Unix seconds), the throttle's seconds, minutes, warm_up and running, then each edition's due
-- ARGV  by how many milliseconds
local back = tonumber(ARGV[1])
local now = clock()

local function move(key, unit)
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', key, '(' .. now / unit, '+inf')) do
    redis.call('ZINCRBY', key, -back / unit, member)
  end
end

local function move_counts(key, unit)
  local kept = redis.call('HGETALL', key)
  for at = 1, #kept, 2 do
    local bucket = tonumber(kept[at])
    if bucket > math.floor(now / unit) then
      redis.call('HDEL', key, kept[at])
      redis.call('HINCRBY', key, bucket - math.floor(back / unit), kept[at + 1])
    end
  end
end

move(KEYS[1], 1000)
move_counts(KEYS[2], 1000)
move_counts(KEYS[3], 60000)
local today = math.floor(now / 86400000)
if tonumber(redis.call('HGET', KEYS[4], 'day') or '0') > today then
  redis.call('HSET', KEYS[4], 'day', today)
end
move(KEYS[5], 1)
for at = 6, #KEYS do
  move(KEYS[at], 1)
end
return {}
