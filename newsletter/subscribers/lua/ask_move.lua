-- A reader wants to be reached at another address: nothing changes until that one confirms.
-- Returns {outcome, letter or 0}: confirm, same, unknown, or capped, blocked and taken, which look like confirm outside.
--
-- given: id, now
--        address, bucket, digest   the new address
--        within                    seconds that the confirmation works
--        per_address, in_all       the caps

local record = read(given.id)
if not record or record[STATUS] ~= ACTIVE then return {'unknown', 0} end
local owner = tonumber(redis.call('HGET', 'subscribers:by-address:' .. given.bucket, given.digest) or 0)
if owner == given.id and record[ADDRESS] == given.address then return {'same', 0} end
if owner > 0 and owner ~= given.id then return {'taken', 0} end
if is_blocked() then return {'blocked', 0} end
if not may_mail(true) then return {'capped', 0} end

-- Only the newest wish can be confirmed: its link carries this very second.
redis.call('SET', 'subscribers:move:' .. given.id, given.now .. ' ' .. given.address, 'EX', given.within)
return {'confirm', write_letter('new-address', given.id, given.now)}
