-- settle_v1: the one end of an intent: ledger terminal, result, gate state, plan and acknowledgement as one.
--
-- KEYS 1 the order's ledger key, 2 open orders, 3 the stream the intent came from, 4 result stream,
--      5 legacy result stream (equal to 4: not written), 6 dead letters of 3, 7 execution statistics,
--      8 gate trades, 9 gate in flight, 10 last trade of the symbol, 11 position plan,
--      12 positions without their stop (sorted set of plan keys), 13 exit intents
-- ARGS 1 deadline_ms, 2 intent_id, 3 owner, 4 group, 5 entry id, 6 terminal state, 7 symbol,
--      8 entry | exit, 9 statistics fields with a blank between, 10 the position's stop at the venue: missing |
--      settled | '' (not looked at), 11 time of the trade (ms; '' none), 12 min hold ms,
--      13 plan: keep | delete | write, 14 dead-letter reason or '', 15 raw entry for it,
--      16 exit intent that follows or '', 17 number of result fields and values, then these, then the plan's
-- Returns {'OK', result entry id} | {'SETTLED'} (before; acknowledged) | {'FENCED', owner}
--       | {'ILLEGAL', state} | {'ABSENT'}
--
-- Invariants
--  1 exactly one result an intent: it is appended in the call that makes the ledger terminal
--  2 the entry is acknowledged in that call, never earlier
--  3 the gate slot is kept by a fill and released by everything else
--  4 the symbol's last trade never moves back
--  5 a dead letter is of an entry that was never submitted: its order cannot be at the venue, and no exit is put aside
--  6 an exit that follows from this end is published with it: once, however often the process dies
--  7 of two entries of one position the plan is the later fill's, in whatever order they settle

local RESULT_FROM = 18

