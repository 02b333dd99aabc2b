-- The server's clock, which every function decides by: routers on several hosts agree on it.

-- Milliseconds since the epoch.
local function now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- A whole number as an argument: what redis.call itself makes of a number goes through floating point and
-- costs more than many a command.
local function integer(number)
  return number == 1 and '1' or string.format('%d', number)
end

-- True when the caller has given up on this call: it must not act any more. A deadline that is no number, NaN
-- among them (which Lua reads as one), has passed.
local function past_deadline(now, deadline_ms)
  local deadline = tonumber(deadline_ms)
  return deadline == nil or not (now <= deadline)
end

-- The reply to such a call.
local function expired(now)
  return {'EXPIRED', string.format('%d', now)}
end

-- The day that was asked for last.
local known_day = {days = -1, text = '', midnight = 0}

-- The UTC day of an instant as YYYYMMDD, and the epoch second of the midnight that ends it.
-- Days to civil date: Howard Hinnant's algorithm, era arithmetic on a year that begins in March.
local function utc_day(ms)
  local days = math.floor(ms / 86400000)
  if days == known_day.days then return known_day.text, known_day.midnight end
  local shifted = days + 719468
  local era = math.floor(shifted / 146097)
  local day_of_era = shifted - era * 146097
  local year_of_era = math.floor((day_of_era - math.floor(day_of_era / 1460) + math.floor(day_of_era / 36524)
    - math.floor(day_of_era / 146096)) / 365)
  local day_of_year = day_of_era - (365 * year_of_era + math.floor(year_of_era / 4) - math.floor(year_of_era / 100))
  local shifted_month = math.floor((5 * day_of_year + 2) / 153)
  local day = day_of_year - math.floor((153 * shifted_month + 2) / 5) + 1
  local month = shifted_month < 10 and shifted_month + 3 or shifted_month - 9
  local year = year_of_era + era * 400 + (month <= 2 and 1 or 0)
  known_day = {days = days, text = string.format('%04d%02d%02d', year, month, day), midnight = (days + 1) * 86400}
  return known_day.text, known_day.midnight
end
