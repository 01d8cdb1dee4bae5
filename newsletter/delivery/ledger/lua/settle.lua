-- Bring news of a request from elsewhere: the provider's events, its silence, or the operator.
--
-- KEYS  edition, marks, due, intent, uncertain, requests, stray, batches, open
-- ARGV  batch, token, ending (`proved` accepted, `assumed` accepted, `resent`: it was not, send again),
--       keep-seconds, day
-- Answer: {'settled', recipients}; {'noted'} where the request may still be under way, so that a later
--       doubt finds the proof; {'stray', n} where n of them had been sent again already; {'known'}.
local edition, marks_key, due, intent, uncertain, requests, stray, batches, open = unpack(KEYS)
local batch, token, ending = ARGV[1], ARGV[2], ARGV[3]
local request = batch .. '.' .. token
local definition = redis.call('HGET', batches, batch)
if not definition then
  return { 'known' }
end
local entry = redis.call('HGET', uncertain, request)
if not entry then
  if ending == 'proved' and under_way(intent, batch) == token then
    redis.call('HSET', requests, request, ending)
    redis.call('EXPIRE', requests, ARGV[4])
    return { 'noted' }
  end
  local heard, mask = string.match(redis.call('HGET', requests, request) or '', '(%a+) (.*)')
  if ending ~= 'proved' or not mask then
    return { 'known' }
  end
  local marks = spread(redis.call('HGET', marks_key, batch), #mask)
  local after, doubled = corrected(marks, mask, heard, (string.gsub(mask, 'u', 'a')))
  put_marks(edition, marks_key, batch, marks, after)
  redis.call('HSET', requests, request, ending)
  if doubled > 0 then
    redis.call('HINCRBY', stray, request, doubled)
    redis.call('EXPIRE', stray, ARGV[4])
    return { 'stray', doubled }
  end
  return { 'settled', heard == 'resent' and count(mask, 'u') or 0 }
end

local mask = string.sub(entry, string.find(entry, ' ', 1, true) + 1)
local letter = ending == 'resent' and '.' or 'a'
local marks = spread(redis.call('HGET', marks_key, batch), #mask)
local doubled = 0
local after = merge(marks, mask, function(old, new)
  if new == 'u' and old ~= 'u' and letter == 'a' then -- an earlier request is known to be accepted for them
    local known, twice = known_accepted(old)
    doubled = doubled + twice
    return known
  end
  return (new == 'u' and old == 'u') and letter or old
end)
put_marks(edition, marks_key, batch, marks, after)
if doubled > 0 then
  redis.call('HINCRBY', stray, request, doubled)
  redis.call('EXPIRE', stray, ARGV[4])
end
redis.call('HDEL', uncertain, request)
redis.call('HSET', requests, request, ending == 'proved' and ending or ending .. ' ' .. mask)
if ending == 'resent' then
  if not redis.call('ZSCORE', due, batch) then
    redis.call('ZADD', due, 0, batch)
  end
  redis.call('SADD', open, ARGV[5])
end
redis.call('EXPIRE', requests, ARGV[4])
return { 'settled', count(mask, 'u') }
