-- The reader says yes. Of two at once one confirms and writes the welcome; the other finds it done.
-- Returns {outcome, letter or 0}; `moved` asks the caller to look again.
--
-- given: id, now, from (the network, shortened)
--        instant          of the link, in milliseconds
--        address, bucket, digest   as the caller read them and the link names them, to lift what an earlier
--                         leaving left behind

local record = read(given.id)
if not record then return {'expired', 0} end
if record[STATUS] == ACTIVE then return {record[ADDRESS] == given.address and 'already' or 'expired', 0} end
if record[STATUS] == COMPLAINED then return {'expired', 0} end

local wish = wish_of(given.id)
if record[STATUS] ~= PENDING then
  -- a link that was mailed before they left, or before they took the wish back, asks for something else
  if not wish or given.instant < wish.since then return {'expired', 0} end
  if wish.address ~= given.address then return {'moved', 0} end
  record[ADDRESS], record[HOUR], record[ZONE], record[WISHES] = wish.address, wish.hour, wish.zone, wish.wishes
  record[ASKED], record[FROM] = wish.asked, wish.from
end
if record[ADDRESS] ~= given.address then return {'moved', 0} end

become(given.id, record, ACTIVE, given.now)
record[CONFIRMED] = math.max(0, given.now - record[ASKED])
record[CONFIRMED_FROM] = ''
if given.from ~= record[FROM] then record[CONFIRMED_FROM] = given.from ~= '' and given.from or '-' end
record[LEFT] = cjson.null
write(given.id, record)
redis.call('DEL', 'subscribers:wish:' .. given.id)
redis.call('HDEL', 'subscribers:suppressed:' .. given.bucket, given.digest)
return {'confirmed', write_letter('welcome', given.id, given.now)}
