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

local function count(state, field)
  state.stats[field] = (state.stats[field] or 0) + 1
end

local function fault(state, event)
  append_fault({faults = state.keys[15]}, state.limits, state.now, event)
  count(state, 'faults')
  count(state, 'fault:' .. event.symbol .. ':' .. event.reason)
end

-- Opens the windows that an entry counts in, once a call; `more` is how many the call may still admit.
local function open_windows(state, symbol, more)
  local keys, limits, names, values = state.keys, state.limits, state.names, state.values
  local err
  if not state.global then
    state.global, err = open_window(keys[13], names[3], values[3], limits.global_max, more, limits)
    if err then return err end
  end
  if not state.symbols[symbol] then
    local at = state.bucket_at[symbol]
    local list_key = keys[14] .. symbol
    state.symbols[symbol], err = open_window(list_key, names[at], values[at], limits.symbol_max, more, limits)
  end
  return err
end

-- A trip begins a new episode; what the one before had not spoken for is said first.
local function end_episode(state)
  local unspoken = read_episode(state.keys[16]).suppressed
  if unspoken > 0 then
    fault(state, {reason = 'SAFE_MODE_ENABLED', symbol = '', side = '', corr = '', trace = '', suppressed = unspoken})
  end
  redis.call('DEL', state.keys[16])
  state.episode = {suppressed = 0}
end

local function trip(state, decision, reason, global_count, symbol_count)
  redis.call('SET', state.keys[8], '1', 'EX', state.limits.cooldown_sec)
  state.safe_mode = true
  end_episode(state)
  local event = describe(state.args, decision, reason)
  event.global_count, event.symbol_count = global_count, symbol_count
  fault(state, event)
  return reason, global_count .. '/' .. symbol_count
end

-- Verdict of the rate limits: nil when within them.
local function judge_rates(state, decision, more)
  local limits, now = state.limits, state.now
  if limits.rates == 'allow' then return nil end
  if limits.rates == 'trip_global' then
    return trip(state, decision, 'GLOBAL_RATE_EXCEEDED', limits.global_max + 1, 0)
  elseif limits.rates == 'trip_symbol' then
    return trip(state, decision, 'SYMBOL_RATE_EXCEEDED', 0, limits.symbol_max + 1)
  elseif limits.rates == 'deny' then
    return 'RATE_COUNTERS_UNREADABLE', ''
  end
  local symbol = state.args[decision + SYMBOL]
  local err = open_windows(state, symbol, more)
  if err then return 'RATE_FAULT', err end
  if count_over(state.global, limits, now) then
    return trip(state, decision, 'GLOBAL_RATE_EXCEEDED', counted(state.global, limits, now), 0)
  end
  local window = state.symbols[symbol]
  if count_over(window, limits, now) then
    return trip(state, decision, 'SYMBOL_RATE_EXCEEDED',
      counted(state.global, limits, now), counted(window, limits, now))
  end
  return nil
end

local function refuse_in_safe_mode(state, decision)
  local keys = state.keys
  state.episode = state.episode or read_episode(keys[16])
  state.refused = true
  local event = describe(state.args, decision, 'SAFE_MODE_ENABLED')
  if refuse_in_episode({faults = keys[15]}, state.limits, state.now, state.episode, event) then
    count(state, 'faults')
    count(state, 'fault:' .. event.symbol .. ':SAFE_MODE_ENABLED')
  end
end

-- Whether the message or its intent was seen before. Whether safe mode is on is found out with it: as a rule none of
-- the three keys is there.
local function seen_before(state, message_key, intent_key)
  if state.safe_mode == nil then
    if redis.call('EXISTS', message_key, intent_key, state.keys[8]) == 0 then
      state.safe_mode = false
      return false
    end
    state.safe_mode = safe_mode_on(state.keys[8])
  end
  return redis.call('EXISTS', message_key, intent_key) > 0
end

-- The refusal of an entry whose message and intent are new, or nil.
local function judge_entry(state, decision, more)
  if state.stopped then return state.stopped, '' end
  if state.safe_mode then
    refuse_in_safe_mode(state, decision)
    return 'SAFE_MODE_ENABLED', ''
  end
  if state.daily + state.published >= state.limits.daily_max then return 'DAILY_LIMIT_REACHED', '' end
  if state.backlog + state.published > state.limits.backlog_max then return 'BACKLOG_FULL', '' end
  return judge_rates(state, decision, more)
end

local function publish(state, decision, intent_key, stream)
  redis.call('SET', intent_key, state.args[decision + ID], 'EX', state.limits.intent_ttl)
  return redis.call('XADD', stream, '*', 'data', state.args[decision + DOCUMENT])
