-- Take a batch: a lease that ends by itself, and a fencing token that outlives it.
--
-- An intent that is still there was left behind by a worker that is gone, or is so late that its
-- lease ended: its recipients become uncertain here and are never sent again from here, unless an
-- event has proved meanwhile that the provider accepted the request.
--
-- KEYS  edition, batches, marks, due, fence, intent, uncertain, requests, epoch, provisional
-- ARGV  batch, lease in milliseconds, keep-seconds
-- Answer: {'claimed', token, definition, marks, 1 where refusals of the edition are provisional} or {'held', why}, {'busy', milliseconds left}, {'over'}.
local edition, batches, marks_key, due, fence, intent, uncertain, requests, epoch, provisional = unpack(KEYS)
local batch = ARGV[1]
local held = redis.call('HGET', edition, 'held')
if held then
  return { 'held', held }
end
local free_at = redis.call('ZSCORE', due, batch)
if not free_at then
  return { 'over' }
end
local now = clock()
if tonumber(free_at) > now then
  return { 'busy', tonumber(free_at) - now }
end

local definition = redis.call('HGET', batches, batch)
local size = count(definition, ',') + 1
local marks = spread(redis.call('HGET', marks_key, batch), size)
local left_behind = under_way(intent, batch)
if left_behind then
  local request = batch .. '.' .. left_behind
  local proved = redis.call('HGET', requests, request) == 'proved'
  local after = string.gsub(marks, 'i', proved and 'a' or 'u')
  after = string.gsub(after, 'k', 'a')
  if not proved then
    local mask = string.gsub(string.gsub(marks, 'k', 'i'), '[^i]', '-')
    -- its worker had died, or given up, by the end of the lease, however long ago that was
    redis.call('HSET', uncertain, request, now .. ',' .. free_at .. ' ' .. string.gsub(mask, 'i', 'u'))
    redis.call('EXPIRE', uncertain, ARGV[3])
  end
  redis.call('HDEL', intent, batch)
  put_marks(edition, marks_key, batch, marks, after)
  marks = after
end
if not string.find(marks, '.', 1, true) then
  redis.call('ZREM', due, batch)
  return { 'over' }
end

-- A restored backup would give out tokens that were used before; the epoch in front keeps them apart.
local token = redis.call('HINCRBY', fence, batch, 1)
local least = tonumber(redis.call('GET', epoch) or '0') * 1000000 + 1
if token < least then
  token = least
  redis.call('HSET', fence, batch, token)
end
redis.call('EXPIRE', fence, ARGV[3])
redis.call('ZADD', due, now + tonumber(ARGV[2]), batch)
return { 'claimed', token, definition, marks, redis.call('EXISTS', provisional) }
