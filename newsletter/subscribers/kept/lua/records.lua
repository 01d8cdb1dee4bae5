-- Stands before every other script here: how subscribers, slots and letters are kept.
-- One primary server is assumed (no cluster): names are computed from ids, so KEYS stays
-- empty. ARGV[1] is one JSON object, so that a script reads its arguments by name.

local given = cjson.decode(ARGV[1])

-- Positions in a record, as newsletter/subscribers/kept/records.py tells them, counted from 1.
local ADDRESS, HOUR, ZONE, ASKED, FROM = 1, 2, 3, 4, 5
local CONFIRMED, WISHES, CONFIRMED_FROM, LEFT, STATUS = 6, 7, 8, 9, 10

-- What most have is not written: a kept record without a status is active.
local PENDING, ACTIVE, UNSUBSCRIBED, BOUNCED, COMPLAINED = 'p', 'a', 'u', 'b', 'c'

local BUCKET = 128       -- records in one packed hash: its reads scan, so not too many
local LONGEST = 250      -- bytes; one longer value would unpack the whole hash (hash-max-listpack-value 256)
local BLOCK = 32768       -- ids in one piece of a slot
local SMALL = 512        -- members of a packed set of integers (set-max-intset-entries); beyond, a bitmap is smaller
local ELSEWHERE = 'long'   -- marks preferences that are too long for a record

local function bucket(family, id)
  return 'subscribers:' .. family .. ':' .. math.floor(id / BUCKET), id % BUCKET
end

-- cjson writes "/" as "\/": correct, but longer and harder to read.
local function json(value)
  return (cjson.encode(value):gsub('\\/', '/'))
end

local function is_blank(value)
  return value == nil or value == cjson.null or value == '' or value == 0
end

local function read(id)
  local key, field = bucket('at', id)
  local text = redis.call('HGET', key, field)
  if not text then return nil end
  local record = cjson.decode(text)
  if is_blank(record[STATUS]) then record[STATUS] = ACTIVE end
  if record[WISHES] == ELSEWHERE then
    record[WISHES] = cjson.decode(redis.call('HGET', bucket('wishes', id)))
  end
  return record
end

-- What `choose` makes of each id's text (false for nobody), as one JSON array: a bucket is read once.
local function pick(family, ids, choose)
  local fields, places, found = {}, {}, {}
  for place, id in ipairs(ids) do
    local key, field = bucket(family, id)
    if not fields[key] then
      fields[key], places[key] = {}, {}
    end
    table.insert(fields[key], field)
    table.insert(places[key], place)
  end
  for key, wanted in pairs(fields) do
    for nth, text in ipairs(redis.call('HMGET', key, unpack(wanted))) do
      found[places[key][nth]] = choose(text)
    end
  end
  return '[' .. table.concat(found, ',') .. ']'
end

local function write(id, record)
  if record[STATUS] == ACTIVE then record[STATUS] = 0 end
  if record[CONFIRMED] == nil then record[CONFIRMED] = cjson.null end
  for place = WISHES, STATUS do
    if is_blank(record[place]) then record[place] = 0 end
  end
  for place = STATUS, WISHES, -1 do
    if record[place] ~= 0 then break end
    record[place] = nil
  end
  local wishes_key, field = bucket('wishes', id)
  local text = json(record)
  if #text > LONGEST and type(record[WISHES]) == 'table' then
    redis.call('HSET', wishes_key, field, json(record[WISHES]))
    record[WISHES] = ELSEWHERE
    text = json(record)
  else
    redis.call('HDEL', wishes_key, field)
  end
  redis.call('HSET', (bucket('at', id)), field, text)
end

-- What lately changed in when a reader is mailed: from when on they are owed mail, and when they last chose
-- its hour. False leaves either as it was. Forgotten when every edition that it bears on is too old to be due.
local CHANGES_SECONDS = 45 * 86400

