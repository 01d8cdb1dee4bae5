-- The mail is about to leave. Returns 1, or 0 where another worker took the letter or the lease is too short.
--
-- given: letter, token, request, sending_end (at the latest)

local key = 'letter:' .. given.letter
local kept = redis.call('HMGET', key, 'state', 'token')
if kept[1] ~= 'claimed' or tonumber(kept[2]) ~= given.token then return 0 end
local lease = redis.call('ZSCORE', 'letters:open', given.letter)
if not lease or tonumber(lease) < given.sending_end then return 0 end
redis.call('HSET', key, 'state', 'intent', 'request', given.request)
return 1
