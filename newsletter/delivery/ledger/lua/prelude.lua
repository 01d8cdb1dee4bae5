-- Read in front of every script of this folder: what they share.
--
-- The life of one recipient of one edition is one letter in the batch's marks:
--   .  waits            i  named in a request that may be under way
--   a  accepted         r  refused by the mailer or the provider
--   l  left before it   u  uncertain: a request was begun, its end is unknown
--   k  named in a request that may be under way, and known to be accepted by an earlier one
-- Only `.` is ever put into a request, so nothing else can be sent again.

-- The server's clock in milliseconds: leases must not depend on whose clock a worker has.
local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Marks are kept as one letter where all are alike.
local function spread(marks, size)
  if #marks == 1 and size > 1 then
    return string.rep(marks, size)
  end
  return marks
end

local function folded(marks)
  local first = string.sub(marks, 1, 1)
  if marks == string.rep(first, #marks) then
    return first
  end
  return marks
end

local function count(marks, letter)
  local _, n = string.gsub(marks, letter == '.' and '%.' or letter, '')
  return n
end

-- Replace, position by position: `rule(old, new)` gives the letter to keep.
local function merge(old, new, rule)
  local kept = {}
  for position = 1, #old do
    kept[position] = rule(string.sub(old, position, position), string.sub(new, position, position))
  end
  return table.concat(kept)
end

-- A request turned out to be accepted for a recipient who stands at `old`: that is final, whatever comes of
-- another request that names them. Answer: the mark, and 1 where another was accepted, too. Of one that is
-- under way or in doubt, that is counted when its end is known.
local function known_accepted(old)
  if old == 'i' then
    return 'k', 0
  elseif old == 'a' or old == 'k' then
    return old, 1
  end
  return 'a', 0
end

-- Late news of a request that named the `u` of `mask` and was `resent` or `assumed` accepted meanwhile.
-- A recipient who waits to be sent again is spared it, and one accepted again got two; one who was taken as
-- mailed and was not waits again. Answer: the marks, and how many got two.
local function corrected(marks, mask, heard, news)
  local doubled = 0
  local spoken = merge(mask, news, function(named, letter)
    return named == 'u' and letter or '-'
  end)
  local after = merge(marks, spoken, function(old, letter)
    if heard == 'assumed' then
      return (old == 'a' and (letter == '.' or letter == 'r')) and letter or old
    end
    if letter == 'a' then
      local known, twice = known_accepted(old)
      doubled = doubled + twice
      return known
    elseif letter == 'r' and old == '.' then
      return letter
    end
    return old
  end)
  return after, doubled
end

-- The request of a batch that may be under way: its token, and what tells it from another with that token.
local function under_way(intent, batch)
  return string.match(redis.call('HGET', intent, batch) or '', '^(%d+) ?(.*)$')
end

-- Keep the edition's totals in step with a change of marks.
local TOTALS = { a = 'accepted', k = 'accepted', r = 'refused', l = 'left', u = 'uncertain' }
local function recount(edition, before, after)
  for letter, field in pairs(TOTALS) do -- k and a add up
    local change = count(after, letter) - count(before, letter)
    if change ~= 0 then
      redis.call('HINCRBY', edition, field, change)
    end
  end
end

local function put_marks(edition, marks_key, batch, before, after)
  if before ~= after then
    redis.call('HSET', marks_key, batch, folded(after))
    recount(edition, before, after)
  end
end

-- How many readers were refused since somebody was last accepted. Only a request that was refused for
-- everybody whom it named counts: where some are still to be tried, one bad address says nothing of us.
local function count_refused_in_row(edition, before, after)
  local named = count(before, 'i')
  local refused = count(after, 'r') - count(before, 'r')
  if count(after, 'a') > count(before, 'a') then
    redis.call('HDEL', edition, 'refused_in_row', 'waits_because', 'waits_since')
  elseif refused > 0 and refused == named then
    redis.call('HINCRBY', edition, 'refused_in_row', refused)
  end
end

-- A batch waits while a recipient does; otherwise nothing is left to claim.
local function wait_or_finish(due, batch, marks, at)
  if string.find(marks, '.', 1, true) then
    redis.call('ZADD', due, at, batch)
  else
    redis.call('ZREM', due, batch)
  end
end