end

local function put_aside(state, decision)
  local keys, args = state.keys, state.args
  redis.call('XADD', keys[4], '*', 'stream', keys[1], 'id', args[decision + ID], 'reason', args[decision + DETAIL],
    'raw', args[decision + DOCUMENT], 'ts', string.format('%d', state.now))
  return 'DEAD', args[decision + DETAIL]
end

local function judge(state, decision, message_key, more)
  local kind = state.args[decision + KIND]
  if kind == 'skip' then return 'SKIPPED', '' end
  if kind == 'dead' then return put_aside(state, decision) end
  if kind ~= 'entry' and kind ~= 'exit' then return kind, state.args[decision + DETAIL] end
  local intent_key = state.keys[5] .. state.args[decision + INTENT_ID]
  if seen_before(state, message_key, intent_key) then return 'DUPLICATE', '' end
  if kind == 'exit' then return 'EXIT', publish(state, decision, intent_key, state.keys[3]) end
  local refusal, detail = judge_entry(state, decision, more)
  if refusal then return refusal, detail end
  if state.limits.rates == 'allow' then
    fault(state, describe(state.args, decision, 'FAIL_OPEN_ERROR'))
    count(state, 'fail_open')
  end
  local entry_id = publish(state, decision, intent_key, state.keys[2])
  state.published = state.published + 1
  return 'ADMITTED', entry_id
end

local COUNTED_AS = {ADMITTED = 'admitted', EXIT = 'exits', SKIPPED = 'skipped', DEAD = 'dead_letters'}

local function record(state, decision, message_key, verdict, detail)
  redis.call('SET', message_key, verdict, 'EX', state.limits.message_ttl)
  state.acks[#state.acks + 1] = state.args[decision + ID]
  count(state, 'decisions')
  count(state, COUNTED_AS[verdict] or 'denied:' .. verdict)
  if verdict == 'INVALID' then count(state, 'invalid:' .. detail) end
end

local function write_rates(state, now_text)
  local limits, now = state.limits, state.now
  local new_bucket = write_window(state.global, limits, now, now_text)
  local ranking = state.keys[12] .. state.bucket
  for symbol, window in pairs(state.symbols) do
    write_window(window, limits, now, now_text)
    if window.added > 0 then redis.pcall('ZINCRBY', ranking, integer(window.added), symbol) end
  end
  if new_bucket then redis.call('EXPIRE', ranking, integer(limits.window_sec * 3)) end
end

local function write_totals(state, now_text)
  local keys, published = state.keys, state.published
  if state.global then write_rates(state, now_text) end
  if published > 0 then
    if redis.call('INCRBY', state.daily_key, integer(published)) == published then
      redis.call('EXPIREAT', state.daily_key, integer(state.daily_expires))
    end
    note_published(published)
  end
  if state.refused then write_episode(keys[16], state.episode) end
  for field, by in pairs(state.stats) do
    if by > 0 then redis.pcall('HINCRBY', keys[17], field, integer(by)) end
  end
  if #state.acks > 0 then redis.call('XACK', keys[1], state.limits.router_group, unpack(state.acks)) end
end

local function admit(keys, args)
  local now = now_ms()
  if past_deadline(now, args[1]) then return expired(now) end
  local now_text = string.format('%d', now)
  local state, unusable = gather(keys, args, now)
  if not state then return redis.error_reply('WRONGTYPE ' .. unusable .. ' is not a stream') end
  local reply, more = {'OK', now_text}, state.entries
  for decision = DECISIONS_FROM, #args, DECISION_ARGS do
    local message = args[decision + CORR] .. '||' .. args[decision + TRACE] .. '||' .. args[decision + ID]
    local message_key = keys[5] .. message
    local verdict, detail = judge(state, decision, message_key, more)
    if verdict ~= 'RATE_FAULT' then record(state, decision, message_key, verdict, detail) end
    if args[decision + KIND] == 'entry' then more = more - 1 end
    reply[#reply + 1] = verdict
    reply[#reply + 1] = detail or ''
  end
  write_totals(state, now_text)
  return reply
end

-- A server that is out of memory refuses admit_v1 before it runs, and with it every entry.
local function admit_exits(keys, args)
  for decision = DECISIONS_FROM, #args, DECISION_ARGS do
    if args[decision + KIND] ~= 'exit' then return redis.error_reply('ERR admit_exits_v1 is for exits alone') end
  end
  return admit(keys, args)
end

redis.register_function('admit_v1', admit)
redis.register_function{function_name = 'admit_exits_v1', callback = admit_exits, flags = {'allow-oom'}}
