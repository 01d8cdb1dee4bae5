-- A worker takes a letter. Returns {outcome, token, address to send to, instant of its link}: claimed, or why not.
--
-- given: letter, now, lease_end

local DROPPED_SECONDS = 7 * 86400
local DOUBT_SECONDS = 45 * 86400

local key = 'letter:' .. given.letter
local from = redis.call('ZSCORE', 'letters:open', given.letter)
if not from then return {'settled', 0, '', 0} end
if tonumber(from) > given.now then return {'held', 0, '', 0} end

local kept = redis.call('HMGET', key, 'kind', 'subscriber', 'state')
local kind, id, state = kept[1], tonumber(kept[2]), kept[3]

-- The worker that wrote this intent may have sent the mail before it died.
if state == 'intent' then
  redis.call('HSET', key, 'state', 'uncertain', 'reason', 'the worker ended after the intent')
  redis.call('EXPIRE', key, DOUBT_SECONDS)
  redis.call('ZREM', 'letters:open', given.letter)
  redis.call('ZADD', 'letters:uncertain', given.now, given.letter)
  return {'uncertain', 0, '', 0}
end

local record = id and read(id)
local asks = kind == 'confirm' or kind == 'invitation'
local wanted = asks and PENDING or ACTIVE
local address = record and record[ADDRESS]
if record and asks and record[STATUS] ~= PENDING and record[STATUS] ~= ACTIVE then
  local wish = wish_of(id)
  wanted, address = record[STATUS], wish and given.letter >= wish.since and wish.address
elseif address and (kind == 'new-address' or kind == 'move-wished') then
  local wish = redis.call('GET', 'subscribers:move:' .. id)
  local asked, wished = (wish or ''):match('^(%d+) (.+)$')
  if kind == 'new-address' then
    address = tonumber(asked) == given.letter and wished
  elseif not wish then
    address = false
  end
elseif address and kind == 'old-address' then
  address = (redis.call('GET', 'subscribers:moved:' .. id) or ''):match('^%d+ %d+ (.+)$')
end
if not address or record[STATUS] ~= wanted then
  if kind then
    redis.call('HSET', key, 'state', 'dropped', 'reason', 'the reader moved on')
    redis.call('EXPIRE', key, DROPPED_SECONDS)
  end
  redis.call('ZREM', 'letters:open', given.letter)
  return {'dropped', 0, '', 0}
end

redis.call('HSET', key, 'state', 'claimed')
redis.call('ZADD', 'letters:open', given.lease_end, given.letter)
-- a question's link is dated when it leaves, not when it was written: a mailer may have been down for days
return {'claimed', redis.call('HINCRBY', key, 'token', 1), address, asks and next_instant(given.now) or given.letter}
