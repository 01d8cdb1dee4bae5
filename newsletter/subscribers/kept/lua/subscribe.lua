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
--        kept             seconds that a wish waits beside a record

-- Counted before anything is looked up: being turned away depends on the network alone.
if is_too_much() then return {'too-many', 0, 0} end

if is_blocked() then return {'blocked', 0, 0} end

local id = owner()
local record = id > 0 and read(id)
if record and record[STATUS] == COMPLAINED then return {'blocked', id, 0} end

if record and record[STATUS] == ACTIVE then return tell(id) end

-- A list for the invited asks nobody whom its operator did not ask first.
if not record and given.only_known then return {'uninvited', 0, 0} end

-- Readers who left are asked again only at their own wish.
if given.letter == 'invitation' and has_left(record) then return {'left', id, 0} end

if not may_mail(true) then return {'capped', id, 0} end

-- The newest request is the one that will be confirmed, so it is the one that is kept.
if record and record[STATUS] ~= PENDING then
  local before = wish_of(id)
  local wish = {
    address = given.address, hour = given.hour, zone = given.zone, wishes = given.wishes,
    from = given.from, asked = given.now, since = before and before.since or next_instant(given.now),
  }
  redis.call('SET', 'subscribers:wish:' .. id, json(wish), 'EX', given.kept)
else
  record = record or { [STATUS] = PENDING }
  record[ADDRESS], record[HOUR], record[ZONE], record[WISHES] =
    given.address, given.hour, given.zone, given.wishes
  record[ASKED], record[FROM] = given.now, given.from
  record[CONFIRMED], record[CONFIRMED_FROM] = cjson.null, ''
  if id > 0 then
    redis.call('ZADD', 'subscribers:unconfirmed', given.now, id)
    write(id, record)
  else
    id = create(record, given.now)
  end
end
return {'confirm', id, write_letter(given.letter, id, given.now)}
