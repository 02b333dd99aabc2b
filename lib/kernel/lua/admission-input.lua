-- What admit_v1 is asked, and the counters and switches that decide it.
--
-- An admission is paid for in arguments, tables and texts more than in commands: what can be read together is read by
-- one command, a decision is not copied out of ARGS but is the position of its first argument there, and names that
-- hold for a bucket or a day are put together once.

local DECISIONS_FROM, DECISION_ARGS = 3, 8
-- Offsets from a decision's position. ABOUT is the intent id; of INVALID and dead, what is wrong.
local ID, KIND, ABOUT, SYMBOL, SIDE, CORR, TRACE, DOCUMENT = 0, 1, 2, 3, 4, 5, 6, 7

-- The settings by the text that they are sent as, each with the names and windows that follow from it: a router sends
-- the same text at every call. Nothing in here is a count; what a call finds in Redis is read anew by every call.
local SETTINGS_KEPT = 32
local known_settings, settings_known = {}, 0

-- Every name of an admission under the namespace of its decision stream.
local function names_beside(stream)
  local own = ADMISSION_NAMES.decision_stream
  local namespace, names = string.sub(stream, 1, -#own - 1), {}
  if namespace .. own ~= stream then return nil end
  for name, key in pairs(ADMISSION_NAMES) do names[name] = namespace .. key end
  return names
end

local function parse_settings(stream, text)
  local parts = {}
  for part in string.gmatch(text, '%S+') do parts[#parts + 1] = part end
  local window_ms = tonumber(parts[3]) * 1000
  return {
    stream = stream, names = names_beside(stream), router_group = parts[1], execution_group = parts[2],
    window_sec = tonumber(parts[3]), window_ms = window_ms, list_ttl_ms = integer(window_ms + 2000),
    bucket_ttl_sec = integer(tonumber(parts[3]) + 2), ranking_ttl_sec = integer(tonumber(parts[3]) * 3),
    global_max = tonumber(parts[4]), symbol_max = tonumber(parts[5]), cooldown_sec = parts[6],
    symbol_bound = new_bound(tonumber(parts[5])),
    sliding = parts[7] ~= 'fixed', daily_max = tonumber(parts[8]), backlog_max = tonumber(parts[9]),
    message_ttl_ms = tonumber(parts[10]) * 1000, intent_ttl_ms = tonumber(parts[11]) * 1000,
    router_pid = parts[12], rates = parts[13],
    period = {number = -1, bucket = '', ranking = ''}, symbols = {}, symbols_known = 0,
    day = '', daily_key = '', daily_expires = '',
  }
end

-- The limits of a call; nil when its first key is not the decision stream of a namespace.
local function limits_of(keys, args)
  local limits = known_settings[args[2]]
  if limits and limits.stream == keys[1] then return limits end
  if settings_known >= SETTINGS_KEPT then known_settings, settings_known = {}, 0 end
  limits = parse_settings(keys[1], args[2])
  local names = limits.names
  if not names then return nil end
  limits.global = new_window(names.window_global, names.rate_global, new_bound(limits.global_max))
  known_settings[args[2]], settings_known = limits, settings_known + 1
  return limits
end

-- More than any venue lists. Beyond it all are forgotten between two calls: a window is a kilobyte.
local SYMBOLS_KEPT = 1024

-- Turns to the bucket that `now` is in.
local function enter_bucket(limits, now)
  local number, period = math.floor(now / limits.window_ms), limits.period
  if limits.symbols_known > SYMBOLS_KEPT then limits.symbols, limits.symbols_known = {}, 0 end
  if period.number == number then return end
  local bucket = string.format('%d', number)
  period.number, period.bucket, period.ranking = number, bucket, limits.names.rate_symbols .. bucket
  enter_period(limits.global, period)
end

local function symbol_window(limits, symbol)
  local window = limits.symbols[symbol]
  if not window then
    local names = limits.names
    window = new_window(names.window_symbol .. symbol, names.rate_symbol .. symbol .. ':', limits.symbol_bound)
    window.symbol = symbol
    limits.symbols[symbol], limits.symbols_known = window, limits.symbols_known + 1
  end
  enter_period(window, limits.period)
  return window
end

local function turn_day(limits, now)
  local day, midnight = utc_day(now)
  if limits.day == day then return end
  limits.day, limits.daily_key = day, limits.names.daily .. day
  limits.daily_expires = integer(midnight + 3600)
end

local function message_key_of(prefix, args, decision)
  return prefix .. args[decision + CORR] .. '||' .. args[decision + TRACE] .. '||' .. args[decision + ID]
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

-- Tells which windows belong to the call under way.
local calls = 0

-- Kill switch and counters of the batch in one read; every window that its entries count in is touched. MGET says of a
-- key of another type that it is absent: whether it is must be asked before anything trusts it.
local function read_counters(args, limits)
  calls = calls + 1
  local global = limits.global
  local asked, windows = {limits.names.kill, limits.daily_key, global.bucket_key}, {global}
  for at = DECISIONS_FROM, #args, DECISION_ARGS do
    if args[at + KIND] == 'entry' then
      local window = symbol_window(limits, args[at + SYMBOL])
      if want_window(window, calls) then
        windows[#windows + 1], asked[#asked + 1] = window, window.bucket_key
      end
    end
  end
  local values = redis.call('MGET', unpack(asked))
  local missing = {}
  for at = 1, #windows do
    touch_window(windows[at], values[at + 2])
    if not values[at + 2] then missing[#missing + 1] = windows[at].bucket_key end
  end
  if #missing > 0 and redis.call('EXISTS', unpack(missing)) == 0 then
    for at = 1, #windows do windows[at].found = windows[at].found or '0' end
  end
  return windows, values[1], values[2]
end

-- The call under way. The server runs one at a time: the table is used again, it is the largest that a call needs.
local state = {}

local function begin(keys, args, limits, now)
  state.keys, state.args, state.limits, state.now = keys, args, limits, now
  state.entries, state.published, state.decisions, state.acks, state.stats = 0, 0, 0, {}, {}
  state.windows, state.message_until, state.intent_until = nil, integer(now + limits.message_ttl_ms), nil
  state.stopped, state.safe_mode, state.refused, state.episode, state.verdicts = nil, false, false, nil, {}
  state.daily, state.backlog = 0, 0
end

-- Reads halt and safe mode; as a rule neither key is there.
local function read_switches(names)
  if redis.call('EXISTS', names.safe_mode, names.trading_state) == 0 then return end
  state.safe_mode = safe_mode_on(names.safe_mode)
  if trading_halted(names.trading_state) then state.stopped = 'TRADING_HALTED' end
end

-- Reads what decides an entry besides its own ids; returns the stream that is none, if there is one. Whatever is
-- unreadable refuses.
local function gather(keys, args, limits, now)
  begin(keys, args, limits, now)
  local entries, exits, dead = survey(args)
  if exits and not appendable(keys[3]) then return keys[3] end
  if dead and not appendable(limits.names.dead_letters) then return limits.names.dead_letters end
  if entries == 0 then return nil end
  state.entries = entries
  read_switches(limits.names)
  if state.stopped or state.safe_mode then
    -- Nothing can be admitted: what that would be counted by need not be read.
    if kill_engaged(limits.names.kill) then state.stopped = 'KILL_SWITCH' end
    return nil
  end
  turn_day(limits, now)
  enter_bucket(limits, now)
  local windows, kill, daily = read_counters(args, limits)
  state.windows = windows
  if kill ~= '0' then state.stopped = 'KILL_SWITCH' end
  state.daily = counter_value(daily or redis.pcall('GET', limits.daily_key)) or math.huge
  state.backlog = backlog_within(keys[2], limits, entries, now)
  return nil
end
