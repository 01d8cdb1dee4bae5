-- Forget a reader: record, index, slot and wishes go; the address's digest stays among the suppressions,
-- so that no import brings them back. The id is never given again. Returns {outcome}: erased, unknown or moved.
--
-- given: id, now
--        address, bucket, digest   as the caller read them
--        reason           kept among the suppressions; "" for none
--        unconfirmed      true: only somebody who is still pending
--        reject_seconds   for so long no form may ask for this address again; 0 for not at all

local record = read(given.id)
if not record then return {'unknown'} end
if record[ADDRESS] ~= given.address then return {'moved'} end
if given.unconfirmed and record[STATUS] ~= PENDING then return {'moved'} end

count(record[STATUS], -1)
if record[STATUS] == ACTIVE then leave_slot(record, given.id) end
if record[STATUS] == COMPLAINED then suppress('complained', given.now) end
if given.reason ~= '' then suppress(given.reason, given.now) end
redis.call('ZREM', 'subscribers:unconfirmed', given.id)
redis.call('HDEL', 'subscribers:by-address:' .. given.bucket, given.digest)
redis.call('HDEL', bucket('wishes', given.id))
redis.call('HDEL', bucket('changes', given.id))
redis.call('HDEL', bucket('at', given.id))
if given.reject_seconds > 0 then
  redis.call('SET', 'signup:rejected:' .. given.bucket .. ':' .. given.digest, 1, 'EX', given.reject_seconds)
end
redis.call('DEL', 'subscribers:wish:' .. given.id)
redis.call('DEL', 'signup:told:' .. given.id, 'signup:latest:' .. given.id)
redis.call('DEL', 'subscribers:move:' .. given.id, 'subscribers:moved:' .. given.id)
return {'erased'}
