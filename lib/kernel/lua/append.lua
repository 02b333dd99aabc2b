-- append_v1: a stream entry that cannot wait until there is memory: an exit intent, or a heartbeat, whose absence closes
-- everything. A server that is out of memory takes it; plain XADD is refused there.
-- KEYS 1 the stream
-- ARGS 1 deadline_ms, 2 entries kept, about ('' all), 3… fields and values
-- Returns {'OK', the entry's id} | {'EXPIRED', now}
local function append(keys, args)
  local now = now_ms()
  if past_deadline(now, args[1]) then return expired(now) end
  local fields = {unpack(args, 3)}
  if args[2] == '' then return {'OK', redis.call('XADD', keys[1], '*', unpack(fields))} end
  return {'OK', redis.call('XADD', keys[1], 'MAXLEN', '~', args[2], '*', unpack(fields))}
end

redis.register_function{function_name = 'append_v1', callback = append, flags = {'allow-oom'}}
