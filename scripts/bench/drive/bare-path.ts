import type { RedisEye, RedisProcess } from "../../stack/redis-process.ts";
import { preciseNowMs } from "../measure/precise-now.ts";

/**
 * The trading path's hops without anything of ours in between: the same number of round trips, made one after
 * another by plain clients in one process. What a decision's way to the venue takes beyond it is our code and
 * two more processes to wake.
 */
export interface BarePath {
  /** Sends one order request with this client id along the path. Returns when it set out, epoch ms. */
  travel(clientOrderId: string): Promise<number>;
  close(): void;
}

const LIBRARY = `#!lua name=bench_bare
redis.register_function('bench_forward', function(keys, args)
  return redis.call('XADD', keys[1], '*', 'data', args[1])
end)
redis.register_function('bench_nothing', function() return 'OK' end)
`;
const DECISIONS = "bench:bare:decisions";
const INTENTS = "bench:bare:intents";
const GROUP = "bench";
/** Of a decision or an intent. */
const PAYLOAD = "x".repeat(450);

/** Opens the connections that the daemons have: one for commands, one for each blocking reader. */
export async function openBarePath(redis: RedisProcess, venueUrl: string): Promise<BarePath> {
  const [commands, decisions, intents] = await Promise.all([redis.eye(), redis.eye(), redis.eye()]);
  await commands.command("FUNCTION", "LOAD", "REPLACE", LIBRARY);
  for (const stream of [DECISIONS, INTENTS]) {
    await commands.command("XGROUP", "CREATE", stream, GROUP, "0", "MKSTREAM");
  }
  const arrival = (reader: RedisEye, stream: string) =>
    reader.command(
      ...["XREADGROUP", "GROUP", GROUP, "bare", "COUNT", "1", "BLOCK", "1000", "STREAMS", stream, ">"],
    );
  return {
    async travel(clientOrderId) {
      const decided = arrival(decisions, DECISIONS);
      const admitted = arrival(intents, INTENTS);
      const startedMs = preciseNowMs();
      // The order of a client's commands is that of the daemons: append, admit, begin.
      const appended = commands.command("XADD", DECISIONS, "*", "payload", PAYLOAD);
      await decided;
      const forwarded = commands.command("FCALL", "bench_forward", "1", INTENTS, PAYLOAD);
      await admitted;
      await commands.command("FCALL", "bench_nothing", "0");
      const reply = await fetch(`${venueUrl}/fapi/v1/order`, {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: `symbol=BTCUSDT&newClientOrderId=${clientOrderId}`,
      });
      await Promise.all([reply.text(), appended, forwarded]);
      return startedMs;
    },
    close: () => {
      for (const eye of [commands, decisions, intents]) eye.close();
    },
  };
}
