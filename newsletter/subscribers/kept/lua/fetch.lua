-- Many records in one answer: a JSON array in the order of the ids, null where there is nobody. Changes nothing.
--
-- given: ids
--        family   at or wishes

local function as_kept(text)
  return text or 'null'
end

return pick(given.family, given.ids, as_kept)
