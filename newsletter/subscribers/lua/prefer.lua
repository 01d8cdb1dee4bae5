-- A reader chooses: the record, and the slot where they stand in one, change together.
-- Returns {outcome}: saved or unknown.
--
-- given: id, hour, zone, wishes

local record = read(given.id)
if not record then return {'unknown'} end
if record[STATUS] == ACTIVE then leave_slot(record, given.id) end
record[HOUR], record[ZONE], record[WISHES] = given.hour, given.zone, given.wishes
if record[STATUS] == ACTIVE then enter_slot(record, given.id) end
write(given.id, record)
return {'saved'}
