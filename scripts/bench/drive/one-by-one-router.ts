import { GROUPS } from "../../../lib/contract/groups.ts";
import type { Keys } from "../../../lib/contract/keys.ts";
import { createConsumerLoop } from "../../../lib/redis/consumer-loop.ts";
import { openPlainWire } from "../../../lib/redis/plain-wire.ts";
import { DECISIONS_IN_FLIGHT_MAX } from "../../../lib/routing/decision-consumer.ts";
import { RateLimiter } from "../../../lib/routing/rate-limiter.ts";
import { DECISIONS_A_PAGE_MAX, type RouterParts, routePage } from "../../../lib/routing/router.ts";
import { StandingRefusal } from "../../../lib/routing/standing-refusal.ts";
import { benchClock, quietLog } from "../surroundings.ts";
import type { BenchRedis } from "../workbench.ts";
import { OPEN_BOUNDS, OPEN_LIMITS } from "./pending-decisions.ts";

/** The router's own loop and act in this process, with one decision a page and so one a call; reads and window are as large as there. */
export function startOneByOneRouter(redis: BenchRedis, keys: Keys): { stop(): Promise<void> } {
  const parts: RouterParts = {
    redis: redis.connection,
    keys,
    limits: OPEN_LIMITS,
    bounds: OPEN_BOUNDS,
    onRateFault: "closed",
    limiter: new RateLimiter({ ...OPEN_LIMITS, windowMs: OPEN_LIMITS.windowSec * 1000 }),
    refusal: new StandingRefusal(),
    log: () => {},
    tellsDebug: false,
    observe: () => {},
  };
  const consumer = createConsumerLoop(openPlainWire, {
    redis: redis.connection,
    url: redis.process.url,
    stream: keys.decisionStream,
    group: GROUPS.router,
    consumer: "one-by-one",
    staleIdleMs: 60_000,
    handOut: "entry",
    batchMax: DECISIONS_A_PAGE_MAX,
    readMax: DECISIONS_A_PAGE_MAX,
    inFlightMax: DECISIONS_IN_FLIGHT_MAX,
    handle: (entries) => routePage(parts, entries),
    progress: () => {},
    onLost: () => Promise.reject(new Error("decisions were trimmed")),
    onStateLost: () => {},
    clock: benchClock,
    random: Math.random,
    log: quietLog,
  });
  const ending = new AbortController();
  const running = consumer.run(ending.signal);
  return {
    stop: () => {
      ending.abort();
      return running;
    },
  };
}
