-- What lately changed for some readers: a JSON object, id → what is kept, of those to whom anything did; few have,
-- and whole buckets without any are passed over. Changes nothing.
--
-- given: ids

local found, is_known = {}, {}
for _, id in ipairs(given.ids) do
  local key, field = bucket('changes', id)
  if is_known[key] == nil then is_known[key] = redis.call('EXISTS', key) == 1 end
  local kept = is_known[key] and redis.call('HGET', key, field)
  if kept then found[#found + 1] = '"' .. id .. '":' .. kept end
end
return '{' .. table.concat(found, ',') .. '}'
