-- admit_v1: the whole admission of a batch of decisions, each with one verdict, as one atomic act.
-- admit_exits_v1: the same for exits alone; it is also served by a Redis that is out of memory.
-- dismiss_v1: the same for what publishes nothing (skip, INVALID, EXPIRED) alone, also where Redis is out of memory:
--      decisions that fill it can be trimmed only once they are acknowledged.
--
-- KEYS  1 decision stream   2 intent stream       3 exit intent stream
--       1 gives the namespace as well: every other name is the contract's under it (ADMISSION_NAMES)
-- ARGS  1 deadline_ms       2 settings: in one text, which is parsed once and not at every call, separated by
--         blanks: router group, execution group, window_sec, global_max, symbol_max, cooldown_sec, sliding |
--         fixed, daily_max, backlog_max, message dedup s, intent dedup s, router_pid, rates: check | allow |
--         trip_global | trip_symbol | deny (what the caller's own limiter said after RATE_FAULT)
--       then eight a decision: id, kind (entry | exit | skip | dead, or INVALID | EXPIRED), intent_id (what is
--         wrong when INVALID or dead), symbol, side, corr, trace, document (intent JSON; '' of an entry that is
--         expected to be refused; the raw entry when dead)
-- Returns {'EXPIRED', now} without writing, or {'OK', now, verdict, detail, verdict, detail, …}: ADMITTED
--      and EXIT with the new entry's id, SKIPPED, DEAD, a refusal reason, RATE_FAULT with the error (that
--      decision is untouched: ask the caller's own limiter and call again for it alone), or UNDECIDED: the entry is
--      not refused before its rates, and untouched, because it came without its document: call again with it.
--
-- Invariants
--  1 every verdict but RATE_FAULT and UNDECIDED sets the message key, is counted and acknowledges the decision
--  2 an intent is published at most once per intent id; only publishing sets the intent key
--  3 a check that is not about rates never costs budget; nothing is counted in safe mode
--  4 a trip sets safe mode and appends its fault event; a refusal never touches safe mode
--  5 an exit is subject to dedup alone
--  6 everything that can fail on a wrong type is read before the first write

local function count(field)
  state.stats[field] = (state.stats[field] or 0) + 1
end

local function fault(event)
  local names = state.limits.names
  append_fault(names.fault_stream, state.limits, state.now, event)
  count_fault(names.statistics, event)
end

-- A trip begins a new episode; what the one before had not spoken for is said first.
local function end_episode()
  local episode_key = state.limits.names.episode
  local unspoken = read_episode(episode_key).suppressed
  if unspoken > 0 then
    fault({reason = 'SAFE_MODE_ENABLED', symbol = '', side = '', corr = '', trace = '', suppressed = unspoken})
  end
  redis.call('DEL', episode_key)
  state.episode = {suppressed = 0}
end

local function trip(decision, reason, global_count, symbol_count)
  redis.call('SET', state.limits.names.safe_mode, '1', 'EX', state.limits.cooldown_sec)
  state.safe_mode = true
  end_episode()
  local event = describe(state.args, decision, reason)
  event.global_count, event.symbol_count = global_count, symbol_count
  fault(event)
  return reason, global_count .. '/' .. symbol_count
end

-- Verdict of the rate limits: nil when within them.
local function judge_rates(decision, more)
  local limits, now = state.limits, state.now
  if limits.rates == 'allow' then return nil end
  if limits.rates == 'trip_global' then
    return trip(decision, 'GLOBAL_RATE_EXCEEDED', limits.global_max + 1, 0)
  elseif limits.rates == 'trip_symbol' then
    return trip(decision, 'SYMBOL_RATE_EXCEEDED', 0, limits.symbol_max + 1)
  elseif limits.rates == 'deny' then
    return 'RATE_COUNTERS_UNREADABLE', ''
  end
  local global, window = state.windows[1], limits.symbols[state.args[decision + SYMBOL]]
  local err = not global.open and open_window(global, more, limits)
    or not window.open and open_window(window, window.wanted, limits)
  if err then return 'RATE_FAULT', err end
  if count_over(global, limits, now) then
    return trip(decision, 'GLOBAL_RATE_EXCEEDED', counted(global, limits, now), 0)
  end
  if count_over(window, limits, now) then
    return trip(decision, 'SYMBOL_RATE_EXCEEDED', counted(global, limits, now), counted(window, limits, now))
  end
  return nil
end

-- Takes one refusal into the episode: the first one, and then one a window, speaks for all before it.
local function refuse_in_safe_mode(decision)
  local episode = state.episode or read_episode(state.limits.names.episode)
  state.episode, state.refused = episode, true
  if episode.last_ms and not may_speak(episode, state.limits, state.now) then
    episode.suppressed = episode.suppressed + 1
    return
  end
  local event = describe(state.args, decision, 'SAFE_MODE_ENABLED')
  event.suppressed = episode.suppressed + 1
  fault(event)
  episode.last_ms, episode.suppressed = state.now, 0
end

-- Whether the message or its intent was seen before.
local function seen_before(message_key, intent_key)
  return redis.call('EXISTS', message_key, intent_key) > 0
end

-- The refusal of an entry whose message and intent are new, or nil.
local function judge_entry(decision, more)
  if state.stopped then return state.stopped, '' end
  if state.safe_mode then
    refuse_in_safe_mode(decision)
    return 'SAFE_MODE_ENABLED', ''
  end
  if state.daily + state.published >= state.limits.daily_max then return 'DAILY_LIMIT_REACHED', '' end
  if state.backlog + state.published > state.limits.backlog_max then return 'BACKLOG_FULL', '' end
  if state.args[decision + DOCUMENT] == '' then return 'UNDECIDED', '' end
  return judge_rates(decision, more)
end

local function publish(decision, intent_key, stream)
  state.intent_until = state.intent_until or integer(state.now + state.limits.intent_ttl_ms)
  -- First: a stream whose ids are used up takes nothing, and the decision would be a duplicate of itself ever after.
  local id = redis.call('XADD', stream, '*', 'data', state.args[decision + DOCUMENT])
  redis.call('SET', intent_key, state.args[decision + ID], 'PXAT', state.intent_until)
  return id
end

local function put_aside(decision)
  local keys, args = state.keys, state.args
  redis.call('XADD', state.limits.names.dead_letters, '*', 'stream', keys[1], 'id', args[decision + ID],
    'reason', args[decision + ABOUT], 'raw', args[decision + DOCUMENT], 'ts', integer(state.now))
  return 'DEAD', args[decision + ABOUT]
end

local function judge(decision, message_key, more)
  local args = state.args
  local kind = args[decision + KIND]
  if kind ~= 'entry' and kind ~= 'exit' then
    if kind == 'skip' then return 'SKIPPED', '' end
    if kind == 'dead' then return put_aside(decision) end
    return kind, args[decision + ABOUT]
  end
  local intent_key = state.limits.names.dedup .. args[decision + ABOUT]
  if seen_before(message_key, intent_key) then return 'DUPLICATE', '' end
  if kind == 'exit' then return 'EXIT', publish(decision, intent_key, state.keys[3]) end
  local refusal, detail = judge_entry(decision, more)
  if refusal then return refusal, detail end
  if state.limits.rates == 'allow' then
    fault(describe(args, decision, 'FAIL_OPEN_ERROR'))
    count('fail_open')
  end
  local entry_id = publish(decision, intent_key, state.keys[2])
  state.published = state.published + 1
  return 'ADMITTED', entry_id
end

-- What is admitted is what remains of the decisions: a counter more costs as much as the limits of a symbol.
local COUNTED_AS = {EXIT = 'exits', SKIPPED = 'skipped', DEAD = 'dead_letters'}

local function record(decision, message_key, verdict, detail)
  redis.call('SET', message_key, verdict, 'PXAT', state.message_until)
  local decisions = state.decisions + 1
  state.acks[decisions], state.decisions = state.args[decision + ID], decisions
  if verdict == 'ADMITTED' then return end
  local verdicts = state.verdicts
  verdicts[verdict] = (verdicts[verdict] or 0) + 1
  if verdict == 'INVALID' then count('invalid:' .. detail) end
end

local function write_rates(now_text)
  local limits, now, windows = state.limits, state.now, state.windows
  if windows[1].added == 0 then return end
  local ranking = limits.period.ranking
  local scores, last = {}, 0
  for at = 1, #windows do
    local window = windows[at]
    if window.added > 0 then
      write_window(window, limits, now, now_text)
      if window.symbol then
        scores[last + 1], scores[last + 2] = integer(window.bucket + window.added), window.symbol
        last = last + 2
      end
    end
  end
  -- A symbol's place is its bucket's count.
  if last > 0 then redis.pcall('ZADD', ranking, unpack(scores)) end
  if windows[1].bucket == 0 then redis.call('EXPIRE', ranking, limits.ranking_ttl_sec) end
end

local function write_totals(now_text)
  local limits, published = state.limits, state.published
  if state.windows then write_rates(now_text) end
  if published > 0 then
    if redis.call('INCRBY', limits.daily_key, integer(published)) == published then
      redis.call('EXPIREAT', limits.daily_key, limits.daily_expires)
    end
    note_published(published)
  end
  if state.refused then write_episode(limits.names.episode, state.episode) end
  if state.decisions == 0 then return end
  redis.pcall('HINCRBY', limits.names.statistics, 'decisions', integer(state.decisions))
  for verdict, by in pairs(state.verdicts) do
    redis.pcall('HINCRBY', limits.names.statistics, COUNTED_AS[verdict] or 'denied:' .. verdict, integer(by))
  end
  for field, by in pairs(state.stats) do
    redis.pcall('HINCRBY', limits.names.statistics, field, integer(by))
  end
  redis.call('XACK', state.keys[1], limits.router_group, unpack(state.acks))
end

-- The short way of a flood: a switch refuses every entry of a call, nothing else is in it and no intent of it was
-- seen before. Then SET NX both asks whether the message is new and records the refusal. False when it is not so.
local function refuse_all(reply)
  local args, prefix, refusal = state.args, state.limits.names.dedup, state.stopped or 'SAFE_MODE_ENABLED'
  local intents, decisions, duplicates = {}, 0, 0
  for decision = DECISIONS_FROM, #args, DECISION_ARGS do
    decisions = decisions + 1
    intents[decisions] = prefix .. args[decision + ABOUT]
  end
  if redis.call('EXISTS', unpack(intents)) > 0 then return false end
  for at = 1, decisions do
    local decision, verdict = DECISIONS_FROM + (at - 1) * DECISION_ARGS, refusal
    local id = args[decision + ID]
    local message_key = message_key_of(prefix, args, decision)
    if not redis.call('SET', message_key, refusal, 'NX', 'PXAT', state.message_until) then
      verdict, duplicates = 'DUPLICATE', duplicates + 1
      redis.call('SET', message_key, verdict, 'PXAT', state.message_until)
    elseif not state.stopped then
      refuse_in_safe_mode(decision)
    end
    state.acks[at], reply[2 * at + 1], reply[2 * at + 2] = id, verdict, ''
  end
  state.decisions = decisions
  if duplicates < decisions then state.verdicts[refusal] = decisions - duplicates end
  if duplicates > 0 then state.verdicts.DUPLICATE = duplicates end
  return true
end

local function judge_each(reply)
  local args, last, more, message_prefix = state.args, 2, state.entries, state.limits.names.dedup
  for decision = DECISIONS_FROM, #args, DECISION_ARGS do
    local message_key = message_key_of(message_prefix, args, decision)
    local verdict, detail = judge(decision, message_key, more)
    if verdict ~= 'RATE_FAULT' and verdict ~= 'UNDECIDED' then record(decision, message_key, verdict, detail) end
    if args[decision + KIND] == 'entry' then more = more - 1 end
    reply[last + 1], reply[last + 2] = verdict, detail or ''
    last = last + 2
  end
end

local function admit(keys, args)
  local now = now_ms()
  if past_deadline(now, args[1]) then return expired(now) end
  local limits = limits_of(keys, args)
  if not limits then return redis.error_reply('ERR ' .. keys[1] .. ' is not the decision stream of a namespace') end
  local unusable = gather(keys, args, limits, now)
  if unusable then return redis.error_reply('WRONGTYPE ' .. unusable .. ' is not a stream') end
  local now_text = integer(now)
  local reply = {'OK', now_text}
  local entries_alone = state.entries * DECISION_ARGS == #args - DECISIONS_FROM + 1
  if not (entries_alone and (state.stopped or state.safe_mode) and refuse_all(reply)) then judge_each(reply) end
  write_totals(now_text)
  return reply
end

-- A server that is out of memory refuses admit_v1 before it runs, and with it every entry.
local function admit_exits(keys, args)
  for decision = DECISIONS_FROM, #args, DECISION_ARGS do
    if args[decision + KIND] ~= 'exit' then return redis.error_reply('ERR admit_exits_v1 is for exits alone') end
  end
  return admit(keys, args)
end

local function dismiss(keys, args)
  for decision = DECISIONS_FROM, #args, DECISION_ARGS do
    local kind = args[decision + KIND]
    if kind == 'entry' or kind == 'exit' or kind == 'dead' then
      return redis.error_reply('ERR dismiss_v1 is for what publishes nothing')
    end
  end
  return admit(keys, args)
end

redis.register_function('admit_v1', admit)
redis.register_function{function_name = 'dismiss_v1', callback = dismiss, flags = {'allow-oom'}}
redis.register_function{function_name = 'admit_exits_v1', callback = admit_exits, flags = {'allow-oom'}}
