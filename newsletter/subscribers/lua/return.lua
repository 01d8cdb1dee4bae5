-- Undo: who unsubscribed a moment ago is active again, with everything as it was.
-- Returns {outcome}: returned, already, or expired where there is nothing to undo any more.
--
-- given: id, now, within (seconds)

local record = read(given.id)
if not record then return {'expired'} end
if record[STATUS] == ACTIVE then return {'already'} end
if record[STATUS] ~= UNSUBSCRIBED or record[CONFIRMED] == cjson.null then return {'expired'} end
if given.now - record[LEFT] > given.within then return {'expired'} end

become(given.id, record, ACTIVE, given.now)
record[LEFT] = cjson.null
note_change(given.id, false, given.now) -- the page says when the next mail comes
write(given.id, record)
return {'returned'}
