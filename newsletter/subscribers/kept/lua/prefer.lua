-- A reader chooses: the record, and the slot where they stand in one, change together.
-- Returns {outcome}: saved or unknown.
--
-- given: id, hour, zone, wishes
--        now   Unix seconds; 0 for the server's own clock

local record = read(given.id)
if not record then return {'unknown'} end

local function wish(wishes, name)
  return type(wishes) == 'table' and wishes[name] or nil
end

local before = record[WISHES]
local is_paused_otherwise = wish(before, 'paused_until') ~= wish(given.wishes, 'paused_until')
local is_mailed_otherwise = record[HOUR] ~= given.hour or record[ZONE] ~= given.zone
  or wish(before, 'frequency') ~= wish(given.wishes, 'frequency')
if is_paused_otherwise or is_mailed_otherwise then
  local now = given.now > 0 and given.now or tonumber(redis.call('TIME')[1])
  note_change(given.id, is_paused_otherwise and now, is_mailed_otherwise and now)
end

if record[STATUS] == ACTIVE then leave_slot(record, given.id) end
record[HOUR], record[ZONE], record[WISHES] = given.hour, given.zone, given.wishes
if record[STATUS] == ACTIVE then enter_slot(record, given.id) end
write(given.id, record)
return {'saved'}
