-- Let an address be asked again, at its owner's request. Nobody becomes active by it, and no import brings the
-- address back: its owner confirms, by a mail that reached it.
-- Returns {1} where something stood in the way, else {0}.
--
-- given: bucket, digest, now

local gone = redis.call('DEL', 'signup:rejected:' .. given.bucket .. ':' .. given.digest)
local id = owner()
local record = id > 0 and read(id)
local reason = suppression()
if reason == 'bounced' and not has_left(record) then
  gone = gone + redis.call('HDEL', 'subscribers:suppressed:' .. given.bucket, given.digest)
elseif has_left(record) then
  keep_suppression('lifted', given.now, given)
  gone = gone + 1
end
if record and (record[STATUS] == COMPLAINED or record[STATUS] == BOUNCED) then
  become(id, record, UNSUBSCRIBED, given.now)
  write(id, record)
  gone = gone + 1
end
return {gone > 0 and 1 or 0}
