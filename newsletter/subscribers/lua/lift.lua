-- Forget why an address must not be mailed, at its owner's request. Nobody becomes active by it.
-- Returns {1} where something stood in the way, else {0}.
--
-- given: bucket, digest, now

local gone = redis.call('HDEL', 'subscribers:suppressed:' .. given.bucket, given.digest)
gone = gone + redis.call('DEL', 'signup:rejected:' .. given.bucket .. ':' .. given.digest)
local id = tonumber(redis.call('HGET', 'subscribers:by-address:' .. given.bucket, given.digest) or 0)
local record = id > 0 and read(id)
if record and (record[STATUS] == COMPLAINED or record[STATUS] == BOUNCED) then
  become(id, record, UNSUBSCRIBED, given.now)
  write(id, record)
  gone = gone + 1
end
return {gone > 0 and 1 or 0}
