-- admit_v1: the whole admission of a batch of decisions, each with one verdict, as one atomic act.
-- admit_exits_v1: the same for exits alone; it is also served by a Redis that is out of memory.
--
-- KEYS  1 decision stream   2 intent stream       3 exit intent stream  4 dead letters of 1
--       5 dedup prefix      6 kill                7 trading state       8 safe mode
--       9 daily prefix     10 global bucket pfx  11 symbol bucket pfx  12 symbols-of-bucket pfx
--      13 global window    14 symbol window pfx  15 fault stream       16 safe-mode episode
--      17 router statistics
-- ARGS  1 deadline_ms       2 settings: in one text, which is parsed once and not at every call, separated by
--         blanks: router group, execution group, window_sec, global_max, symbol_max, cooldown_sec, sliding |
--         fixed, daily_max, backlog_max, message dedup s, intent dedup s
--       3 router_pid        4 rates: check | allow | trip_global | trip_symbol | deny (what the
--         caller's own limiter said after RATE_FAULT), then nine a decision:
--      id, kind (entry | exit | skip | dead, or INVALID | EXPIRED), detail, symbol, side, intent_id, corr,
--      trace, document (intent JSON; the raw entry when dead)
-- Returns {'EXPIRED', now} without writing, or {'OK', now, verdict, detail, verdict, detail, …}: ADMITTED
--      and EXIT with the new entry's id, SKIPPED, DEAD, a refusal reason, or RATE_FAULT with the error (that
--      decision is untouched: ask the caller's own limiter and call again for it alone).
--
-- Invariants
--  1 every verdict but RATE_FAULT sets the message key, is counted and acknowledges the decision
--  2 an intent is published at most once per intent id; only publishing sets the intent key
--  3 a check that is not about rates never costs budget; nothing is counted in safe mode
--  4 a trip sets safe mode and appends its fault event; a refusal never touches safe mode
--  5 an exit is subject to dedup alone
--  6 everything that can fail on a wrong type is read before the first write
--
-- A call of redis.call costs more than most commands: what is read together is read by one.

local DECISION_ARGS_FROM, DECISION_ARGS = 5, 9

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

local function read_decisions(keys, args)
  local decisions, prefix = {}, keys[5]
  for at = DECISION_ARGS_FROM, #args, DECISION_ARGS do
    local id, intent_id, corr, trace = args[at], args[at + 5], args[at + 6], args[at + 7]
    decisions[#decisions + 1] = {
      id = id, kind = args[at + 1], detail = args[at + 2], symbol = args[at + 3], side = args[at + 4],
      message_key = prefix .. corr .. '||' .. trace .. '||' .. id, intent_key = prefix .. intent_id,
      corr = corr, trace = trace, document = args[at + 8],
    }
  end
  return decisions
end

local function appendable(stream)
  local type_of = redis.call('TYPE', stream).ok
  return type_of == 'none' or type_of == 'stream'
end

-- The counters of the batch in one read, the symbols' buckets at `at[symbol]`. MGET says of a key of another type
-- that it is absent: what is absent is read once more, by itself, before anything trusts it.
local function read_counters(keys, state, decisions)
  local names, at = {keys[6], state.daily_key, keys[10] .. state.bucket}, {}
  for _, decision in ipairs(decisions) do
    local symbol = decision.symbol
    if decision.kind == 'entry' and not at[symbol] then
      names[#names + 1] = keys[11] .. symbol .. ':' .. state.bucket
      at[symbol] = #names
    end
  end
  state.counters = {names = names, values = redis.call('MGET', unpack(names)), at = at}
end

-- What decides an entry besides its own ids. Whatever is unreadable refuses.
local function gather(keys, args, now, decisions)
  local limits = read_limits(args)
  local state = {
    limits = limits, now = now, acks = {}, stats = {}, symbols = {}, published = 0, refused = false,
    safe_mode = nil, stopped = nil, episode = nil, global = nil, backlog = 0, bucket = '', daily = 0,
    daily_key = '', daily_expires = 0, counters = nil,
  }
  local entries, exits, dead = 0, false, false
  for _, decision in ipairs(decisions) do
    if decision.kind == 'entry' then entries = entries + 1 end
    exits = exits or decision.kind == 'exit'
    dead = dead or decision.kind == 'dead'
  end
  if exits and not appendable(keys[3]) then return nil, keys[3] end
  if dead and not appendable(keys[4]) then return nil, keys[4] end
  if entries == 0 then return state end
  local day, midnight = utc_day(now)
  state.daily_key, state.daily_expires = keys[9] .. day, midnight + 3600
  state.bucket = string.format('%d', math.floor(now / limits.window_ms))
  read_counters(keys, state, decisions)
  local values = state.counters.values
  if values[1] ~= '0' then state.stopped = 'KILL_SWITCH'
  elseif trading_halted(keys[7]) then state.stopped = 'TRADING_HALTED' end
  state.daily = counter_value(values[2] or redis.pcall('GET', state.daily_key)) or math.huge
  state.backlog = backlog_within(keys[2], limits, entries, now)
  return state
end

local function count(state, field)
  state.stats[field] = (state.stats[field] or 0) + 1
end

local function fault(keys, state, event)
  append_fault({faults = keys[15]}, state.limits, state.now, event)
  count(state, 'faults')
  count(state, 'fault:' .. event.symbol .. ':' .. event.reason)
end

local function open_windows(keys, state, symbol, more)
  local limits, counters = state.limits, state.counters
  if not state.global then
    local bucket = {key = counters.names[3], value = counters.values[3]}
    local window, err = open_window(keys[13], bucket, limits.global_max, more, limits)
    if not window then return err end
    state.global = window
  end
  if not state.symbols[symbol] then
    local at = counters.at[symbol]
    local bucket = {key = counters.names[at], value = counters.values[at]}
    local window, err = open_window(keys[14] .. symbol, bucket, limits.symbol_max, more, limits)
    if not window then return err end
    state.symbols[symbol] = window
  end
  return nil
end

-- A trip begins a new episode; what the one before had not spoken for is said first.
local function end_episode(keys, state)
  local unspoken = read_episode(keys[16]).suppressed
  if unspoken > 0 then
    fault(keys, state, {reason = 'SAFE_MODE_ENABLED', symbol = '', side = '', corr = '', trace = '',
      suppressed = unspoken})
  end
  redis.call('DEL', keys[16])
  state.episode = {suppressed = 0}
end

local function trip(keys, state, decision, reason, counts)
  redis.call('SET', keys[8], '1', 'EX', state.limits.cooldown_sec)
  state.safe_mode = true
  end_episode(keys, state)
  fault(keys, state, {
    reason = reason, symbol = decision.symbol, side = decision.side, corr = decision.corr,
    trace = decision.trace, global_count = counts[1], symbol_count = counts[2],
  })
  return reason, counts[1] .. '/' .. counts[2]
end

-- Verdict of the rate limits: nil when within them.
local function judge_rates(keys, state, decision, more)
  local limits, now = state.limits, state.now
  if limits.rates == 'allow' then return nil end
  if limits.rates == 'trip_global' then
    return trip(keys, state, decision, 'GLOBAL_RATE_EXCEEDED', {limits.global_max + 1, 0})
  elseif limits.rates == 'trip_symbol' then
    return trip(keys, state, decision, 'SYMBOL_RATE_EXCEEDED', {0, limits.symbol_max + 1})
  elseif limits.rates == 'deny' then
    return 'RATE_COUNTERS_UNREADABLE', ''
  end
  local err = open_windows(keys, state, decision.symbol, more)
  if err then return 'RATE_FAULT', err end
  if count_over(state.global, limits, now) then
    return trip(keys, state, decision, 'GLOBAL_RATE_EXCEEDED', {counted(state.global, limits, now), 0})
  end
  local window = state.symbols[decision.symbol]
  if count_over(window, limits, now) then
    return trip(keys, state, decision, 'SYMBOL_RATE_EXCEEDED',
      {counted(state.global, limits, now), counted(window, limits, now)})
  end
  return nil
end

local function refuse_in_safe_mode(keys, state, decision)
  state.episode = state.episode or read_episode(keys[16])
  state.refused = true
  if refuse_in_episode({faults = keys[15]}, state.limits, state.now, state.episode, decision) then
    count(state, 'faults')
    count(state, 'fault:' .. decision.symbol .. ':SAFE_MODE_ENABLED')
  end
end

-- Whether the message or the intent was seen before. Whether safe mode is on is found out with it: as a rule none
-- of the three keys is there.
local function seen_before(keys, state, decision)
  if state.safe_mode == nil then
    if redis.call('EXISTS', decision.message_key, decision.intent_key, keys[8]) == 0 then
      state.safe_mode = false
      return false
    end
    state.safe_mode = safe_mode_on(keys[8])
  end
  return redis.call('EXISTS', decision.message_key, decision.intent_key) > 0
end

-- The refusal of an entry whose message and intent are new, or nil.
local function judge_entry(keys, state, decision, more)
  if state.stopped then return state.stopped, '' end
  if state.safe_mode then
    refuse_in_safe_mode(keys, state, decision)
    return 'SAFE_MODE_ENABLED', ''
  end
  if state.daily + state.published >= state.limits.daily_max then return 'DAILY_LIMIT_REACHED', '' end
  if state.backlog + state.published > state.limits.backlog_max then return 'BACKLOG_FULL', '' end
  return judge_rates(keys, state, decision, more)
end

local function publish(keys, state, decision, stream)
  redis.call('SET', decision.intent_key, decision.id, 'EX', state.limits.intent_ttl)
  return redis.call('XADD', stream, '*', 'data', decision.document)
end

local function judge(keys, state, decision, more)
  if decision.kind == 'skip' then return 'SKIPPED', '' end
  if decision.kind == 'dead' then
    redis.call('XADD', keys[4], '*', 'stream', keys[1], 'id', decision.id, 'reason', decision.detail,
      'raw', decision.document, 'ts', string.format('%d', state.now))
    return 'DEAD', decision.detail
  end
  if decision.kind ~= 'entry' and decision.kind ~= 'exit' then return decision.kind, decision.detail end
  if seen_before(keys, state, decision) then return 'DUPLICATE', '' end
  if decision.kind == 'exit' then
    return 'EXIT', publish(keys, state, decision, keys[3])
  end
  local refusal, detail = judge_entry(keys, state, decision, more)
  if refusal then return refusal, detail end
  if state.limits.rates == 'allow' then
    fault(keys, state, {reason = 'FAIL_OPEN_ERROR', symbol = decision.symbol, side = decision.side,
      corr = decision.corr, trace = decision.trace})
    count(state, 'fail_open')
  end
  local entry_id = publish(keys, state, decision, keys[2])
  state.published = state.published + 1
  return 'ADMITTED', entry_id
end

local COUNTED_AS = {ADMITTED = 'admitted', EXIT = 'exits', SKIPPED = 'skipped', DEAD = 'dead_letters'}

local function record(keys, state, decision, verdict, detail)
  redis.call('SET', decision.message_key, verdict, 'EX', state.limits.message_ttl)
  state.acks[#state.acks + 1] = decision.id
  count(state, 'decisions')
  count(state, COUNTED_AS[verdict] or 'denied:' .. verdict)
  if verdict == 'INVALID' then count(state, 'invalid:' .. detail) end
end

local function write_totals(keys, state, now_text)
  if state.global then
    local new_bucket = write_window(state.global, state.limits, state.now, now_text)
    local ranking = keys[12] .. state.bucket
    for symbol, window in pairs(state.symbols) do
      write_window(window, state.limits, state.now, now_text)
      if window.added > 0 then redis.pcall('ZINCRBY', ranking, integer(window.added), symbol) end
    end
    if new_bucket then redis.call('EXPIRE', ranking, integer(state.limits.window_sec * 3)) end
  end
  if state.published > 0 then
    if redis.call('INCRBY', state.daily_key, integer(state.published)) == state.published then
      redis.call('EXPIREAT', state.daily_key, integer(state.daily_expires))
    end
    note_published(state.published)
  end
  if state.refused then write_episode(keys[16], state.episode) end
  for field, by in pairs(state.stats) do redis.pcall('HINCRBY', keys[17], field, integer(by)) end
  if #state.acks > 0 then redis.call('XACK', keys[1], state.limits.router_group, unpack(state.acks)) end
end

local function admit(keys, args)
  local now = now_ms()
  if past_deadline(now, args[1]) then return expired(now) end
  local now_text = string.format('%d', now)
  local decisions = read_decisions(keys, args)
  local state, unusable = gather(keys, args, now, decisions)
  if not state then return redis.error_reply('WRONGTYPE ' .. unusable .. ' is not a stream') end
  local reply = {'OK', now_text}
  for index, decision in ipairs(decisions) do
    local verdict, detail = judge(keys, state, decision, #decisions - index + 1)
    if verdict ~= 'RATE_FAULT' then record(keys, state, decision, verdict, detail) end
    reply[#reply + 1] = verdict
    reply[#reply + 1] = detail or ''
  end
  write_totals(keys, state, now_text)
  return reply
end

-- A server that is out of memory refuses admit_v1 before it runs, and with it every entry.
local function admit_exits(keys, args)
  for at = DECISION_ARGS_FROM, #args, DECISION_ARGS do
    if args[at + 1] ~= 'exit' then return redis.error_reply('ERR admit_exits_v1 is for exits alone') end
  end
  return admit(keys, args)
end

redis.register_function('admit_v1', admit)
redis.register_function{function_name = 'admit_exits_v1', callback = admit_exits, flags = {'allow-oom'}}