local function slice(list, from, to)
  local part = {}
  for i = from, to do part[#part + 1] = list[i] end
  return part
end

local function append_result(keys, fields)
  local id = redis.call('XADD', keys[4], '*', unpack(fields))
  if keys[5] ~= keys[4] then redis.call('XADD', keys[5], '*', unpack(fields)) end
  return id
end

local function append_dead_letter(key, stream, entry_id, now, reason, raw)
  redis.call('XADD', key, '*', 'stream', stream, 'id', entry_id, 'reason', reason, 'raw', raw,
    'ts', string.format('%d', now))
end

-- Unreadable gate state must not keep an order from settling: submit_v1 refuses entries on it by itself.
local function settle_gates(keys, args, filled)
  local intent_id, symbol, trade_ms = args[2], args[7], args[11]
  if redis.pcall('HGET', keys[9], symbol) == intent_id then redis.call('HDEL', keys[9], symbol) end
  if not filled and args[8] == 'entry' then redis.pcall('ZREM', keys[8], intent_id) end
  if trade_ms == '' then return end
  if filled and args[8] == 'entry' then
    redis.pcall('ZADD', keys[8], trade_ms, intent_id)
    redis.pcall('EXPIRE', keys[8], 600)
  end
  local stored = redis.pcall('GET', keys[10])
  local last = not is_error(stored) and tonumber(stored or '0') or 0
  -- Asked so that NaN is replaced: the symbol would cool down for ever.
  if not (tonumber(trade_ms) <= last) and tonumber(args[12]) > 0 then
    redis.call('SET', keys[10], trade_ms, 'PX', args[12])
  end
end

-- Whether the plan there is of an entry that filled later: its order is in the ledger. That of a default plan is not,
-- which bears the time of its adoption and gives way to whatever entry the position came from.
local function later_plan_stands(keys, args)
  local plan = redis.pcall('HMGET', keys[11], 'opened_at', 'intent_id')
  local traded_at, opened_at = tonumber(args[11]), not is_error(plan) and tonumber(plan[1] or '')
  if not (traded_at and opened_at and plan[2] and opened_at > traded_at) then return false end
  local ledger_prefix = string.sub(keys[1], 1, #keys[1] - #args[2])
  return redis.call('EXISTS', ledger_prefix .. plan[2]) == 1
end

local function settle_plan(keys, args, plan_from)
  if args[13] == 'keep' then return end
  redis.call('DEL', keys[11])
  if args[13] == 'write' then redis.call('HSET', keys[11], unpack(slice(args, plan_from, #args))) end
end

-- A list for the one who mends: unreadable, it must not keep an order from settling.
local function settle_stop(keys, args, now)
  if args[10] == 'missing' then
    redis.pcall('ZADD', keys[12], 'NX', string.format('%d', now), keys[11])
  elseif args[10] == 'settled' then
    redis.pcall('ZREM', keys[12], keys[11])
  end
end

local function settle(keys, args)
  local now = now_ms()
  if past_deadline(now, args[1]) then return expired(now) end
  local order = read_order(keys[1])
  if order == nil then return {'ABSENT'} end
  if ORDER_MOVES[order.state] == nil then
    redis.call('XACK', keys[3], args[4], args[5])
    return {'SETTLED'}
  end
  local refused = refused_move(order, args[3], args[6])
  if refused then return refused end
  if args[14] ~= '' and (order.state ~= 'RECEIVED' or args[8] == 'exit') then return {'ILLEGAL', order.state} end
  for _, stream in ipairs({keys[3], keys[4], keys[5], keys[6], args[16] ~= '' and keys[13] or nil}) do
    if not appendable(stream) then return redis.error_reply('WRONGTYPE ' .. stream .. ' is not a stream') end
  end
  local result_to = RESULT_FROM + tonumber(args[17]) - 1
  local result_id = append_result(keys, slice(args, RESULT_FROM, result_to))
  redis.call('HSET', keys[1], 'state', args[6], 'result', result_id, 'updated_ms', string.format('%d', now))
  redis.call('HDEL', keys[1], 'intent')
  redis.call('EXPIRE', keys[1], 86400)
  redis.pcall('ZREM', keys[2], args[2])
  settle_gates(keys, args, args[6] == 'FILLED' or args[6] == 'PARTIAL')
  -- The stop goes with its plan: what became of an earlier entry's says nothing of the one that is missing now.
  if not later_plan_stands(keys, args) then
    settle_plan(keys, args, result_to + 1)
    settle_stop(keys, args, now)
  end
  if args[16] ~= '' then redis.call('XADD', keys[13], '*', 'data', args[16]) end
  if args[14] ~= '' then append_dead_letter(keys[6], keys[3], args[5], now, args[14], args[15]) end
  for field in string.gmatch(args[9], '%S+') do redis.pcall('HINCRBY', keys[7], field, 1) end
  redis.call('XACK', keys[3], args[4], args[5])
  return {'OK', result_id}
end

-- settle_stray_v1: the end of an entry that has no ledger of its own: one that does not parse (dead letter),
-- or a second one with an intent id that is known (status duplicate).
-- KEYS 1 the stream it came from, 2 result stream, 3 legacy result stream (equal to 2: not written),
--      4 dead letters of 1, 5 execution statistics
-- ARGS 1 deadline_ms, 2 group, 3 entry id, 4 statistics field, 5 dead-letter reason or '', 6 raw entry, 7…
--      result fields and values
-- Returns {'OK', result entry id} | {'SETTLED'} when somebody has acknowledged it before
-- Invariant: exactly one result: only the call that acknowledges the entry appends it.
local function settle_stray(keys, args)
  local now = now_ms()
  if past_deadline(now, args[1]) then return expired(now) end
  for _, stream in ipairs(keys) do
    if stream ~= keys[5] and not appendable(stream) then
      return redis.error_reply('WRONGTYPE ' .. stream .. ' is not a stream')
    end
  end
  if redis.call('XACK', keys[1], args[2], args[3]) == 0 then return {'SETTLED'} end
  local fields = slice(args, 7, #args)
  local id = redis.call('XADD', keys[2], '*', unpack(fields))
  if keys[3] ~= keys[2] then redis.call('XADD', keys[3], '*', unpack(fields)) end
  if args[5] ~= '' then append_dead_letter(keys[4], keys[1], args[3], now, args[5], args[6]) end
  redis.pcall('HINCRBY', keys[5], args[4], 1)
  return {'OK', id}
end

redis.register_function{function_name = 'settle_v1', callback = settle, flags = {'allow-oom'}}
redis.register_function{function_name = 'settle_stray_v1', callback = settle_stray, flags = {'allow-oom'}}
