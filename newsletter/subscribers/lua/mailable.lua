-- Who of these may be mailed now, and where: a JSON array in the order of the ids, the address of each active
-- reader and 0 for everybody else. Changes nothing. Valid addresses hold no quote, so none is escaped.
--
-- given: ids

local function address_of_active(text)
  return text and text:match('^%[("[^"]*"),"' .. ACTIVE .. '"') or 0
end

return pick('at', given.ids, address_of_active)
