-- Somebody asks, on a form, that an address be subscribed. Everything that follows from it is decided
-- and recorded here: caps, the record, its index, the letter. Returns {outcome, id or 0, letter or 0}.
--
-- given: bucket, digest   where the address is indexed
--        address, hour, zone, wishes, from   the record to be
--        now              Unix seconds
--        network          what the first cap counts by; "" counts nowhere
--        per_network, per_address, in_all   the caps
--        only_known       whether an address without a record is left alone
--        letter           what asks for consent: confirm or invitation

-- Counted before anything is looked up: being turned away depends on the network alone.
if is_too_much() then return {'too-many', 0, 0} end

if is_blocked() then return {'blocked', 0, 0} end

local id = tonumber(redis.call('HGET', 'subscribers:by-address:' .. given.bucket, given.digest) or 0)
local record = id > 0 and read(id)
if record and record[STATUS] == COMPLAINED then return {'blocked', id, 0} end

if record and record[STATUS] == ACTIVE then return tell(id) end

-- A list for the invited asks nobody whom its operator did not ask first.
if not record and given.only_known then return {'uninvited', 0, 0} end

if not may_mail(true) then return {'capped', id, 0} end

if record then
  become(id, record, PENDING, given.now)
else
  record = {}
  record[STATUS] = PENDING
end
-- The newest request is the one that will be confirmed, so it is the one that is kept.
record[ADDRESS], record[HOUR], record[ZONE], record[WISHES] =
  given.address, given.hour, given.zone, given.wishes
record[ASKED], record[FROM] = given.now, given.from
record[CONFIRMED], record[CONFIRMED_FROM] = cjson.null, ''
if id > 0 then write(id, record) else id = create(record, given.now) end
return {'confirm', id, write_letter(given.letter, id, given.now)}
