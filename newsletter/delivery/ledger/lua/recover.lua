-- Merge what became of a request that the server has forgotten with what it knows now: after a power loss,
-- or after a replica without the last changes was promoted, its batch may have been sent again.
--
-- KEYS  edition, batches, marks, due, intent, uncertain, stray, done
-- ARGV  batch, token, letters as in commit, keep-seconds, nonce, the batch's members
-- Answer: {'settled'}; {'stray', n} where n of them were mailed again; {'known'} where this was said before;
--       {'elsewhere'} where the batch has other members by now.
local edition, batches, marks_key, due, intent, uncertain, stray, done = unpack(KEYS)
local batch, token, letters, nonce = ARGV[1], ARGV[2], ARGV[3], ARGV[5]
local request = batch .. '.' .. token .. '.' .. nonce
if redis.call('HEXISTS', done, request) == 1 then
  return { 'known' }
end
local definition = redis.call('HGET', batches, batch)
if not definition or string.sub(definition, string.find(definition, '|', 1, true) + 1) ~= ARGV[6] then
  return { 'elsewhere' }
end
local marks = spread(redis.call('HGET', marks_key, batch), #letters)
local doubled, doubted = 0, false
local after = merge(marks, letters, function(old, new)
  if new == 'a' then
    local known, twice = known_accepted(old)
    doubled = doubled + twice
    return known
  elseif old == '.' and (new == 'u' or new == 'r') then
    doubted = doubted or new == 'u'
    return new
  end
  return old
end)
put_marks(edition, marks_key, batch, marks, after)
if doubted then
  local mask = merge(marks, letters, function(old, new)
    return (old == '.' and new == 'u') and 'u' or '-'
  end)
  redis.call('HSET', uncertain, batch .. '.' .. token, clock() .. ',' .. clock() .. ' ' .. mask)
  redis.call('EXPIRE', uncertain, ARGV[4])
end
if not string.find(after, '.', 1, true) and redis.call('HEXISTS', intent, batch) == 0 then
  redis.call('ZREM', due, batch)
end
redis.call('HSET', done, request, '1')
redis.call('EXPIRE', done, ARGV[4])
if doubled > 0 then
  redis.call('HINCRBY', stray, batch .. '.' .. token, doubled)
  redis.call('EXPIRE', stray, ARGV[4])
  return { 'stray', doubled }
end
return { 'settled' }
