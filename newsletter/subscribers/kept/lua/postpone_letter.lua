-- The letter was certainly not accepted: anybody may take it again from an instant on. Returns 1 where it was ours.
--
-- given: letter, token, due, reason

local key = 'letter:' .. given.letter
local kept = redis.call('HMGET', key, 'state', 'token')
if tonumber(kept[2]) ~= given.token or (kept[1] ~= 'claimed' and kept[1] ~= 'intent') then return 0 end
redis.call('HSET', key, 'state', 'pending', 'reason', given.reason)
redis.call('ZADD', 'letters:open', given.due, given.letter)
return 1
