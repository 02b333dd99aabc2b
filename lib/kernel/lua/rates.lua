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

-- The times that a call of `more` admissions at most can come to ask for, or nil and the error.
local function read_times(list_key, max, more)
  local from, times = math.max(0, max - more), nil
  if from == max - 1 then
    local time = redis.pcall('LINDEX', list_key, integer(from))
    if is_error(time) then return nil, time.err end
    times = {time or nil}
  else
    times = redis.pcall('LRANGE', list_key, integer(from), integer(max - 1))
    if is_error(times) then return nil, times.err end
  end
  for _, time in ipairs(times) do
    if tonumber(time) == nil then return nil, 'ERR ' .. list_key .. ' holds something other than times' end
  end
  return times, nil, from
end

-- Opens a window for one call. `bucket` is what MGET found of the counter, false for nothing; `more` is how many
-- admissions this call may make at most.
-- Returns the window, or nil and the error when a counter is unreadable.
local function open_window(list_key, bucket_key, bucket, max, more, limits)
  bucket = bucket or redis.pcall('GET', bucket_key)
  if is_error(bucket) then return nil, bucket.err end
  local value = counter_value(bucket)
  if value == nil then return nil, 'ERR ' .. bucket_key .. ' is not a counter' end
  local times, err, first_index
  if limits.sliding then
    times, err, first_index = read_times(list_key, max, more)
  else
    local type_of = redis.call('TYPE', list_key).ok
    if type_of ~= 'none' and type_of ~= 'list' then err = 'WRONGTYPE ' .. list_key end
  end
  if err then return nil, err end
  return {
    list_key = list_key, bucket_key = bucket_key, bucket = value, max = max, added = 0, times = times,
    first_index = first_index,
  }
end

-- Counts one more admission into the window; true when that is more than the maximum.
local function count_over(window, limits, now)
  local before = window.added
  window.added = before + 1
  if not limits.sliding then return window.bucket + window.added > window.max end
  if before >= window.max then return true end
  -- The max-th time back from here has index max - before - 1 in the list, counted from 0.
  local time = tonumber(window.times[window.max - before - window.first_index] or '')
  return time ~= nil and now - time < limits.window_ms
end

-- How many admissions the window holds now, for a fault event (at most max + 1 are known).
local function counted(window, limits, now)
  if not limits.sliding then return window.bucket + window.added end
  local count = window.added
  for _, time in ipairs(redis.call('LRANGE', window.list_key, 0, window.max)) do
    if now - (tonumber(time) or 0) < limits.window_ms then count = count + 1 end
  end
  return math.min(count, window.max + 1)
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

-- Writes what the call counted: list and bucket, each with its lifetime. Returns whether the
-- bucket is new.
local function write_window(window, limits, now, now_text)
  local added = window.added
  if added == 0 then return false end
  local length
  if added == 1 then
    length = redis.call('LPUSH', window.list_key, now_text)
  else
    local times = {}
    for i = 1, math.min(added, window.max + 1) do times[i] = now_text end
    length = redis.call('LPUSH', window.list_key, unpack(times))
  end
  if length > window.max + 1 then redis.call('LTRIM', window.list_key, '0', integer(window.max)) end
  -- A list that is new has no lifetime, whoever deleted the one before.
  if length <= added or not lives_long_enough(window.list_key, now) then
    renew_lifetime(window.list_key, limits, now)
  end
  if redis.call('INCRBY', window.bucket_key, integer(added)) > added then return false end
  redis.call('EXPIRE', window.bucket_key, integer(limits.window_sec + 2))
  return true
end
