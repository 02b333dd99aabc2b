-- admit_v1: the whole admission of a batch of decisions, each with one verdict, as one atomic act.
--
-- KEYS  1 decision stream   2 intent stream       3 exit intent stream  4 dead letters of 1
--       5 dedup prefix      6 kill                7 trading state       8 safe mode
--       9 daily prefix     10 global bucket pfx  11 symbol bucket pfx  12 symbols-of-bucket pfx
--      13 global window    14 symbol window pfx  15 fault stream       16 safe-mode episode
--      17 router statistics
-- ARGS  1 deadline_ms       2 router group        3 execution group     4 window_sec
--       5 global_max        6 symbol_max          7 cooldown_sec        8 sliding | fixed
--       9 daily_max        10 backlog_max        11 message dedup s    12 intent dedup s
--      13 router_pid       14 rates: check | allow | trip_global | trip_symbol | deny (what the
--         caller's own limiter said after RATE_FAULT), then ten a decision:
--      id, kind (entry | exit | skip | dead, or INVALID | EXPIRED), detail, symbol, side, dedup suffix,
--      intent_id, corr, trace, document (intent JSON; the raw entry when dead)
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

local DECISION_ARGS_FROM, DECISION_ARGS = 15, 10

local function read_limits(args)
  return {
    window_sec = tonumber(args[4]), window_ms = tonumber(args[4]) * 1000,
    list_ttl_ms = integer(tonumber(args[4]) * 1000 + 2000),
    global_max = tonumber(args[5]), symbol_max = tonumber(args[6]),
    cooldown_sec = args[7], sliding = args[8] ~= 'fixed',
    daily_max = tonumber(args[9]), backlog_max = tonumber(args[10]),
    message_ttl = args[11], intent_ttl = args[12], router_pid = args[13], rates = args[14],
  }
end

local function read_decisions(args)
  local decisions = {}
  for at = DECISION_ARGS_FROM, #args, DECISION_ARGS do
    decisions[#decisions + 1] = {
      id = args[at], kind = args[at + 1], detail = args[at + 2], symbol = args[at + 3], side = args[at + 4],
      message = args[at + 5], intent_id = args[at + 6], corr = args[at + 7], trace = args[at + 8],
      document = args[at + 9],
    }
  end
  return decisions
end

local function appendable(stream)
  local type_of = redis.call('TYPE', stream).ok
  return type_of == 'none' or type_of == 'stream'
end

-- What decides an entry besides its own ids. Whatever is unreadable refuses.
local function gather(keys, args, limits, now, decisions)
  local state = {limits = limits, now = now, acks = {}, stats = {}, symbols = {}, published = 0}
  local kinds = {}
  for _, decision in ipairs(decisions) do kinds[decision.kind] = true end
  if kinds.exit and not appendable(keys[3]) then return nil, keys[3] end
  if kinds.dead and not appendable(keys[4]) then return nil, keys[4] end
  if not kinds.entry then return state end
  local day, midnight = utc_day(now)
  state.daily_key, state.daily_expires = keys[9] .. day, midnight + 3600
  state.daily = counter_value(redis.pcall('GET', state.daily_key)) or math.huge
  state.stopped = entry_stopped(keys[6], keys[7], keys[8])
  state.backlog = backlog_of(keys[2], args[3], limits.backlog_max + 2) or math.huge
  state.bucket = string.format('%d', math.floor(now / 1000 / limits.window_sec))
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
  local limits = state.limits
  if not state.global then
    local window, err = open_window(keys[13], keys[10] .. state.bucket, limits.global_max, more, limits)
    if not window then return err end
    state.global = window
  end
  if not state.symbols[symbol] then
    local bucket_key = keys[11] .. symbol .. ':' .. state.bucket
    local window, err = open_window(keys[14] .. symbol, bucket_key, limits.symbol_max, more, limits)
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
  state.stopped = 'SAFE_MODE_ENABLED'
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

-- The refusal of an entry whose message and intent are new, or nil.
local function judge_entry(keys, state, decision, more)
  if state.stopped then
    if state.stopped == 'SAFE_MODE_ENABLED' then refuse_in_safe_mode(keys, state, decision) end
    return state.stopped, ''
  end
  if state.daily + state.published >= state.limits.daily_max then return 'DAILY_LIMIT_REACHED', '' end
  if state.backlog + state.published > state.limits.backlog_max then return 'BACKLOG_FULL', '' end
  return judge_rates(keys, state, decision, more)
end

local function publish(keys, state, decision, stream)
  redis.call('SET', keys[5] .. decision.intent_id, decision.id, 'EX', state.limits.intent_ttl)
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
  if redis.call('EXISTS', keys[5] .. decision.message, keys[5] .. decision.intent_id) > 0 then
    return 'DUPLICATE', ''
  end
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
  redis.call('SET', keys[5] .. decision.message, verdict, 'EX', state.limits.message_ttl)
  state.acks[#state.acks + 1] = decision.id
  count(state, 'decisions')
  count(state, COUNTED_AS[verdict] or 'denied:' .. verdict)
  if verdict == 'INVALID' then count(state, 'invalid:' .. detail) end
end

local function write_totals(keys, args, state)
  local now_text = string.format('%d', state.now)
  if state.global then
    local new_bucket = write_window(state.global, state.limits, now_text)
    local ranking = keys[12] .. state.bucket
    for symbol, window in pairs(state.symbols) do
      write_window(window, state.limits, now_text)
      if window.added > 0 then redis.pcall('ZINCRBY', ranking, integer(window.added), symbol) end
    end
    if new_bucket then redis.call('EXPIRE', ranking, integer(state.limits.window_sec * 3)) end
  end
  if state.published > 0 then
    if redis.call('INCRBY', state.daily_key, integer(state.published)) == state.published then
      redis.call('EXPIREAT', state.daily_key, integer(state.daily_expires))
    end
  end
  if state.refused then write_episode(keys[16], state.episode) end
  for field, by in pairs(state.stats) do redis.pcall('HINCRBY', keys[17], field, integer(by)) end
  if #state.acks > 0 then redis.call('XACK', keys[1], args[2], unpack(state.acks)) end
end

local function admit(keys, args)
  local now = now_ms()
  local now_text = string.format('%d', now)
  if past_deadline(now, args[1]) then return expired(now) end
  local decisions = read_decisions(args)
  local state, unusable = gather(keys, args, read_limits(args), now, decisions)
  if not state then return redis.error_reply('WRONGTYPE ' .. unusable .. ' is not a stream') end
  local reply = {'OK', now_text}
  for index, decision in ipairs(decisions) do
    local verdict, detail = judge(keys, state, decision, #decisions - index + 1)
    if verdict ~= 'RATE_FAULT' then record(keys, state, decision, verdict, detail) end
    reply[#reply + 1] = verdict
    reply[#reply + 1] = detail or ''
  end
  write_totals(keys, args, state)
  return reply
end

redis.register_function("admit_v1", admit)