local function note_change(id, joined, changed)
  local key, field = bucket('changes', id)
  local kept = cjson.decode(redis.call('HGET', key, field) or '0')
  if type(kept) == 'number' then kept = {kept, 0} end
  joined, changed = joined or kept[1], changed or kept[2]
  redis.call('HSET', key, field, changed == 0 and joined or json({joined, changed}))
  redis.call('EXPIRE', key, CHANGES_SECONDS)
end

-- How many there are of each status.
local function count(status, change)
  redis.call('HINCRBY', 'subscribers:counts', status, change)
end

-- The readers due at a local hour: active ones by zone, hour and block of ids. A piece is a set of
-- offsets while that is small, then a bitmap: two bytes per reader where they are sparse, one bit where dense.
local function slot_piece(record, id)
  local slot = record[ZONE] .. ' ' .. record[HOUR]
  return slot, 'subscribers:slot:' .. slot .. ':' .. math.floor(id / BLOCK), id % BLOCK
end

local function enter_slot(record, id)
  local slot, key, offset = slot_piece(record, id)
  local is_bitmap = redis.call('TYPE', key).ok == 'string'
  if not is_bitmap and redis.call('SCARD', key) >= SMALL then
    local members = redis.call('SMEMBERS', key)
    redis.call('DEL', key)
    for _, member in ipairs(members) do redis.call('SETBIT', key, member, 1) end
    is_bitmap = true
  end
  if is_bitmap then
    redis.call('SETBIT', key, offset, 1)
  else
    redis.call('SADD', key, offset)
  end
  redis.call('HINCRBY', 'subscribers:slots', slot, 1)
end

local function leave_slot(record, id)
  local slot, key, offset = slot_piece(record, id)
  if redis.call('TYPE', key).ok == 'string' then
    redis.call('SETBIT', key, offset, 0)
    if redis.call('BITCOUNT', key) == 0 then redis.call('DEL', key) end
  else
    redis.call('SREM', key, offset)
  end
  if redis.call('HINCRBY', 'subscribers:slots', slot, -1) <= 0 then
    redis.call('HDEL', 'subscribers:slots', slot)
  end
end

-- Move a subscriber to another status; only active ones stand in a slot, only pending ones wait.
local function become(id, record, status, now)
  count(record[STATUS], -1)
  count(status, 1)
  if record[STATUS] == ACTIVE then leave_slot(record, id) end
  if record[STATUS] == PENDING then redis.call('ZREM', 'subscribers:unconfirmed', id) end
  if status == ACTIVE then enter_slot(record, id) end
  if status == PENDING then redis.call('ZADD', 'subscribers:unconfirmed', now, id) end
  record[STATUS] = status
end

local function create(record, now)
  local id = redis.call('INCR', 'subscribers:last')
  redis.call('HSET', 'subscribers:by-address:' .. given.bucket, given.digest, id)
  count(record[STATUS], 1)
  if record[STATUS] == ACTIVE then
    enter_slot(record, id)
  else
    redis.call('ZADD', 'subscribers:unconfirmed', now, id)
  end
  write(id, record)
  return id
end

-- An instant in milliseconds that was never given before, and as good as never comes again after an older
-- copy of this store was put back, because clocks go on: the number of a letter, and what a link is dated with.
local function next_instant(now)
  local last = tonumber(redis.call('GET', 'letters:last') or 0)
  local instant = string.format('%.0f', math.max(math.floor(now * 1000), last + 1))
  redis.call('SET', 'letters:last', instant)
  return tonumber(instant)
end

-- A mail that must be sent: recorded in the step that makes it necessary, open until it is settled.
-- The score is the instant from which a worker may take it.
local function write_letter(kind, id, now)
  local letter = next_instant(now)
  redis.call('HSET', 'letter:' .. letter, 'kind', kind, 'subscriber', id, 'created', now, 'state', 'pending')
  redis.call('ZADD', 'letters:open', now, letter)
  return letter
end

-- Why an address must not be mailed (`bounced`, `complained`, …), or false.
local function suppression()
  local kept = redis.call('HGET', 'subscribers:suppressed:' .. given.bucket, given.digest)
  return kept and kept:match('^%S+')
