-- Somebody who lost their links asks for them by their address: an active reader gets them by mail, and nobody
-- else gets anything. Returns {outcome, id or 0, letter or 0}.
--
-- given: bucket, digest   where the address is indexed
--        now              Unix seconds
--        network          what the first cap counts by; "" counts nowhere
--        per_network, in_all   the caps

if is_too_much() then return {'too-many', 0, 0} end
if is_blocked() then return {'blocked', 0, 0} end
local id = owner()
local record = id > 0 and read(id)
if not record or record[STATUS] ~= ACTIVE then return {'unknown', 0, 0} end
return tell(id)
