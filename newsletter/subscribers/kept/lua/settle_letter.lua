-- A letter has come to an end. Returns 1 where this changed it.
--
-- given: letter, state (sent, refused or uncertain), reason, now
--        token   who may say so; 0 for a fact from outside, which needs none

local KEPT_SECONDS = { sent = 2 * 86400, refused = 7 * 86400, uncertain = 45 * 86400 }

local key = 'letter:' .. given.letter
local kept = redis.call('HMGET', key, 'state', 'token')
local state = kept[1]
if not state or state == 'sent' or state == given.state then return 0 end
local is_fact = given.token == 0
if not is_fact and (tonumber(kept[2]) ~= given.token or (state ~= 'claimed' and state ~= 'intent')) then
  return 0
end

redis.call('HSET', key, 'state', given.state, 'reason', given.reason)
redis.call('EXPIRE', key, KEPT_SECONDS[given.state])
redis.call('ZREM', 'letters:open', given.letter)
if given.state == 'uncertain' then
  redis.call('ZADD', 'letters:uncertain', given.now, given.letter)
else
  redis.call('ZREM', 'letters:uncertain', given.letter)
end
return 1
