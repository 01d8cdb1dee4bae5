-- The new address confirms: record and index change together, and the old address is told.
-- Returns {outcome, letter or 0}: moved, expired, or stale, which asks the caller to look again.
--
-- given: id, now
--        wish, asked               the wish as it was kept, and its instant
--        address, bucket, digest   the new address
--        old_address, old_bucket, old_digest   as the caller read them
--        within                    seconds that the old address is kept, so that it can be told

local wish = 'subscribers:move:' .. given.id
if redis.call('GET', wish) ~= given.wish then return {'expired', 0} end
local record = read(given.id)
if not record or record[STATUS] ~= ACTIVE then return {'expired', 0} end
if record[ADDRESS] ~= given.old_address then return {'stale', 0} end
local index = 'subscribers:by-address:' .. given.bucket
local owner = tonumber(redis.call('HGET', index, given.digest) or given.id)
if owner ~= given.id or is_blocked() then return {'expired', 0} end

redis.call('DEL', wish)
redis.call('HDEL', 'subscribers:by-address:' .. given.old_bucket, given.old_digest)
redis.call('HSET', index, given.digest, given.id)
redis.call('HDEL', 'subscribers:suppressed:' .. given.bucket, given.digest)
redis.call('SET', 'subscribers:moved:' .. given.id, given.asked .. ' ' .. given.old_address, 'EX', given.within)
record[ADDRESS] = given.address
write(given.id, record)
return {'moved', write_letter('old-address', given.id, given.now)}
