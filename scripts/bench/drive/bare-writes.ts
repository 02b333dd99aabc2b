import type { BenchRedis } from "../workbench.ts";

/**
 * An admission without any check: both dedup keys, the intent and the acknowledgements. No function can do the
 * router's work for less.
 */
const LIBRARY = `#!lua name=bench_writes
redis.register_function('write_v1', function(keys, args)
  local prefix, reply, ids = string.match(keys[1], '^(.-)quantum:') .. 'quantum:dedup:trade_intent:', {'OK', '0'}, {}
  local time = redis.call('TIME')
  local later = string.format('%d', time[1] * 1000 + 300000)
  for at = 3, #args, 8 do
    local message = prefix .. args[at + 5] .. '||' .. args[at + 6] .. '||' .. args[at]
    redis.call('SET', prefix .. args[at + 2], args[at], 'PXAT', later)
    local id = redis.call('XADD', keys[2], '*', 'data', args[at + 7])
    redis.call('SET', message, 'ADMITTED', 'PXAT', later)
    ids[#ids + 1], reply[#reply + 1], reply[#reply + 2] = args[at], 'ADMITTED', id
  end
  redis.call('XACK', keys[1], 'router', unpack(ids))
  return reply
end)
`;
const ADMISSION = "\nadmit_v1\r\n";
const WRITES = "\nwrite_v1\r\n";

/** Commands of admit_v1 as calls of the function that only writes; loads it. */
export async function asBareWrites(
  redis: Pick<BenchRedis, "eye">,
  commands: readonly Buffer[],
): Promise<readonly Buffer[]> {
  await redis.eye.command("FUNCTION", "LOAD", "REPLACE", LIBRARY);
  return commands.map((command) => {
    const named = Buffer.from(command);
    // Names of one length: the lengths around them stay right.
    named.write(WRITES, named.indexOf(ADMISSION));
    return named;
  });
}
