-- Records the best mark since the entry with the plan it belongs to.
--
-- KEYS 1 the plan
-- ARGV 1 deadline_ms, 2 opened_at of that plan, 3 the best mark
-- Returns 'OK' | 'KEPT' (another plan, or none) | 'EXPIRED'
--
-- Invariant: no plan comes into being by it.
local time = redis.call('TIME')
if tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) > tonumber(ARGV[1]) then return 'EXPIRED' end
if redis.pcall('HGET', KEYS[1], 'opened_at') ~= ARGV[2] then return 'KEPT' end
redis.call('HSET', KEYS[1], 'mark_extreme', ARGV[3])
return 'OK'
