-- Lengthen a lease while its request is under way: its worker lives and waits for a slow answer.
--
-- KEYS  due, fence, intent
-- ARGV  batch, token of the request, lease in milliseconds
-- Answer: {'extended'}, or {'lost'} where the request has an end or the batch another worker.
local due, fence, intent = unpack(KEYS)
local batch, token = ARGV[1], ARGV[2]
if redis.call('HGET', fence, batch) ~= token or under_way(intent, batch) ~= token then
  return { 'lost' }
end
redis.call('ZADD', due, 'XX', clock() + tonumber(ARGV[3]), batch)
return { 'extended' }
