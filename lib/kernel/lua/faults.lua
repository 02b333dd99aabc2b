-- The fault stream and the summary of what safe mode refuses.

local FAULTS_KEPT = 1000

-- Appends a fault event with all its fields; `limits` are those of admit_v1.
local function append_fault(stream, limits, now, event)
  local fields = {
    'timestamp', string.format('%d', math.floor(now / 1000)),
    'reason', event.reason, 'symbol', event.symbol, 'side', event.side,
    'global_count', event.global_count or 0, 'symbol_count', event.symbol_count or 0,
    'global_max', limits.global_max, 'symbol_max', limits.symbol_max,
    'window_sec', limits.window_sec, 'cooldown_sec', limits.cooldown_sec,
    'router_pid', limits.router_pid, 'correlation_id', event.corr, 'trace_id', event.trace,
  }
  if event.suppressed then
    fields[#fields + 1] = 'suppressed'
    fields[#fields + 1] = event.suppressed
  end
  local added = redis.pcall('XADD', stream, '*', unpack(fields))
  if is_error(added) then return end
  if redis.call('XLEN', stream) > 2 * FAULTS_KEPT then
    trim_finished(stream, FAULTS_KEPT, FAULTS_KEPT + 1, {'?audit_logger'})
  end
end

-- Fields of the router's statistics. A venue lists some hundreds of symbols, each with four reasons at most.
local STATISTICS_MAX = 4000

-- Counts a fault event. Its symbol is whatever a decision said: beyond the bound it is one of the others, or a hash
-- that never expires would grow with them. No permission for it, or another type, must not keep a trip from its end.
local function count_fault(statistics, event)
  local field = 'fault:' .. event.symbol .. ':' .. event.reason
  if redis.pcall('HGET', statistics, field) == false then
    local fields = redis.pcall('HLEN', statistics)
    if type(fields) == 'number' and fields >= STATISTICS_MAX then field = 'fault:others:' .. event.reason end
  end
  redis.pcall('HINCRBY', statistics, 'faults', 1)
  redis.pcall('HINCRBY', statistics, field, 1)
end

-- The standing episode of refusals: when its last event was written and how many wait for the next.
local function read_episode(key)
  local stored = redis.pcall('HMGET', key, 'last_ms', 'suppressed')
  if is_error(stored) then
    redis.call('DEL', key)
    return {suppressed = 0}
  end
  return {last_ms = tonumber(stored[1]), suppressed = tonumber(stored[2]) or 0}
end

local function write_episode(key, episode)
  redis.call('HSET', key, 'last_ms', string.format('%d', episode.last_ms), 'suppressed', episode.suppressed)
  redis.call('EXPIRE', key, 86400)
end

-- Whether a window has passed since the episode last spoke. A clock that was set back does not silence it.
local function may_speak(episode, limits, now)
  local since = now - (episode.last_ms or 0)
  return since < 0 or since >= limits.window_ms
end

-- summarise_refusals_v1: speaks for refusals that no later one will carry; called about once a second.
-- KEYS 1 safe mode, 2 episode, 3 fault stream, 4 router statistics
-- ARGS 1 deadline_ms, 2 window_sec, 3 global_max, 4 symbol_max, 5 cooldown_sec, 6 router_pid
-- Returns {'OK', refusals that the new event stands for, 0 without one}
-- Invariant: an episode is forgotten only when nothing in it is unspoken.
local function summarise_refusals(keys, args)
  local now = now_ms()
  if past_deadline(now, args[1]) then return expired(now) end
  local episode = read_episode(keys[2])
  if episode.last_ms == nil then return {'OK', 0} end
  local limits = {window_sec = args[2], window_ms = args[2] * 1000, global_max = args[3], symbol_max = args[4],
    cooldown_sec = args[5], router_pid = args[6]}
  local spoken = 0
  if episode.suppressed > 0 and may_speak(episode, limits, now) then
    spoken = episode.suppressed
    local event = {reason = 'SAFE_MODE_ENABLED', symbol = '', side = '', corr = '', trace = '', suppressed = spoken}
    append_fault(keys[3], limits, now, event)
    count_fault(keys[4], event)
    episode.last_ms, episode.suppressed = now, 0
    write_episode(keys[2], episode)
  end
  if episode.suppressed == 0 and not safe_mode_on(keys[1]) then redis.call('DEL', keys[2]) end
  return {'OK', spoken}
end

redis.register_function('summarise_refusals_v1', summarise_refusals)
