-- The pieces of one slot, as kept: a list of {block, offsets or bitmap}. Changes nothing.
--
-- given: slot

local last = tonumber(redis.call('GET', 'subscribers:last') or 0)
local pieces = {}
for block = 0, math.floor(last / BLOCK) do
  local key = 'subscribers:slot:' .. given.slot .. ':' .. block
  local kind = redis.call('TYPE', key).ok
  if kind == 'set' then
    pieces[#pieces + 1] = {block, redis.call('SMEMBERS', key)}
  elseif kind == 'string' then
    pieces[#pieces + 1] = {block, redis.call('GET', key)}
  end
end
return pieces
