-- Let mails through as fast as the operator allows, counted for all workers together by the server's clock.
--
-- A limit a minute is kept in any 60 seconds, not only in each minute of the clock: mails are counted by
-- the second, and a second counts until the last moment of it is a minute past. An hour likewise, by the
-- minute. The warm-up's cap is a UTC day's; it doubles after each day on which half of it was used.
--
-- KEYS  seconds, minutes, warm_up, running
-- ARGV  how many are wanted (0: only look), a minute's limit, an hour's, the warm-up's first cap, batches
--       at once (0 each: no limit), who asks, milliseconds that they may take, 1 where nothing holds them
--       back (they count nevertheless), keep-seconds
-- Answer: {how many may leave, milliseconds until it is worth asking again, when this was granted (ms),
--       the most that could leave now (-1: no limit), today's cap (-1: none), what of it is used, how many more
--       batches may begin (-1: no limit)}
local seconds, minutes, warm_up, running = unpack(KEYS)
local wanted = tonumber(ARGV[1])
local first_cap, at_once = tonumber(ARGV[4]), tonumber(ARGV[5])
local who, is_free = ARGV[6], ARGV[8] == '1'
local now = clock()
local MINUTE, DAY = 60000, 86400000
local room, wait = math.huge, 0

local function narrow(left, milliseconds)
  room = math.min(room, math.max(0, left))
  if left <= 0 then
    wait = math.max(wait, milliseconds)
  end
end

-- What was counted in the last 60 units, and how long until the oldest of it is past.
local function look(key, limit, unit)
  if limit == 0 then
    return
  end
  local used, oldest, current = 0, nil, math.floor(now / unit)
  local kept = redis.call('HGETALL', key)
  for at = 1, #kept, 2 do
    local bucket, count = tonumber(kept[at]), tonumber(kept[at + 1])
    if bucket < current - 60 then
      redis.call('HDEL', key, kept[at])
    elseif count > 0 then
      used = used + count
      oldest = math.min(oldest or bucket, bucket)
    end
  end
  narrow(limit - used, oldest and (oldest + 61) * unit - now or 0)
end

look(seconds, tonumber(ARGV[2]), 1000)
look(minutes, tonumber(ARGV[3]), MINUTE)

local today = math.floor(now / DAY)
local cap, used_today, days = -1, 0, 0
if first_cap > 0 then
  local kept = redis.call('HMGET', warm_up, 'day', 'sent', 'days')
  local day, sent = tonumber(kept[1] or today), tonumber(kept[2] or '0')
  days = tonumber(kept[3] or '0')
  if day < today then
    if sent * 2 >= first_cap * 2 ^ days and days < 40 then
      days = days + 1
    end
    sent = 0
  end
  cap, used_today = first_cap * 2 ^ days, sent
  narrow(cap - sent, (today + 1) * DAY - now)
end

local slots = -1
if at_once > 0 and not is_free then
  redis.call('ZREMRANGEBYSCORE', running, '-inf', now)
  slots = math.max(0, at_once - redis.call('ZCARD', running))
  if slots == 0 and not redis.call('ZSCORE', running, who) then
    narrow(0, 1000) -- the next batch to end makes room; when is unknown
  end
end

local granted = is_free and wanted or math.min(wanted, room)
if granted > 0 then
  local function note(key, bucket, limit, keep)
    if limit ~= '0' then
      redis.call('HINCRBY', key, bucket, granted)
      redis.call('EXPIRE', key, keep)
    end
  end
  note(seconds, math.floor(now / 1000), ARGV[2], 120)
  note(minutes, math.floor(now / MINUTE), ARGV[3], 7200)
  if first_cap > 0 then
    redis.call('HSET', warm_up, 'day', today, 'sent', used_today + granted, 'days', days)
    redis.call('EXPIRE', warm_up, ARGV[9])
  end
  if at_once > 0 and not is_free then
    redis.call('ZADD', running, now + tonumber(ARGV[7]), who)
    redis.call('EXPIRE', running, 7200)
  end
end
return { granted, math.ceil(wait), now, room == math.huge and -1 or room, cap, used_today, slots }
