-- Tell which of these may be mailed now, and where. Returns {key that their unsubscribe links are sealed with, or false;
-- a JSON array in the order of the ids}: the address of each active reader and 0 for everybody else. Where a pause
-- may stand in the way, [address, zone, its end], the end being "long" where the preferences are kept apart.
-- Changes nothing. Records are not parsed: who is not active has a letter at the end, and an address holds no quote.
--
-- given: ids

local function address_of_active(text)
  if not text or text:find('"[pubc]"%]$') then return 0 end
  local ends = text:match('"paused_until":("[%d-]+")') or text:match(',("long")')
  if not ends then return text:match('^%[("[^"]*")') end
  local address, zone = text:match('^%[("[^"]*"),%d+,("[^"]*")')
  return '[' .. address .. ',' .. zone .. ',' .. ends .. ']'
end

return {redis.call('GET', 'subscribers:key'), pick('at', given.ids, address_of_active)}
