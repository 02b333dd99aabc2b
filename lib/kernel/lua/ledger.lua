-- The order ledger: one hash an intent, written before the act, moved only here.
--
--   RECEIVED → HELD | DENIED | EXPIRED | SUBMITTING | UNKNOWN (the venue has an order that Redis forgot)
--   SUBMITTING → FILLED | PARTIAL | REJECTED | UNKNOWN | SUBMITTING (not executed, the venue said so)
--   UNKNOWN → FILLED | PARTIAL | REJECTED | SUBMITTING | HELD | DENIED | EXPIRED (proved not executed)
--
-- Invariants
--  1 every move is legal by the table above, which is generated from order-states.ts (ORDER_MOVES)
--  2 every move but taking over is made by the owner: instance and boot id of one process
--  3 an entry reaches SUBMITTING only when kill, halt, safe mode, age, cooldown and trade rate allow it at that
--    very moment, and then holds its gate slot; an exit passes all of them. One decided before the clearing of the last
--    halt never does: in doubt meanwhile, it would open a position after the panic
--  4 taking over an order that was being submitted makes it UNKNOWN: somebody's request may be on its way
--  5 an entry of the ledger that is not settled has no TTL
--  6 an order in flight follows its intent: where Redis forgot the stream entry that it was received from, which a
--    process had read before, the entry that the intent is published anew in takes its place

local function may_move(from, to)
  return ORDER_MOVES[from] ~= nil and ORDER_MOVES[from][to] == true
end

local function read_order(key)
  local flat = redis.call('HGETALL', key)
  if #flat == 0 then return nil end
  return flat_to_table(flat)
end

-- Why the caller may not move the order, or nil. KEYS and ARGS as a reply that ends the function.
local function refused_move(order, owner, to)
  if order == nil then return {'ABSENT'} end
  if order.owner ~= owner then return {'FENCED', order.owner} end
  if not may_move(order.state, to) then return {'ILLEGAL', order.state} end
  return nil
end

