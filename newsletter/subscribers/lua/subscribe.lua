-- Somebody asks, on a form, that an address be subscribed. Everything that follows from it is decided
-- and recorded here: caps, the record, its index, the letter. Returns {outcome, id or 0, letter or 0}.
--
-- given: bucket, digest   where the address is indexed
--        address, hour, zone, wishes, from   the record to be
--        now              Unix seconds
--        network          what the first cap counts by; "" counts nowhere
--        per_network, per_address, in_all   the caps

local HOUR_SECONDS, DAY_SECONDS = 3600, 86400
local hour = math.floor(given.now / HOUR_SECONDS)
local day = math.floor(given.now / DAY_SECONDS)

local function tally(key, seconds)
  local seen = redis.call('INCR', key)
  if seen == 1 then redis.call('EXPIRE', key, 2 * seconds) end
  return seen
end

-- Counted before anything is looked up: being turned away depends on the network alone.
if given.network ~= '' then
  if tally('signup:network:' .. given.network .. ':' .. hour, HOUR_SECONDS) > given.per_network then
    return {'too-many', 0, 0}
  end
end

local digest = given.bucket .. ':' .. given.digest
if suppression() == 'complained' or redis.call('EXISTS', 'signup:rejected:' .. digest) == 1 then
  return {'blocked', 0, 0}
end

local id = tonumber(redis.call('HGET', 'subscribers:by-address:' .. given.bucket, given.digest) or 0)
local record = id > 0 and read(id)
if record and record[STATUS] == COMPLAINED then return {'blocked', id, 0} end

local in_all = 'signup:all:' .. hour
if tonumber(redis.call('GET', in_all) or 0) >= given.in_all then return {'capped', id, 0} end

if record and record[STATUS] == ACTIVE then
  if not redis.call('SET', 'signup:told:' .. id, 1, 'NX', 'EX', DAY_SECONDS) then return {'told', id, 0} end
  tally(in_all, HOUR_SECONDS)
  return {'already', id, write_letter('already', id, given.now)}
end

local per_address = 'signup:address:' .. digest .. ':' .. day
if tonumber(redis.call('GET', per_address) or 0) >= given.per_address then return {'capped', id, 0} end
tally(per_address, DAY_SECONDS)
tally(in_all, HOUR_SECONDS)

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
return {'confirm', id, write_letter('confirm', id, given.now)}
