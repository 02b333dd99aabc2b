-- What admit_v1 is asked, and the counters and switches that decide it.
--
-- A call of redis.call costs more than most commands, and garbage as much again: what can be read together is read
-- by one command, and a decision is not copied out of ARGS but is the position of its first argument there.

local DECISIONS_FROM, DECISION_ARGS = 5, 9
-- Offsets from a decision's position.
local ID, KIND, DETAIL, SYMBOL, SIDE, INTENT_ID, CORR, TRACE, DOCUMENT = 0, 1, 2, 3, 4, 5, 6, 7, 8

-- The settings of the last call; routers that are configured alike share them.
local known_settings = {text = false}

local function parse_settings(text)
  local parts = {}
  for part in string.gmatch(text, '%S+') do parts[#parts + 1] = part end
  local window_ms = tonumber(parts[3]) * 1000
  return {
    text = text, router_group = parts[1], execution_group = parts[2],
    window_sec = tonumber(parts[3]), window_ms = window_ms, list_ttl_ms = integer(window_ms + 2000),
    global_max = tonumber(parts[4]), symbol_max = tonumber(parts[5]), cooldown_sec = parts[6],
    sliding = parts[7] ~= 'fixed', daily_max = tonumber(parts[8]), backlog_max = tonumber(parts[9]),
    message_ttl = parts[10], intent_ttl = parts[11], router_pid = '', rates = '',
  }
end

local function read_limits(args)
  if known_settings.text ~= args[2] then known_settings = parse_settings(args[2]) end
  known_settings.router_pid, known_settings.rates = args[3], args[4]
  return known_settings
end

-- A fault event about a decision.
local function describe(args, decision, reason)
  return {
    reason = reason, symbol = args[decision + SYMBOL], side = args[decision + SIDE], corr = args[decision + CORR],
    trace = args[decision + TRACE], global_count = 0, symbol_count = 0, suppressed = nil,
  }
end

local function appendable(stream)
  local type_of = redis.call('TYPE', stream).ok
  return type_of == 'none' or type_of == 'stream'
end

-- How many entries, and whether there are exits and dead letters.
local function survey(args)
  local entries, exits, dead = 0, false, false
  for at = DECISIONS_FROM, #args, DECISION_ARGS do
    local kind = args[at + KIND]
    if kind == 'entry' then
      entries = entries + 1
    elseif kind == 'exit' then
      exits = true
    elseif kind == 'dead' then
      dead = true
    end
  end
  return entries, exits, dead
end

-- Kill switch and counters of the batch in one read; a symbol's bucket is at `bucket_at[symbol]`. MGET says of a key
-- of another type that it is absent: what is absent is read once more, by itself, before anything trusts it.
local function read_counters(keys, args, state)
  local names, bucket_at = {keys[6], state.daily_key, keys[10] .. state.bucket}, {}
  for at = DECISIONS_FROM, #args, DECISION_ARGS do
    local symbol = args[at + SYMBOL]
    if args[at + KIND] == 'entry' and not bucket_at[symbol] then
      names[#names + 1] = keys[11] .. symbol .. ':' .. state.bucket
      bucket_at[symbol] = #names
    end
  end
  state.names, state.values, state.bucket_at = names, redis.call('MGET', unpack(names)), bucket_at
end

-- What decides an entry besides its own ids, or nil and the stream that is none. Whatever is unreadable refuses.
local function gather(keys, args, now)
  local limits = read_limits(args)
  local entries, exits, dead = survey(args)
  local state = {
    keys = keys, args = args, entries = entries, limits = limits, now = now, published = 0,
    acks = {}, stats = {decisions = 0, admitted = 0}, symbols = {},
    refused = false, safe_mode = nil, stopped = nil, episode = nil, global = nil,
    names = nil, values = nil, bucket_at = nil, backlog = 0, bucket = '', daily = 0, daily_key = '',
    daily_expires = 0,
  }
  if exits and not appendable(keys[3]) then return nil, keys[3] end
  if dead and not appendable(keys[4]) then return nil, keys[4] end
  if entries == 0 then return state end
  local day, midnight = utc_day(now)
  state.daily_key, state.daily_expires = keys[9] .. day, midnight + 3600
  state.bucket = string.format('%d', math.floor(now / limits.window_ms))
  read_counters(keys, args, state)
  if state.values[1] ~= '0' then
    state.stopped = 'KILL_SWITCH'
  elseif trading_halted(keys[7]) then
    state.stopped = 'TRADING_HALTED'
  end
  state.daily = counter_value(state.values[2] or redis.pcall('GET', state.daily_key)) or math.huge
  state.backlog = backlog_within(keys[2], limits, entries, now)
  return state
end
