-- Somebody with the right to do so puts an address on the list. Readers who are known stay as they
-- are, and suppressed ones stay out: no import overrules what a reader said.
-- Returns {outcome, id or 0, letter or 0}.
--
-- given: bucket, digest, address, hour, zone, wishes, from, now
--        asked            when consent was given, Unix seconds
--        confirmed        true where consent was proven elsewhere; else an invitation is mailed
--        after            seconds from asking to confirming, where known; or absent

local id = owner()
if id > 0 then return {'known', id, 0} end
if suppression() then return {'suppressed', 0, 0} end
if redis.call('EXISTS', 'signup:rejected:' .. given.bucket .. ':' .. given.digest) == 1 then
  return {'suppressed', 0, 0}
end

local record = {}
record[ADDRESS], record[HOUR], record[ZONE], record[WISHES] =
  given.address, given.hour, given.zone, given.wishes
record[STATUS] = given.confirmed and ACTIVE or PENDING
record[ASKED], record[FROM] = given.asked, given.from
if given.confirmed then record[CONFIRMED] = given.after or 0 end
id = create(record, given.now)
if given.confirmed then
  note_change(id, given.now, false) -- consent may be years old; mail is owed from now on
  return {'active', id, 0}
end
return {'pending', id, write_letter('invitation', id, given.now)}
