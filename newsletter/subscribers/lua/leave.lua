-- A reader leaves: by their own word (u), or because mail bounces (b) or was reported as spam (c).
-- From here on no slot names them. Returns {outcome, id}: left, already or unknown.
--
-- given: id               or 0 to look the address up
--        status           what to become
--        now
--        bucket, digest   where the address is indexed; needed without id and with a reason
--        reason           kept among the suppressions, even for an address that nobody subscribed; "" for none

local STRONGER = { [UNSUBSCRIBED] = 1, [BOUNCED] = 2, [COMPLAINED] = 3 }

if given.reason ~= '' then suppress(given.reason, given.now) end
local id = given.id
if id == 0 then
  id = tonumber(redis.call('HGET', 'subscribers:by-address:' .. given.bucket, given.digest) or 0)
end
local record = id > 0 and read(id)
if not record then return {'unknown', 0} end
if (STRONGER[record[STATUS]] or 0) >= STRONGER[given.status] then return {'already', id} end

if given.status == UNSUBSCRIBED then record[LEFT] = given.now end
become(id, record, given.status, given.now)
write(id, record)
return {'left', id}
