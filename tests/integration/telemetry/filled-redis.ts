import { GROUPS, streamRetentions } from "../../../lib/contract/groups.ts";
import { keysOf } from "../../../lib/contract/keys.ts";
import { ROLES } from "../../../lib/contract/roles.ts";
import { STATISTICS } from "../../../lib/contract/statistics.ts";
import type { RedisServer } from "../../support/redis-server.ts";

const KEYS = keysOf("");
const HOST = "host-1";
const FIELD_OF_ALL = {
  faults: "4",
  [STATISTICS.fault("BTCUSDT", "SYMBOL_RATE_EXCEEDED")]: "4",
  [STATISTICS.failOpen]: "2",
  [STATISTICS.denied("KILL_SWITCH")]: "3",
};

/** A Redis of which every metric of the catalogue has something to say. */
export async function fillRedis(redis: RedisServer): Promise<void> {
  const now = Date.now();
  await hash(redis, `${KEYS.statsPrefix}ai-strategy-router`, FIELD_OF_ALL);
  await hash(redis, `${KEYS.statsPrefix}execution`, {
    [STATISTICS.outcome("filled")]: "7",
    [STATISTICS.held("COOLDOWN")]: "2",
  });
  for (const role of Object.keys(ROLES)) {
    await hash(redis, `${KEYS.statsPrefix}${role}`, { [`restarts:${HOST}`]: "1" });
    await hash(redis, `${KEYS.rolePrefix}${role}:${HOST}`, {
      ...{ build: "0.1.0", git: "aaaaaaaaaaaa", boot_id: "b", mode: "PAPER", account: "acc" },
      ...{ last_beat: String(now), restarts: "1", credentials: "ok" },
    });
  }
  for (const { stream, groups } of streamRetentions(KEYS)) {
    await redis.cli("XADD", stream, "*", "data", "{}");
    for (const group of groups) await redis.cli("XGROUP", "CREATE", stream, group, "0");
  }
  await redis.cli("XREADGROUP", "GROUP", GROUPS.executionIntents, "c", "STREAMS", KEYS.intentStream, ">");
  await redis.cli("XADD", KEYS.faultStream, "*", ...Object.entries(FAULT).flat());
  await redis.cli("XADD", KEYS.heartbeatStream, "*", ...Object.entries(beat(now)).flat());
  await redis.cli("MSET", KEYS.kill, "0", KEYS.mode, "PAPER", KEYS.modeAccount, "acc");
  await redis.cli("ZADD", KEYS.openOrders, String(now), "intent-1");
  await hash(redis, KEYS.watchdogState, { state: "HEALTHY", state_since: String(now) });
  await hash(redis, KEYS.drillLast, { ts: String(now), failed_ts: String(now - 1000) });
}

/** Beats as the exit brain does, a little faster than once a second, until disposed of; a dead Redis is no error. */
export function keepBeating(redis: RedisServer): AsyncDisposable {
  let beating = true;
  const loop = (async () => {
    while (beating) {
      await redis.cli("XADD", KEYS.heartbeatStream, "*", ...Object.entries(beat(Date.now())).flat());
      await Bun.sleep(500);
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      beating = false;
      await loop;
    },
  };
}

/** Takes away what begins to be an alarm when it lies there for a minute. */
export async function finishWork(redis: RedisServer): Promise<void> {
  await redis.cli("DEL", KEYS.openOrders);
  const first = (await redis.cli("XRANGE", KEYS.intentStream, "-", "+", "COUNT", "1")).split("\n")[0] ?? "";
  await redis.cli("XACK", KEYS.intentStream, GROUPS.executionIntents, first);
}

/** One intent of a symbol in the rate bucket that the server's clock is in now. */
export async function countIntent(redis: RedisServer, symbol: string): Promise<void> {
  const seconds = Number((await redis.cli("TIME")).split("\n")[0]);
  await redis.cli("ZINCRBY", `${KEYS.rateSymbolsPrefix}${Math.floor(seconds / 10)}`, "1", symbol);
}

async function hash(
  redis: RedisServer,
  key: string,
  fields: Readonly<Record<string, string>>,
): Promise<void> {
  await redis.cli("HSET", key, ...Object.entries(fields).flat());
}

const FAULT = {
  ...{ timestamp: "1", reason: "SYMBOL_RATE_EXCEEDED", symbol: "BTCUSDT", side: "BUY" },
  ...{ global_count: "3", symbol_count: "6", global_max: "20", symbol_max: "5", window_sec: "10" },
  ...{ cooldown_sec: "300", router_pid: "1", correlation_id: "c", trace_id: "t" },
};

const beat = (now: number) => ({
  ...{ service_id: "exit-brain", status: "ALIVE", active_positions: "1", last_decision_ts: String(now) },
  ...{ latency_ms: "1", loop_cycle_ms: "1", ts: String(now), instance_id: "i", seq: "1" },
});