-- Whether the stream entry that an order was received from, as the ledger names it, is still in that stream.
local function has_its_entry(order, stream)
  if order.entry:sub(1, #stream + 1) ~= stream .. ' ' then return true end
  local id = order.entry:sub(#stream + 2)
  return #redis.call('XRANGE', stream, id, id) == 1
end

-- receive_v1: an intent was read; whose is it and how far is it?
-- KEYS 1 the order's ledger key, 2 open orders, 3 the stream it was read from, 4 execution statistics
-- ARGS 1 deadline_ms, 2 intent_id, 3 owner, 4 group, 5 entry id
-- Returns {'NEW'}
--       | {'RESUMED', field, value, …}  taken over as it is (SUBMITTING became UNKNOWN under a new owner)
--       | {'SETTLED'}                   a redelivery; acknowledged here
--       | {'DUPLICATE', state}          another entry with this intent id: settle it as such
local function take(keys, args, now, order)
  local now_text = string.format('%d', now)
  local entry = keys[3] .. ' ' .. args[5]
  if order == nil then
    redis.call('HSET', keys[1], 'state', 'RECEIVED', 'intent_id', args[2], 'owner', args[3], 'entry', entry,
      'attempt', 0, 'failures', 0, 'received_ms', now_text, 'updated_ms', now_text)
    redis.pcall('HINCRBY', keys[4], 'received', 1)
    return {'NEW'}
  end
  if order.entry ~= entry then
    if ORDER_MOVES[order.state] == nil or has_its_entry(order, keys[3]) then return {'DUPLICATE', order.state} end
    redis.call('HSET', keys[1], 'entry', entry)
  end
  if ORDER_MOVES[order.state] == nil then
    redis.call('XACK', keys[3], args[4], args[5])
    return {'SETTLED'}
  end
  if order.owner ~= args[3] then
    redis.call('HSET', keys[1], 'owner', args[3], 'updated_ms', now_text)
    if order.state == 'SUBMITTING' then redis.call('HSET', keys[1], 'state', 'UNKNOWN') end
  end
  return {'RESUMED', unpack(redis.call('HGETALL', keys[1]))}
end

local function receive(keys, args)
  local now = now_ms()
  if past_deadline(now, args[1]) then return expired(now) end
  return take(keys, args, now, read_order(keys[1]))
end

-- Whether another entry of the symbol is in flight and, where not, when its slot was last reserved (ms, 0 unknown).
-- A reservation whose order is gone from the ledger was deleted by hand, since an order that ends gives it back: it
-- counts as a trade when it was made, so that the symbol cools down instead of being blocked for ever.
local function slot_taken(keys, args)
  local symbol, intent_id = args[7], args[2]
  local in_flight = redis.call('HGET', keys[7], symbol)
  if not in_flight or in_flight == intent_id then return false, 0 end
  local ledger_prefix = string.sub(keys[1], 1, #keys[1] - #intent_id)
  if redis.call('EXISTS', ledger_prefix .. in_flight) == 1 then return true, 0 end
  return false, tonumber(redis.call('ZSCORE', keys[6], in_flight) or '0')
end

-- The trade slot of an entry: free of cooldown and rate, or the reason why not. What holds is only told
-- when gates are enforced; in audit it is named and passed. `plain` as in submit_attempt.
local function judge_slot(keys, args, now, plain)
  local last_trade = plain and 0 or tonumber(redis.call('GET', keys[8]) or '0') or math.huge
  local taken, reserved_at = slot_taken(keys, args)
  -- Asked so that NaN, which compares to nothing, cools down.
  local cooled_down = now - last_trade >= tonumber(args[14]) and now - reserved_at >= tonumber(args[14])
  if taken or not cooled_down then return 'COOLDOWN' end
  local trades = redis.call('ZCOUNT', keys[6], '(' .. string.format('%d', now - 600000), '+inf')
  -- Its own reservation, of an attempt before, does not stand in its way.
  if trades >= tonumber(args[15]) and not redis.call('ZSCORE', keys[6], args[2]) then return 'RATE_LIMIT' end
  return nil
end

local function reserve_slot(keys, args, now)
  redis.call('HSET', keys[7], args[7], args[2])
  redis.call('ZREMRANGEBYSCORE', keys[6], '-inf', string.format('%d', now - 600000))
  redis.call('ZADD', keys[6], 'NX', string.format('%d', now), args[2])
  redis.call('EXPIRE', keys[6], 600)
end

-- When an entry was decided (ms): not later than its intent was published, whatever clock the decision was made by.
local function decided_at(order, args)
  local stated = tonumber(args[12])
  local published = tonumber(string.match(order.entry, ' (%d+)%-%d+$'))
  if published and not (stated <= published) then return published end
  return stated
end

-- submit_v1: the move into SUBMITTING, before the request is sent; also to sign a request anew.
-- submit_exit_v1: the same for exits alone; a server that is out of memory refuses submit_v1, and so every entry.
-- KEYS 1 the order's ledger key, 2 open orders, 3 kill, 4 trading state, 5 safe mode, 6 gate trades,
--      7 gate in flight, 8 last trade of the symbol
-- ARGS 1 deadline_ms, 2 intent_id, 3 owner, 4 entry | exit, 5 attempt, 6 client_order_id, 7 symbol,
--      8 signed_at (venue ms), 9 recv_window ms, 10 side, 11 quantity, 12 the decision's ts_ms,
--      13 max age ms, 14 min hold ms, 15 max trades in 600 s, 16 enforce | audit, 17 intent JSON, kept until it is
--      settled: the stream may lose it (absent: nothing is kept)
-- Returns {'SUBMITTING', would-hold reason or ''} | {'DENIED', reason} | {'HELD', reason} | {'AGED'}
--       | {'FENCED', owner} | {'ILLEGAL', state} | {'ABSENT'}
local function submit_attempt(keys, args, now, order, document, plain)
  -- `plain`: it is known that neither halt, safe mode nor a trade within the minimum hold is there.
  local refused = refused_move(order, args[3], 'SUBMITTING')
  if refused then return refused end
  local attempt = tonumber(args[5])
  local known = tonumber(order.attempt)
  if attempt ~= known + 1 and not (attempt == known and order.state == 'SUBMITTING') then
    return {'ILLEGAL', order.state .. ' at attempt ' .. order.attempt}
  end
  local would_hold = ''
  if args[4] ~= 'exit' then
    local stopped
    if plain then
      stopped = kill_engaged(keys[3]) and 'KILL_SWITCH'
    else
      stopped = entry_stopped(keys[3], keys[4], keys[5], decided_at(order, args))
    end
    if stopped then return {'DENIED', stopped} end
    if not (now - tonumber(args[12]) <= tonumber(args[13])) then return {'AGED'} end
    local held = judge_slot(keys, args, now, plain)
    if held and args[16] ~= 'audit' then return {'HELD', held} end
    would_hold = held or ''
    reserve_slot(keys, args, now)
  end
  local now_text = string.format('%d', now)
  redis.call('HSET', keys[1], 'state', 'SUBMITTING', 'attempt', args[5], 'client_order_id', args[6],
    'symbol', args[7], 'signed_at', args[8], 'recv_window', args[9], 'side', args[10], 'quantity', args[11],
    'kind', args[4], 'refusal', '', 'intent', document or '', 'updated_ms', now_text)
  -- A list for readers: unreadable, it must not stand in the way of an exit.
  redis.pcall('ZADD', keys[2], 'NX', now_text, args[2])
  return {'SUBMITTING', would_hold}
end

local function submit(keys, args)
  local now = now_ms()
  if past_deadline(now, args[1]) then return expired(now) end
  return submit_attempt(keys, args, now, read_order(keys[1]), args[17])
end

local function submit_exit(keys, args)
  if args[4] ~= 'exit' then return redis.error_reply('ERR submit_exit_v1 is for exits alone') end
  return submit(keys, args)
end

-- begin_v1: receive_v1 and, for an entry that is new, submit_v1 of its first attempt in the same act: nothing that
-- was read can be old when it is judged. Not submitted it is RECEIVED, as if the caller had not got further.
-- KEYS 1–8 as submit_v1, 9 the stream it was read from, 10 execution statistics
-- ARGS 1–16 as submit_v1, 17 group, 18 entry id, 19 intent JSON (absent: not kept)
-- Returns what submit_v1 returns for a new entry, else what receive_v1 returns
local function begin(keys, args)
  if args[4] ~= 'entry' then return redis.error_reply('ERR begin_v1 is for entries alone') end
  local now = now_ms()
  if past_deadline(now, args[1]) then return expired(now) end
  -- As a rule none of what has to be looked at is there: one command says so of all.
  local plain = redis.call('EXISTS', keys[1], keys[4], keys[5], keys[8]) == 0
  local known = not plain and read_order(keys[1]) or nil
  local taking = {args[1], args[2], args[3], args[17], args[18]}
  local received = take({keys[1], keys[2], keys[9], keys[10]}, taking, now, known)
  if received[1] ~= 'NEW' then return received end
  local entry = keys[9] .. ' ' .. args[18]
  local order = {state = 'RECEIVED', owner = args[3], attempt = '0', entry = entry}
  return submit_attempt(keys, args, now, order, args[19], plain)
end

-- mark_unknown_v1: the order's fate is not established; ask the venue before anything else.
-- KEYS 1 the order's ledger key   ARGS 1 deadline_ms, 2 owner, 3 why, 4 what the venue refused it for good with, or '',
--      of an attempt that Redis forgot: 5 its number, 6 client_order_id, 7 signed_at at the latest, 8 recv_window
-- Returns {'OK'} | {'FENCED', owner} | {'ILLEGAL', state} | {'ABSENT'}
local function mark_unknown(keys, args)
  local now = now_ms()
  if past_deadline(now, args[1]) then return expired(now) end
  local order = read_order(keys[1])
  local refused = refused_move(order, args[2], 'UNKNOWN')
  if refused then return refused end
  if order.state == 'RECEIVED' and not args[8] then return {'ILLEGAL', 'RECEIVED without an attempt'} end
  if args[8] then
    redis.call('HSET', keys[1], 'attempt', args[5], 'client_order_id', args[6], 'signed_at', args[7],
      'recv_window', args[8])
  end
  redis.call('HSET', keys[1], 'state', 'UNKNOWN', 'why', args[3], 'refusal', args[4],
    'updated_ms', string.format('%d', now))
  return {'OK'}
end

-- fail_v1: the handler threw; counts in the ledger, because a restart raises the delivery count too.
-- KEYS 1 the order's ledger key   ARGS 1 deadline_ms, 2 owner, 3 why
-- Returns {'OK', failures, state} | {'FENCED', owner} | {'ABSENT'}
local function fail(keys, args)
  local now = now_ms()
  if past_deadline(now, args[1]) then return expired(now) end
  local order = read_order(keys[1])
  if order == nil then return {'ABSENT'} end
  if order.owner ~= args[2] then return {'FENCED', order.owner} end
  redis.call('HSET', keys[1], 'why', args[3], 'updated_ms', string.format('%d', now))
  return {'OK', redis.call('HINCRBY', keys[1], 'failures', 1), order.state}
end

redis.register_function{function_name = 'receive_v1', callback = receive, flags = {'allow-oom'}}
redis.register_function('submit_v1', submit)
redis.register_function('begin_v1', begin)
redis.register_function{function_name = 'submit_exit_v1', callback = submit_exit, flags = {'allow-oom'}}
redis.register_function{function_name = 'mark_unknown_v1', callback = mark_unknown, flags = {'allow-oom'}}
redis.register_function{function_name = 'fail_v1', callback = fail, flags = {'allow-oom'}}
