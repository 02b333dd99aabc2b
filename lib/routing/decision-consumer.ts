import { GROUPS } from "../contract/groups.ts";
import type { Keys } from "../contract/keys.ts";
import { consumerName } from "../contract/roles.ts";
import { STATISTICS } from "../contract/statistics.ts";
import type { RedisConnection } from "../redis/connection.ts";
import { createConsumerLoop } from "../redis/consumer-loop.ts";
import { createStatistics } from "../redis/statistics.ts";
import type { StreamConsumer } from "../redis/stream-consumer.ts";
import type { Random, RedisClock, RedisLog } from "../redis/surroundings.ts";
import type { OpenWire } from "../redis/wire.ts";
import type { createRouterMetrics } from "./metrics.ts";
import { DECISIONS_A_PAGE_MAX, type RouterParts, routePage } from "./router.ts";
import { StandingRefusal } from "./standing-refusal.ts";

/** A page is half the window: the other half keeps the server at work while it is read. */
export const DECISIONS_IN_FLIGHT_MAX = 2 * DECISIONS_A_PAGE_MAX;

/** The router's loop over the decision stream: pages in stream order, several calls in flight. */
export function createDecisionConsumer(options: {
  readonly redis: RedisConnection;
  /** How the connection for reading is made. */
  readonly openWire: OpenWire;
  readonly url: string;
  readonly keys: Keys;
  readonly instance: string;
  readonly staleIdleMs: number;
  readonly router: Omit<RouterParts, "redis" | "keys" | "observe" | "refusal">;
  readonly metrics: ReturnType<typeof createRouterMetrics>;
  readonly progress: () => void;
  readonly clock: RedisClock;
  readonly random: Random;
  readonly log: RedisLog;
}): StreamConsumer {
  const { redis, keys, metrics } = options;
  const statistics = createStatistics(redis, `${keys.statsPrefix}ai-strategy-router`);
  const refusal = new StandingRefusal();
  const parts: RouterParts = { ...options.router, redis, keys, refusal, observe: metrics.observe };
  return createConsumerLoop(options.openWire, {
    redis,
    url: options.url,
    stream: keys.decisionStream,
    group: GROUPS.router,
    consumer: consumerName("ai-strategy-router", options.instance),
    staleIdleMs: options.staleIdleMs,
    handOut: "batch",
    batchMax: DECISIONS_A_PAGE_MAX,
    readMax: DECISIONS_A_PAGE_MAX,
    inFlightMax: DECISIONS_IN_FLIGHT_MAX,
    handle: (entries) => routePage(parts, entries),
    progress: options.progress,
    onLost: async (ids) => {
      metrics.lost.inc(ids.length);
      statistics.add(STATISTICS.lost, ids.length);
      await statistics.flush();
    },
    onStateLost: () => metrics.stateLost.inc(),
    clock: options.clock,
    random: options.random,
    log: options.log,
  });
}
