-- A reader leaves: by their own word (u), or because mail bounces (b) or was reported as spam (c).
-- From here on no slot names them. Returns {outcome, id}: left, already or unknown.
--
-- given: id               or 0 to look the address up
--        status           what to become
--        now
--        bucket, digest   where the address is indexed; needed without id and with a reason
--        reason           kept among the suppressions, even for an address that nobody subscribed; "" for none
--        follow           true: it was said by a link to that address, so a reader who moved away from there leaves too,
--                         and where nobody is known the address is suppressed

local STRONGER = { [UNSUBSCRIBED] = 1, [BOUNCED] = 2, [COMPLAINED] = 3 }

local id = given.id
if id == 0 then id = owner() end
if id == 0 and given.follow then
  local kept = redis.call('HGET', 'subscribers:suppressed:' .. given.bucket, given.digest) or ''
  id = tonumber(kept:match('^moved %S+ (%d+)$') or 0)
end
local record = id > 0 and read(id)
if given.reason ~= '' then suppress(given.reason, given.now) end
if given.follow and suppression() == 'lifted' then keep_suppression('unsubscribed', given.now, given) end
if not record then
  -- said by the owner of an address that nobody here has: no import and no earlier question brings it in
  if given.follow and suppression() ~= 'complained' then keep_suppression('unsubscribed', given.now, given) end
  return {'unknown', 0}
end
if given.status ~= BOUNCED then redis.call('DEL', 'subscribers:wish:' .. id) end
local is_by_reader = given.status == UNSUBSCRIBED and is_blank(record[LEFT])
if (STRONGER[record[STATUS]] or 0) >= STRONGER[given.status] then
  if is_by_reader then
    record[LEFT] = given.now
    write(id, record)
  end
  return {'already', id}
end

if is_by_reader then record[LEFT] = given.now end
become(id, record, given.status, given.now)
write(id, record)
return {'left', id}
