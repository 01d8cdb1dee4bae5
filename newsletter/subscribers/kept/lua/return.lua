-- Undo: who unsubscribed a moment ago is active again, with everything as it was.
-- Returns {outcome}: returned, already, or expired where there is nothing to undo any more.
--
-- given: bucket, digest   of the address whose link asks: nobody undoes what another address's reader did
--        now, within (seconds)

local id = owner()
local record = id > 0 and read(id)
if not record then return {'expired'} end
if record[STATUS] == ACTIVE then return {'already'} end
if record[STATUS] ~= UNSUBSCRIBED or record[CONFIRMED] == cjson.null then return {'expired'} end
if is_blank(record[LEFT]) or given.now - record[LEFT] > given.within then return {'expired'} end

become(id, record, ACTIVE, given.now)
record[LEFT] = cjson.null
note_change(id, false, given.now) -- the page says when the next mail comes
write(id, record)
redis.call('DEL', 'subscribers:wish:' .. id)
redis.call('HDEL', 'subscribers:suppressed:' .. given.bucket, given.digest)
return {'returned'}
