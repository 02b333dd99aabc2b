-- Position plans as the exit brain writes them. Execution settles plans at the same time: what was decided on a
-- plan may only touch that very plan.

-- adopt_plan_v1: stores a plan for a position that has none.
-- KEYS 1 the plan
-- ARGS 1 deadline_ms, 2 opened_at of the plan it may replace ('-': it must be absent), 3… fields and values
-- Returns {'OK'} | {'KEPT'} (somebody stored another plan meanwhile) | {'EXPIRED', now}
-- Invariant: a plan that execution settled in between is never overwritten.
local function adopt_plan(keys, args)
  local now = now_ms()
  if past_deadline(now, args[1]) then return expired(now) end
  local kind = redis.call('TYPE', keys[1]).ok
  if kind == 'hash' and (args[2] == '-' or (redis.call('HGET', keys[1], 'opened_at') or '') ~= args[2]) then
    return {'KEPT'}
  end
  redis.call('DEL', keys[1])
  redis.call('HSET', keys[1], unpack(args, 3))
  return {'OK'}
end

-- note_extreme_v1: records the best mark since the entry with the plan it belongs to.
-- KEYS 1 the plan
-- ARGS 1 deadline_ms, 2 opened_at of that plan, 3 the best mark
-- Returns {'OK'} | {'KEPT'} (another plan, or none) | {'EXPIRED', now}
-- Invariant: no plan comes into being by it.
local function note_extreme(keys, args)
  local now = now_ms()
  if past_deadline(now, args[1]) then return expired(now) end
  if redis.pcall('HGET', keys[1], 'opened_at') ~= args[2] then return {'KEPT'} end
  redis.call('HSET', keys[1], 'mark_extreme', args[3])
  return {'OK'}
end

-- close_plan_v1: a position was seen at zero: stamps the symbol's last trade and deletes the plan.
-- KEYS 1 last trade, 2 the plan
-- ARGS 1 deadline_ms, 2 time of the close (venue ms), 3 life of the stamp (ms; 0: not kept), 4 the venue's time at
--      which the position was seen at zero
-- Returns {'OK'} | {'KEPT'} (the plan belongs to a later entry) | {'EXPIRED', now}
-- Invariants
--  1 the last trade never moves back
--  2 the plan of an entry that filled after the position was seen at zero is never deleted
local function close_plan(keys, args)
  local now = now_ms()
  if past_deadline(now, args[1]) then return expired(now) end
  local stored = redis.pcall('GET', keys[1])
  local last = type(stored) == 'string' and tonumber(stored) or 0
  if tonumber(args[2]) > last and tonumber(args[3]) > 0 then redis.call('SET', keys[1], args[2], 'PX', args[3]) end
  local opened_at = redis.pcall('HGET', keys[2], 'opened_at')
  if type(opened_at) == 'string' and (tonumber(opened_at) or 0) >= tonumber(args[4]) then return {'KEPT'} end
  redis.call('DEL', keys[2])
  return {'OK'}
end

-- A guarded position costs a few hundred bytes: a memory that is full must not leave it without its plan.
redis.register_function{function_name = 'adopt_plan_v1', callback = adopt_plan, flags = {'allow-oom'}}
redis.register_function{function_name = 'note_extreme_v1', callback = note_extreme, flags = {'allow-oom'}}
redis.register_function{function_name = 'close_plan_v1', callback = close_plan, flags = {'allow-oom'}}
