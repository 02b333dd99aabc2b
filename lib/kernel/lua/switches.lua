-- What may stop an entry: kill switch, halt, safe mode. Unreadable always means "stopped".

local function is_error(reply)
  return type(reply) == 'table' and reply.err ~= nil
end

-- Armed only by exactly "0": absent, anything else or a wrong type is not armed.
local function kill_engaged(key)
  return redis.pcall('GET', key) ~= '0'
end

-- A panic's halt. An absent hash, or `halted` other than "true", is an operator's reset: what was decided before the
-- halt, or before the reset where it says when it was made, stays halted.
local function trading_halted(key, decided_at)
  local state = redis.pcall('HMGET', key, 'halted', 'cleared_at', 'ts')
  if is_error(state) or state[1] == 'true' then return true end
  if not decided_at then return false end
  for at = 2, 3 do
    local since = tonumber(state[at] or '')
    if since and not (decided_at >= since) then return true end
  end
  return false
end

-- Off is absent or "0".
local function safe_mode_on(key)
  local value = redis.pcall('GET', key)
  if value == false or value == '0' then return false end
  return true
end

-- The reason why no entry, or none decided then (ms; nil: whenever), may be opened now, or nil; in order of precedence.
local function entry_stopped(kill_key, halt_key, safe_mode_key, decided_at)
  if kill_engaged(kill_key) then return 'KILL_SWITCH' end
  if trading_halted(halt_key, decided_at) then return 'TRADING_HALTED' end
  if safe_mode_on(safe_mode_key) then return 'SAFE_MODE_ENABLED' end
  return nil
end

-- set_switch_v1: an operator's mutation of a switch and its audit entry, as one.
-- KEYS 1 the switch (string), 2 audit stream
-- ARGS 1 deadline_ms, 2 value ('' deletes), 3 ttl in s (0 none), 4 role, 5 instance, 6 who, 7 what
-- Returns {'OK', before, after}; before is false when absent, '(unreadable)' on a wrong type.
-- Invariant: the switch never changes without its audit entry.
local function set_switch(keys, args)
  local now = now_ms()
  if past_deadline(now, args[1]) then return expired(now) end
  local audit_type = redis.call('TYPE', keys[2]).ok
  if audit_type ~= 'none' and audit_type ~= 'stream' then
    return redis.error_reply('WRONGTYPE the audit stream is a ' .. audit_type)
  end
  local before = redis.pcall('GET', keys[1])
  if is_error(before) then before = '(unreadable)' end
  if args[2] == '' then
    redis.call('DEL', keys[1])
  elseif tonumber(args[3]) > 0 then
    redis.call('SET', keys[1], args[2], 'EX', args[3])
  else
    redis.call('SET', keys[1], args[2])
  end
  redis.call('XADD', keys[2], '*', 'ts', string.format('%d', now), 'role', args[4], 'instance', args[5],
    'who', args[6], 'what', args[7], 'before', before or '(absent)',
    'after', args[2] == '' and '(absent)' or args[2], 'ttl_sec', args[3])
  return {'OK', before, args[2]}
end

-- claim_mode_v1: the first execution records mode and account, everyone later compares.
-- KEYS 1 mode, 2 account fingerprint
-- ARGS 1 deadline_ms, 2 mode, 3 account fingerprint, 4 '1' may record
-- Returns {'OK'} | {'DIFFERS', recorded mode or false, recorded account or false} | {'ABSENT'}
-- Invariant: what is recorded is never overwritten here.
local function claim_mode(keys, args)
  local now = now_ms()
  if past_deadline(now, args[1]) then return expired(now) end
  local mode, account = redis.call('GET', keys[1]), redis.call('GET', keys[2])
  if (mode and mode ~= args[2]) or (account and account ~= args[3]) then
    return {'DIFFERS', mode, account}
  end
  if mode and account then return {'OK'} end
  if args[4] ~= '1' then return {'ABSENT'} end
  redis.call('SET', keys[1], args[2])
  redis.call('SET', keys[2], args[3])
  return {'OK'}
end

-- An operator must be able to stop trading, and execution to start for the sake of exits, when memory is full.
redis.register_function{function_name = 'set_switch_v1', callback = set_switch, flags = {'allow-oom'}}
redis.register_function{function_name = 'claim_mode_v1', callback = claim_mode, flags = {'allow-oom'}}
