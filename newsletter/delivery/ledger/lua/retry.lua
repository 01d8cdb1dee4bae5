-- Let the refused recipients wait again.
--
-- KEYS  edition, batches, marks, due, refusals, provisional
-- Answer: {how many}
local edition, batches, marks_key, due, refusals, provisional = unpack(KEYS)
local total = 0
local kept = redis.call('HGETALL', marks_key)
for at = 1, #kept, 2 do
  local batch = kept[at]
  if string.find(kept[at + 1], 'r', 1, true) then
    local definition = redis.call('HGET', batches, batch)
    local marks = spread(kept[at + 1], count(definition, ',') + 1)
    local after = string.gsub(marks, 'r', '.')
    put_marks(edition, marks_key, batch, marks, after)
    total = total + count(marks, 'r')
    if not redis.call('ZSCORE', due, batch) then
      redis.call('ZADD', due, 0, batch)
    end
  end
end
redis.call('DEL', refusals, provisional)
redis.call('HDEL', edition, 'refused_in_row')
return { total }
