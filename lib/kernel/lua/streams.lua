-- Streams: what a group still has to do, and trimming that never takes it away.

-- XINFO's flat field list as a table.
local function flat_to_table(flat)
  local result = {}
  for i = 1, #flat, 2 do result[flat[i]] = flat[i + 1] end
  return result
end

-- The groups of a stream by name, or nil with an error when it is not a stream. No stream: no groups.
local function groups_of(stream)
  local reply = redis.pcall('XINFO', 'GROUPS', stream)
  if is_error(reply) then
    if string.find(reply.err, 'no such key', 1, true) then return {} end
    return nil, reply.err
  end
  local groups = {}
  for _, flat in ipairs(reply) do
    local group = flat_to_table(flat)
    groups[group['name']] = group
  end
  return groups
end

-- More than this is not counted one by one: it would keep Redis busy for milliseconds.
local COUNTED_MAX = 2000

-- Entries that a group has not finished: pending and unread, counted to `enough` at most where Redis' lag says more
-- than `few`. The lag is never too low, but may be too high for ever: after a restart the counter that it
-- stands on is that of the last rewrite of the append-only file, and what was read since counts as unread. Below 0 it
-- says nothing: somebody told Redis that the group had read more than there ever was. Without the group everything in
-- the stream is unread. nil when unreadable, or too many to count.
local function backlog_of(stream, group_name, few, enough)
  local groups = groups_of(stream)
  if groups == nil then return nil end
  local group = groups[group_name]
  if group == nil then
    return redis.call('EXISTS', stream) == 1 and redis.call('XLEN', stream) or 0
  end
  local lag, pending = group['lag'], group['pending']
  if lag and lag >= 0 and lag + pending <= few then return lag + pending end
  local most = math.min(enough, COUNTED_MAX)
  local unread = #redis.call('XRANGE', stream, '(' .. group['last-delivered-id'], '+', 'COUNT', most)
  if unread < enough and unread == COUNTED_MAX then return nil end
  return unread + pending
end

-- The backlog that was asked for last, and how far it can have grown since by what this library published.
local RECOUNT_AFTER_MS = 1000
local known_backlog = {stream = '', length = 0, at_ms = 0, most = 0}

-- The backlog of the intent stream: what it is, or, while that still allows `entries` more, what it is at most. The
-- groups are asked again when the bound does not allow them, when the stream's length is not what we left behind,
-- and after a second in any case: XINFO costs a tenth of an admission. math.huge when unreadable.
local function backlog_within(stream, limits, entries, now)
  local length = redis.pcall('XLEN', stream)
  if is_error(length) then return math.huge end
  local known = known_backlog
  if known.stream == stream and known.length == length and now >= known.at_ms
    and now - known.at_ms < RECOUNT_AFTER_MS and known.most + entries <= limits.backlog_max then
    return known.most
  end
  local max = limits.backlog_max
  local backlog = backlog_of(stream, limits.execution_group, max + 1 - entries, max + 2)
  known_backlog = {stream = backlog and stream or '', length = length, at_ms = now, most = backlog or 0}
  return backlog or math.huge
end

-- Tells that the call which asked for the backlog has published so many.
local function note_published(count)
  known_backlog.length = known_backlog.length + count
  known_backlog.most = known_backlog.most + count
end

-- Both parts of an id go to 2^64, and a number of Lua is exact to 2^53: they are compared and counted as text.
local function digits_before(a, b)
  if #a ~= #b then return #a < #b end
  return a < b
end

