-- Whether a welcome may carry an edition: once, and not where the daily mail does, or where it is held.
--
-- KEYS  edition, addressed, welcomed, open
-- ARGV  subscriber id, keep-seconds, day
-- Answer: {'carries'}, also when asked again for the same letter, or {'addressed'} or {'held'}.
local edition, addressed, welcomed, open = unpack(KEYS)
if redis.call('SISMEMBER', welcomed, ARGV[1]) == 1 then
  return { 'carries' }
end
if redis.call('HEXISTS', edition, 'held') == 1 then
  return { 'held' }
end
if redis.call('SETBIT', addressed, ARGV[1], 1) == 1 then
  return { 'addressed' }
end
redis.call('SADD', welcomed, ARGV[1])
redis.call('HINCRBY', edition, 'version', 1) -- a freeze that is being prepared must look again
redis.call('SADD', open, ARGV[3])
for _, key in ipairs({ edition, addressed, welcomed }) do
  redis.call('EXPIRE', key, ARGV[2])
end
return { 'carries' }
