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

-- Opens a window for one call. `more` is how many admissions this call may make at most.
-- Returns the window, or nil and the error when a counter is unreadable.
local function open_window(list_key, bucket_key, max, more, limits)
  local window = {list_key = list_key, bucket_key = bucket_key, max = max, added = 0}
  local bucket = redis.pcall('GET', bucket_key)
  if is_error(bucket) then return nil, bucket.err end
  window.bucket = counter_value(bucket)
  if window.bucket == nil then return nil, 'ERR ' .. bucket_key .. ' is not a counter' end
  if limits.sliding then
    window.first_index = math.max(0, max - more)
    window.times = redis.pcall('LRANGE', list_key, integer(window.first_index), integer(max - 1))
    if is_error(window.times) then return nil, window.times.err end
    for _, time in ipairs(window.times) do
      if tonumber(time) == nil then return nil, 'ERR ' .. list_key .. ' holds something other than times' end
    end
  else
    local type_of = redis.call('TYPE', list_key).ok
    if type_of ~= 'none' and type_of ~= 'list' then return nil, 'WRONGTYPE ' .. list_key end
  end
  return window
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

-- Writes what the call counted: list and bucket, each with its lifetime. True when the bucket is new.
local function write_window(window, limits, now_text)
  if window.added == 0 then return false end
  local times = {now_text}
  for i = 2, math.min(window.added, window.max + 1) do times[i] = now_text end
  if redis.call('LPUSH', window.list_key, unpack(times)) > window.max + 1 then
    redis.call('LTRIM', window.list_key, '0', integer(window.max))
  end
  redis.call('PEXPIRE', window.list_key, limits.list_ttl_ms)
  if redis.call('INCRBY', window.bucket_key, integer(window.added)) > window.added then return false end
  redis.call('EXPIRE', window.bucket_key, integer(limits.window_sec + 2))
  return true
end
