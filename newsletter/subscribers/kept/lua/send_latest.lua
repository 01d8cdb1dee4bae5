-- A reader wants the newest edition now. Returns {outcome, letter or 0}: sending, recent or unknown.
--
-- given: id, now
--        within   seconds in which a second wish is not granted

local record = read(given.id)
if not record or record[STATUS] ~= ACTIVE then return {'unknown', 0} end
if not redis.call('SET', 'signup:latest:' .. given.id, 1, 'NX', 'EX', given.within) then return {'recent', 0} end
return {'sending', write_letter('latest', given.id, given.now)}
