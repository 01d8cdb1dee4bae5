-- The address that was asked says yes: record and index change together, and the address that was left is told,
-- by a letter whose link moves the reader back.
-- Returns {outcome, letter or 0}: moved, expired, or stale, which asks the caller to look again.
--
-- given: id, now
--        key, wish, asked          the wish as it was kept and where (the reader's, or the one that the letter to
--                                  the address they left stands for), and the instant of the link
--        address, bucket, digest   the new address
--        old_address, old_bucket, old_digest   as the caller read them
--        within                    seconds that the old address is kept, so that it can be told

if redis.call('GET', given.key) ~= given.wish then return {'expired', 0} end
local record = read(given.id)
if not record or record[STATUS] ~= ACTIVE then return {'expired', 0} end
if record[ADDRESS] ~= given.old_address then return {'stale', 0} end
local holder = owner()
if (holder > 0 and holder ~= given.id) or is_blocked() then return {'expired', 0} end
if suppressed_at() > tonumber(given.asked) then return {'expired', 0} end  -- its owner left since it was asked

local old = { bucket = given.old_bucket, digest = given.old_digest }
redis.call('DEL', 'subscribers:move:' .. given.id)
redis.call('HDEL', 'subscribers:by-address:' .. old.bucket, old.digest)
redis.call('HSET', 'subscribers:by-address:' .. given.bucket, given.digest, given.id)
if old.bucket ~= given.bucket or old.digest ~= given.digest then suppress('moved', given.now, old, given.id) end
redis.call('HDEL', 'subscribers:suppressed:' .. given.bucket, given.digest)
record[ADDRESS] = given.address
write(given.id, record)
local letter = write_letter('old-address', given.id, given.now)
local told = string.format('%s %.0f %s', given.asked, letter, given.old_address)
redis.call('SET', 'subscribers:moved:' .. given.id, told, 'EX', given.within)
return {'moved', letter}
