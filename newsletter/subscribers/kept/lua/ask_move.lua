-- A reader wants to be reached at another address: nothing changes until that one confirms, and the present
-- one is told at once. Returns {outcome, {letters}}: confirm, same, unknown, too-many, or capped, blocked and
-- taken, which look like confirm outside: the wish is kept and the present address told in each case.
--
-- given: id, now
--        address, bucket, digest   the new address
--        within                    seconds that the confirmation works
--        per_reader                wishes of one reader in a day
--        per_address, in_all       the caps

local record = read(given.id)
if not record or record[STATUS] ~= ACTIVE then return {'unknown', {}} end
local holder = owner()
if holder == given.id and record[ADDRESS] == given.address then return {'same', {}} end
local today = 'signup:moves:' .. given.id .. ':' .. math.floor(given.now / DAY_SECONDS)
if tally(today, DAY_SECONDS) > given.per_reader then return {'too-many', {}} end

local key = 'subscribers:move:' .. given.id
local wished = (redis.call('GET', key) or ''):match('^%d+ (.+)$')
local outcome = 'confirm'
if holder > 0 and holder ~= given.id then
  outcome = 'taken'
elseif is_blocked() then
  outcome = 'blocked'
elseif not may_mail(true) then
  outcome = 'capped'
end

-- Only the newest wish can be confirmed: its link carries the number of the letter that asks, and no two letters
-- share one. A wish that was mailed already outlives the same one unmailed.
local letters = {}
if wished ~= given.address then table.insert(letters, write_letter('move-wished', given.id, given.now)) end
local at = 0
if outcome == 'confirm' then
  at = write_letter('new-address', given.id, given.now)
  table.insert(letters, at)
end
if outcome == 'confirm' or wished ~= given.address then
  redis.call('SET', key, string.format('%.0f %s', at, given.address), 'EX', given.within)
end
return {outcome, letters}
