-- Bring news of a request from elsewhere: the provider's events, its silence, or the operator.
--
-- KEYS  edition, marks, due, intent, uncertain, requests, stray, batches, open
-- ARGV  batch, token, verdict (`proved` accepted, `assumed` accepted, `resent`: it was not, send again),
--       keep-seconds, day
-- Answer: {'settled', recipients}; {'noted'} where the request may still be under way, so that a later
--       doubt finds the proof; {'stray', n} where it had been sent again already; {'known'}.
local edition, marks_key, due, intent, uncertain, requests, stray, batches, open = unpack(KEYS)
local batch, token, verdict = ARGV[1], ARGV[2], ARGV[3]
local request = batch .. '.' .. token
local definition = redis.call('HGET', batches, batch)
if not definition then
  return { 'known' }
end
local entry = redis.call('HGET', uncertain, request)
if not entry then
  if verdict == 'proved' and redis.call('HGET', intent, batch) == token then
    redis.call('HSET', requests, request, verdict)
    redis.call('EXPIRE', requests, ARGV[4])
    return { 'noted' }
  end
  if verdict == 'proved' and redis.call('HGET', requests, request) == 'resent' then
    if redis.call('HEXISTS', stray, request) == 0 then
      local size = tonumber(redis.call('HGET', requests, request .. '.size') or '0')
      redis.call('HSET', stray, request, size)
      redis.call('EXPIRE', stray, ARGV[4])
      return { 'stray', size }
    end
  end
  return { 'known' }
end

local mask = string.sub(entry, string.find(entry, ' ', 1, true) + 1)
local letter = verdict == 'resent' and '.' or 'a'
local marks = spread(redis.call('HGET', marks_key, batch), #mask)
local after = merge(marks, mask, function(old, new)
  return (new == 'u' and old == 'u') and letter or old
end)
put_marks(edition, marks_key, batch, marks, after)
redis.call('HDEL', uncertain, request)
redis.call('HSET', requests, request, verdict)
if verdict == 'resent' then
  redis.call('HSET', requests, request .. '.size', count(mask, 'u'))
  if not redis.call('ZSCORE', due, batch) then
    redis.call('ZADD', due, 0, batch)
  end
  redis.call('SADD', open, ARGV[5])
end
redis.call('EXPIRE', requests, ARGV[4])
return { 'settled', count(mask, 'u') }
