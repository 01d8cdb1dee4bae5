-- Say, before the request, whom it names. What is not said here must not be sent.
--
-- Each request gets a token of its own, the next one of its batch, so that what is heard of it later
-- (a commit, an event) speaks of these recipients and no others.
--
-- KEYS  edition, marks, due, fence, intent
-- ARGV  batch, token, letters (i named in the request, l has left, - not spoken of), milliseconds that
--       the lease must still last, keep-seconds, mailer ('' where it is not known), what tells
--       this request from one that gets its token after the server has lost its last changes
-- Answer: {'ok', token of the request}, {'held', why}, or {'lost'} where the lease ended, is about to,
--       another token came, or late news said of somebody here that they were mailed after all.
local edition, marks_key, due, fence, intent = unpack(KEYS)
local batch, token, letters = ARGV[1], ARGV[2], ARGV[3]
local held = redis.call('HGET', edition, 'held')
if held then
  return { 'held', held }
end
local token_under_way, nonce_under_way = under_way(intent, batch)
if tonumber(token_under_way or '0') == tonumber(token) + 1 and nonce_under_way == ARGV[7] then
  return { 'ok', tonumber(token) + 1 } -- asked again: the answer to the first call was lost on its way
end
local free_at = redis.call('ZSCORE', due, batch)
if redis.call('HGET', fence, batch) ~= token or not free_at then
  return { 'lost' }
end
if tonumber(free_at) - clock() < tonumber(ARGV[4]) then
  return { 'lost' }
end
local marks = spread(redis.call('HGET', marks_key, batch), #letters)
local is_outdated = false
local after = merge(marks, letters, function(old, new)
  if old == '.' and new ~= '-' then
    return new
  end
  is_outdated = is_outdated or (new == 'i' and old ~= '.')
  return old
end)
if is_outdated then
  wait_or_finish(due, batch, marks, clock())
  return { 'lost' }
end
put_marks(edition, marks_key, batch, marks, after)
if not string.find(letters, 'i', 1, true) then
  wait_or_finish(due, batch, after, free_at)
  return { 'ok', tonumber(token) }
end
-- What silence or a folder is worth as evidence depends on who was asked to carry the mails.
local carrier = redis.call('HGET', edition, 'mailer')
if ARGV[6] ~= '' and carrier ~= ARGV[6] then
  redis.call('HSET', edition, 'mailer', carrier and 'several' or ARGV[6])
end
local request_token = redis.call('HINCRBY', fence, batch, 1)
redis.call('HSET', intent, batch, request_token .. ' ' .. ARGV[7])
redis.call('EXPIRE', intent, ARGV[5])
return { 'ok', request_token }