end

-- Whether no form may have this address mailed.
local function is_blocked()
  return suppression() == 'complained'
    or redis.call('EXISTS', 'signup:rejected:' .. given.bucket .. ':' .. given.digest) == 1
end

local HOUR_SECONDS, DAY_SECONDS = 3600, 86400

local function tally(key, seconds)
  local seen = redis.call('INCR', key)
  if seen == 1 then redis.call('EXPIRE', key, 2 * seconds) end
  return seen
end

-- Whether a form may cause one more mail this hour, and one more to this address today; counts it if so.
local function may_mail(counts_for_address)
  local in_all = 'signup:all:' .. math.floor(given.now / HOUR_SECONDS)
  local here = 'signup:address:' .. given.bucket .. ':' .. given.digest .. ':' .. math.floor(given.now / DAY_SECONDS)
  if tonumber(redis.call('GET', in_all) or 0) >= given.in_all then return false end
  if counts_for_address then
    if tonumber(redis.call('GET', here) or 0) >= given.per_address then return false end
    tally(here, DAY_SECONDS)
  end
  tally(in_all, HOUR_SECONDS)
  return true
end

-- Tell subscribed readers that they are, with working links, once a day. Returns {outcome, id, letter or 0}.
local function tell(id)
  if redis.call('EXISTS', 'signup:told:' .. id) == 1 then return {'told', id, 0} end
  if not may_mail(false) then return {'capped', id, 0} end
  redis.call('SET', 'signup:told:' .. id, 1, 'EX', DAY_SECONDS)
  return {'already', id, write_letter('already', id, given.now)}
end

-- Whether a network asked too often this hour; counts this time. "" counts nowhere.
local function is_too_much()
  if given.network == '' then return false end
  local key = 'signup:network:' .. given.network .. ':' .. math.floor(given.now / HOUR_SECONDS)
  return tally(key, HOUR_SECONDS) > given.per_network
end

-- `mover` is the id of the reader who moved away from the address, where that is the reason.
local function keep_suppression(reason, now, at, mover)
  local since = string.format('%.3f', next_instant(now) / 1000)
  redis.call('HSET', 'subscribers:suppressed:' .. at.bucket, at.digest,
    reason .. ' ' .. since .. (mover and ' ' .. mover or ''))
end

local function suppress(reason, now, at, mover)
  at = at or given
  local key = 'subscribers:suppressed:' .. at.bucket
  local before = (redis.call('HGET', key, at.digest) or ''):match('^%S*')
  if before == 'complained' or before == reason then return end  -- a complaint outlives every other reason
  if before == 'moved' and reason ~= 'complained' then return end  -- old links still lead to who moved away
  keep_suppression(reason, now, at, mover)
end

-- When an address was suppressed, in milliseconds; 0 where it is not.
local function suppressed_at()
  local kept = redis.call('HGET', 'subscribers:suppressed:' .. given.bucket, given.digest)
  return kept and tonumber(kept:match('^%S+ (%S+)')) * 1000 or 0
end

-- The id of the reader with this address, or 0.
local function owner()
  return tonumber(redis.call('HGET', 'subscribers:by-address:' .. given.bucket, given.digest) or 0)
end

-- What somebody asked for, on a form, in the name of an address whose owner left or bounced: kept beside the
-- record, which stays as it is until the owner confirms. As JSON; `since` is the first of these wishes in a row.
local function wish_of(id)
  local kept = redis.call('GET', 'subscribers:wish:' .. id)
  return kept and cjson.decode(kept)
end

local LEFT_BY_OWNER = { unsubscribed = true, erased = true, rejected = true, complained = true }

-- Whether the owner of an address said here that no mail is wanted, and has not asked the operator since.
local function has_left(record)
  if suppression() == 'lifted' then return false end
  if record and (record[STATUS] == UNSUBSCRIBED or not is_blank(record[LEFT])) then return true end
  return LEFT_BY_OWNER[suppression()] or false
end
