-- Give a claim back before any request was begun.
--
-- KEYS  due, fence, intent
-- ARGV  batch, token, milliseconds until it may be claimed again
-- Answer: {'released'}, or {'lost'} where another token came or a request was begun.
local due, fence, intent = unpack(KEYS)
local batch = ARGV[1]
if redis.call('HGET', fence, batch) ~= ARGV[2] or redis.call('HEXISTS', intent, batch) == 1 then
  return { 'lost' }
end
if redis.call('ZSCORE', due, batch) then
  redis.call('ZADD', due, clock() + tonumber(ARGV[3]), batch)
end
return { 'released' }
