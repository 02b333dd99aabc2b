-- Rate counters: the exact sliding window decides (or the fixed bucket, if so configured), the bucket
-- counters are written beside it for readers.
--
-- A window is the list of the newest max + 1 times, newest first. The next admission is over the limit
-- exactly when the max-th time before it is still inside the window: constant work, one element read.
-- Refused admissions that were counted stay in the list: hammering does not earn a slot.

-- A counter that INCRBY will take and can count up, absent being 0; nil for anything else.
local function counter_value(reply)
  if reply == false then return 0 end
  if type(reply) ~= 'string' or #reply > 15 then return nil end
  if reply ~= '0' and not string.match(reply, '^[1-9]%d*$') then return nil end
  return tonumber(reply)
end

-- A maximum, and as the commands take it; the windows of all symbols share one.
local function new_bound(max)
  return {max = max, max_text = integer(max), last_text = integer(max - 1)}
end

-- A window by its names. The rest is what one call finds and counts, set by touch_window and open_window. Sixteen fields
-- at most: with one more the table takes twice the memory.
local function new_window(list_key, bucket_prefix, bound)
  return {
    list_key = list_key, bucket_prefix = bucket_prefix, bucket_number = -1, bucket_key = '', bound = bound,
    call = 0, wanted = 0, symbol = false, open = false, found = false, bucket = 0, times = false, first_index = 0,
    added = 0,
  }
end

-- Names the window's counter in the period that is now.
local function enter_period(window, period)
  if window.bucket_number == period.number then return end
  window.bucket_number, window.bucket_key = period.number, window.bucket_prefix .. period.bucket
end

-- Counts one more entry of the call that may come to ask; true when it is the first.
local function want_window(window, call)
  local first = window.call ~= call
  window.call, window.wanted = call, first and 1 or window.wanted + 1
  return first
end

-- Begins a call: `found` is what MGET found of the bucket's counter, false for nothing.
local function touch_window(window, found)
  window.found, window.open, window.added = found, false, 0
end

-- Reads the times that a call of `more` admissions at most can come to ask for; the error if there is one.
local function read_times(window, more)
  local bound, times = window.bound, nil
  local from = math.max(0, bound.max - more)
  if more == 1 then
    local time = redis.pcall('LINDEX', window.list_key, bound.last_text)
    if is_error(time) then return time.err end
    times = {time or nil}
  else
    times = redis.pcall('LRANGE', window.list_key, integer(from), bound.last_text)
    if is_error(times) then return times.err end
  end
  for at = 1, #times do
    local time = tonumber(times[at])
    -- NaN is the number that is not itself: it would never be inside a window.
    if time == nil or time ~= time then
      return 'ERR ' .. window.list_key .. ' holds something other than times'
    end
  end
  window.times, window.first_index = times, from
end

-- Opens a window for the rest of the call, in which it admits `more` at most; the error when a counter is unreadable.
local function open_window(window, more, limits)
  local found = window.found or redis.pcall('GET', window.bucket_key)
  if is_error(found) then return found.err end
  local value = counter_value(found)
  if value == nil then return 'ERR ' .. window.bucket_key .. ' is not a counter' end
  if limits.sliding then
    local err = read_times(window, more)
    if err then return err end
  else
    local type_of = redis.call('TYPE', window.list_key).ok
    if type_of ~= 'none' and type_of ~= 'list' then return 'WRONGTYPE ' .. window.list_key end
  end
  window.bucket, window.open = value, true
end

-- Counts one more admission into the window; true when that is more than the maximum.
local function count_over(window, limits, now)
  local before = window.added
  window.added = before + 1
  if not limits.sliding then return window.bucket + window.added > window.bound.max end
  if before >= window.bound.max then return true end
  -- The max-th time back from here has index max - before - 1 in the list, counted from 0.
  local time = tonumber(window.times[window.bound.max - before - window.first_index] or '')
  return time ~= nil and now - time < limits.window_ms
end

-- How many admissions the window holds now, for a fault event (at most max + 1 are known).
local function counted(window, limits, now)
  if not limits.sliding then return window.bucket + window.added end
  local count = window.added
  for _, time in ipairs(redis.call('LRANGE', window.list_key, '0', window.bound.max_text)) do
    if now - (tonumber(time) or 0) < limits.window_ms then count = count + 1 end
  end
  return math.min(count, window.bound.max + 1)
end

-- The lists whose lifetime was renewed in this second. It is 2 s longer than the window, so that a list need not be
-- renewed with every time that it takes.
local RENEW_EVERY_MS = 1000
local renewed = {at_ms = 0, lists = {}}

local function renew_lifetime(list_key, limits, now)
  local age = now - renewed.at_ms
  if age < 0 or age >= RENEW_EVERY_MS then renewed = {at_ms = now, lists = {}} end
  renewed.lists[list_key] = true
  redis.call('PEXPIRE', list_key, limits.list_ttl_ms)
end

local function lives_long_enough(list_key, now)
  local age = now - renewed.at_ms
  return age >= 0 and age < RENEW_EVERY_MS and renewed.lists[list_key]
end

-- Writes what the call counted: list and bucket, each with its lifetime.
local function write_window(window, limits, now, now_text)
  local added = window.added
  local length
  if added == 1 then
    length = redis.call('LPUSH', window.list_key, now_text)
  else
    local times = {}
    for i = 1, math.min(added, window.bound.max + 1) do times[i] = now_text end
    length = redis.call('LPUSH', window.list_key, unpack(times))
  end
  if length > window.bound.max + 1 then redis.call('LTRIM', window.list_key, '0', window.bound.max_text) end
  -- A list that is new has no lifetime, whoever deleted the one before.
  if length <= added or not lives_long_enough(window.list_key, now) then
    renew_lifetime(window.list_key, limits, now)
  end
  if window.bucket > 0 then
    redis.call('INCRBY', window.bucket_key, integer(added))
  else
    redis.call('SET', window.bucket_key, integer(added), 'EX', limits.bucket_ttl_sec)
  end
end
