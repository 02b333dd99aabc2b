-- A position was seen at zero: stamps the symbol's last trade and deletes the plan.
--
-- KEYS 1 last trade, 2 the plan
-- ARGV 1 deadline_ms, 2 time of the close (venue ms), 3 its life (ms; 0: not kept), 4 the venue's time at which
--      the position was seen at zero
-- Returns 'OK' | 'KEPT' (the plan belongs to a later entry) | 'EXPIRED'
--
-- Invariants
--  1 the last trade never moves back
--  2 the plan of an entry that filled after the position was seen at zero is never deleted
local time = redis.call('TIME')
if tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) > tonumber(ARGV[1]) then return 'EXPIRED' end
local stored = redis.pcall('GET', KEYS[1])
local last = type(stored) == 'string' and tonumber(stored) or 0
if tonumber(ARGV[2]) > last and tonumber(ARGV[3]) > 0 then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
local opened_at = redis.pcall('HGET', KEYS[2], 'opened_at')
if type(opened_at) == 'string' and (tonumber(opened_at) or 0) >= tonumber(ARGV[4]) then return 'KEPT' end
redis.call('DEL', KEYS[2])
return 'OK'
