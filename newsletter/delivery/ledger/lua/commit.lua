-- Record how a request ended; always accepted, because facts about the outside cannot be refused.
--
-- KEYS  edition, marks, due, fence, intent, uncertain, requests, stray, done
-- ARGV  batch, token, letters (a accepted, r refused, u uncertain, . certainly not accepted, - not
--       spoken of), milliseconds until what waits may be claimed, milliseconds of lease to keep (0:
--       give it back), keep-seconds, what tells this request from another with its token ('' for news of
--       one that is not under way)
-- Answer: {'committed'} in the usual case; {'settled'} where the batch had been called uncertain and
--       now is not; {'stray', n} where the recipients had been given to another request meanwhile, so n
--       were mailed twice (who only waited for it is spared); {'known'} where the same was said before;
--       {'forgotten'} where nothing is known of this request, because the server has lost its last changes.
local edition, marks_key, due, fence, intent, uncertain, requests, stray, done = unpack(KEYS)
local batch, token, letters, nonce = ARGV[1], ARGV[2], ARGV[3], ARGV[7]
local request = batch .. '.' .. token
local now = clock()
local size = #letters

local token_under_way, nonce_under_way = under_way(intent, batch)
if token_under_way == token and nonce_under_way == nonce then
  local marks = spread(redis.call('HGET', marks_key, batch), size)
  local proved = redis.call('HGET', requests, request) == 'proved'
  local doubted, doubled = false, 0
  local after = merge(marks, letters, function(old, new)
    if old == 'k' then
      doubled = doubled + (new == 'a' and 1 or 0)
      doubted = doubted or ((new == '-' or new == 'u') and not proved)
      return 'a'
    end
    if old ~= 'i' then
      return old
    end
    if new == '-' or new == 'u' then
      doubted = doubted or not proved
      return proved and 'a' or 'u'
    end
    return new
  end)
  redis.call('HDEL', intent, batch)
  put_marks(edition, marks_key, batch, marks, after)
  count_refused_in_row(edition, marks, after)
  if doubted then
    local mask = merge(marks, letters, function(old, new)
      return ((old == 'i' or old == 'k') and (new == 'u' or new == '-')) and 'u' or '-'
    end)
    redis.call('HSET', uncertain, request, now .. ',' .. now .. ' ' .. mask)
    redis.call('EXPIRE', uncertain, ARGV[6])
  end
  if redis.call('HGET', fence, batch) == token then
    local keep = tonumber(ARGV[5])
    wait_or_finish(due, batch, after, now + (keep > 0 and keep or tonumber(ARGV[4])))
  end
  redis.call('HSETNX', edition, 'first_at', now)
  redis.call('HSET', edition, 'last_at', now)
  redis.call('HSET', done, request, nonce)
  redis.call('EXPIRE', done, ARGV[6])
  if doubled > 0 then
    redis.call('HINCRBY', stray, request, doubled)
    redis.call('EXPIRE', stray, ARGV[6])
    return { 'stray', doubled }
  end
  return { 'committed' }
end

local entry = redis.call('HGET', uncertain, request)
if entry then
  local space = string.find(entry, ' ', 1, true)
  local mask = string.sub(entry, space + 1)
  local marks = spread(redis.call('HGET', marks_key, batch), size)
  local still = merge(mask, letters, function(old, new)
    return (old == 'u' and (new == 'u' or new == '-')) and 'u' or '-'
  end)
  local spoken = merge(mask, letters, function(old, new)
    return old == 'u' and new or '-'
  end)
  local doubled = 0
  local after = merge(marks, spoken, function(old, new)
    if new == 'a' and old ~= 'u' then -- an earlier request is known to be accepted for them
      local known, twice = known_accepted(old)
      doubled = doubled + twice
      return known
    end
    return (old == 'u' and new ~= '-') and new or old
  end)
  put_marks(edition, marks_key, batch, marks, after)
  if doubled > 0 then
    redis.call('HINCRBY', stray, request, doubled)
    redis.call('EXPIRE', stray, ARGV[6])
  end
  if string.find(still, 'u', 1, true) then
    redis.call('HSET', uncertain, request, string.sub(entry, 1, space) .. still)
  else
    redis.call('HDEL', uncertain, request)
  end
  if string.find(after, '.', 1, true) and not redis.call('ZSCORE', due, batch) then
    redis.call('ZADD', due, now + tonumber(ARGV[4]), batch)
  end
  return { 'settled' }
end

local heard, mask = string.match(redis.call('HGET', requests, request) or '', '(%a+) (.*)')
if not mask then
  local is_known = nonce == '' or redis.call('HEXISTS', requests, request) == 1 or redis.call('HGET', done, request) == nonce
  return { is_known and 'known' or 'forgotten' }
end
local marks = spread(redis.call('HGET', marks_key, batch), size)
local after, doubled = corrected(marks, mask, heard, letters)
put_marks(edition, marks_key, batch, marks, after)
local still = merge(mask, letters, function(named, letter)
  return letter == '-' and named or '-'
end)
if string.find(still, 'u', 1, true) then
  redis.call('HSET', requests, request, heard .. ' ' .. still)
elseif string.find(letters, 'a', 1, true) then
  redis.call('HSET', requests, request, 'proved')
else
  redis.call('HDEL', requests, request)
end
if string.find(after, '.', 1, true) and not redis.call('ZSCORE', due, batch) then
  redis.call('ZADD', due, now + tonumber(ARGV[4]), batch)
end
if doubled > 0 then
  redis.call('HINCRBY', stray, request, doubled)
  redis.call('EXPIRE', stray, ARGV[6])
  return { 'stray', doubled }
end
return { after == marks and 'known' or 'settled' }
