-- Who of these may be mailed now, and where: a JSON array in the order of the ids, the address of each active
-- reader and 0 for everybody else. Changes nothing. Records are not parsed: who is not active has a letter at
-- the end, and an address holds no quote.
--
-- given: ids

local function address_of_active(text)
  if not text or text:find('"[pubc]"%]$') then return 0 end
  return text:match('^%[("[^"]*")')
end

return pick('at', given.ids, address_of_active)
