-- The reader says yes. Of two at once one confirms and writes the welcome; the other finds it done.
-- Returns {outcome, letter or 0}; `moved` asks the caller to look again.
--
-- given: id, now, from (the network, shortened)
--        address, bucket, digest   as the caller read them, to lift what an earlier leaving left behind

local record = read(given.id)
if not record then return {'expired', 0} end
if record[STATUS] == ACTIVE then return {'already', 0} end
if record[STATUS] ~= PENDING then return {'expired', 0} end
if record[ADDRESS] ~= given.address then return {'moved', 0} end

become(given.id, record, ACTIVE, given.now)
record[CONFIRMED] = math.max(0, given.now - record[ASKED])
record[CONFIRMED_FROM] = ''
if given.from ~= record[FROM] then record[CONFIRMED_FROM] = given.from ~= '' and given.from or '-' end
record[LEFT] = cjson.null
write(given.id, record)
redis.call('HDEL', 'subscribers:suppressed:' .. given.bucket, given.digest)
return {'confirmed', write_letter('welcome', given.id, given.now)}