-- The number after one, in digits.
local function digits_after(digits)
  local head, nines = string.match(digits, '^(%d-)(9*)$')
  local last = head == '' and 0 or tonumber(string.sub(head, -1))
  return string.sub(head, 1, -2) .. (last + 1) .. string.rep('0', #nines)
end

-- a < b for stream ids "ms-seq".
local function id_before(a, b)
  local a_ms, a_seq = string.match(a, '^(%d+)%-(%d+)$')
  local b_ms, b_seq = string.match(b, '^(%d+)%-(%d+)$')
  if a_ms ~= b_ms then return digits_before(a_ms, b_ms) end
  return digits_before(a_seq, b_seq)
end

local SEQUENCE_MAX = '18446744073709551615'

-- The id after `id`.
local function id_after(id)
  local ms, seq = string.match(id, '^(%d+)%-(%d+)$')
  if seq == SEQUENCE_MAX then return digits_after(ms) .. '-0' end
  return ms .. '-' .. digits_after(seq)
end

-- The lowest id that one of the needed groups has not acknowledged: false when nothing is needed any more,
-- nil when everything is, because a needed group does not exist yet and will read from the beginning.
-- A name that begins with '?' is of a role that need not be installed: it counts once its group exists.
local function lowest_needed(stream, groups, needed)
  local lowest = false
  for _, spelled in ipairs(needed) do
    local name = string.match(spelled, '^%?(.*)$')
    local group = groups[name or spelled]
    if group == nil and name == nil then return nil end
    if group ~= nil then
      local floor = id_after(group['last-delivered-id'])
      if group['pending'] > 0 then floor = redis.call('XPENDING', stream, group['name'])[2] end
      if not lowest or id_before(floor, lowest) then lowest = floor end
    end
  end
  return lowest
end

-- Trims `stream` to its newest `keep` entries, never past what a group in `needed` still has to finish;
-- at most `limit` entries a call, so that Redis is never blocked for long. Returns the entries removed.
local function trim_finished(stream, keep, limit, needed)
  local groups = groups_of(stream)
  if groups == nil or redis.call('EXISTS', stream) == 0 then return 0 end
  local surplus = redis.call('XLEN', stream) - keep
  if surplus <= 0 then return 0 end
  if surplus > limit then surplus = limit end
  local oldest = redis.call('XRANGE', stream, '-', '+', 'COUNT', surplus)
  local minid = id_after(oldest[#oldest][1])
  local floor = lowest_needed(stream, groups, needed)
  if floor == nil then return 0 end
  if floor and id_before(floor, minid) then minid = floor end
  return redis.call('XTRIM', stream, 'MINID', minid)
end

-- trim_v1: retention of one stream.
-- KEYS 1 stream
-- ARGS 1 deadline_ms, 2 entries kept, 3 most entries removed by this call, 4… groups that must have
--      finished ('?name': if it exists)
-- Returns {'OK', removed}
-- Invariant: no entry is removed that a named group has not acknowledged.
local function trim(keys, args)
  local now = now_ms()
  if past_deadline(now, args[1]) then return expired(now) end
  local needed = {}
  for i = 4, #args do needed[#needed + 1] = args[i] end
  return {'OK', trim_finished(keys[1], tonumber(args[2]), tonumber(args[3]), needed)}
end

-- delete_idle_consumers_v1: removes zombie consumers.
-- KEYS 1 stream
-- ARGS 1 deadline_ms, 2 group, 3 idle at least (ms), 4… consumers
-- Returns {'OK', how many were removed}: the others are gone, busy or have entries pending
-- Invariant: a consumer with pending entries is never deleted: they would be unreachable.
local function delete_idle_consumers(keys, args)
  local now = now_ms()
  if past_deadline(now, args[1]) then return expired(now) end
  local wanted, idle_min, removed = {}, tonumber(args[3]), 0
  for i = 4, #args do wanted[args[i]] = true end
  for _, flat in ipairs(redis.call('XINFO', 'CONSUMERS', keys[1], args[2])) do
    -- The name comes first: most of many are not asked about.
    if wanted[flat[2]] then
      local consumer = flat_to_table(flat)
      if consumer['pending'] == 0 and consumer['idle'] >= idle_min then
        redis.call('XGROUP', 'DELCONSUMER', keys[1], args[2], consumer['name'])
        removed = removed + 1
      end
    end
  end
  return {'OK', string.format('%d', removed)}
end

-- Both give memory back, so a server that has none left must take them.
redis.register_function{function_name = 'trim_v1', callback = trim, flags = {'allow-oom'}}
redis.register_function{function_name = 'delete_idle_consumers_v1', callback = delete_idle_consumers,
  flags = {'allow-oom'}}
