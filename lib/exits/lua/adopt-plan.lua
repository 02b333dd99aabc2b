-- Stores a plan for a position that has none.
--
-- KEYS 1 the plan
-- ARGV 1 deadline_ms, 2 opened_at of the plan it may replace ('-': it must be absent), 3… fields and values
-- Returns 'OK' | 'KEPT' (somebody stored another plan meanwhile) | 'EXPIRED'
--
-- Invariant: a plan that execution settled in between is never overwritten.
local time = redis.call('TIME')
if tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) > tonumber(ARGV[1]) then return 'EXPIRED' end
local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'hash' and (ARGV[2] == '-' or (redis.call('HGET', KEYS[1], 'opened_at') or '') ~= ARGV[2]) then
  return 'KEPT'
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
return 'OK'
