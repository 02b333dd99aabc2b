import { runCollector } from "./collector-run.ts";
import { dailyTradesCollector } from "./collectors/daily-trades.ts";
import { deadLettersCollector } from "./collectors/dead-letters.ts";
import { denialsCollector } from "./collectors/denials.ts";
import { drillCollector } from "./collectors/drill.ts";
import { faultCountsCollector } from "./collectors/fault-counts.ts";
import { faultsCollector } from "./collectors/faults.ts";
import { heartbeatCollector } from "./collectors/heartbeat.ts";
import { instancesCollector } from "./collectors/instances.ts";
import { intentRateCollector } from "./collectors/intent-rate.ts";
import { ordersCollector } from "./collectors/orders.ts";
import { panicsCollector } from "./collectors/panics.ts";
import { ratesCollector } from "./collectors/rates.ts";
import { redisMemoryCollector } from "./collectors/redis-memory.ts";
import { resultsCollector } from "./collectors/results.ts";
import { rolesCollector } from "./collectors/roles.ts";
import { safeModeCollector } from "./collectors/safe-mode.ts";
import { stopsCollector } from "./collectors/stops.ts";
import { streamsCollector } from "./collectors/streams.ts";
import { switchesCollector } from "./collectors/switches.ts";
import { tradingStateCollector } from "./collectors/trading-state.ts";
import { watchdogCollector } from "./collectors/watchdog.ts";
import type { MetricBoard } from "./metric-board.ts";

/** Every collector, ready to run. */
export function createCollectors(board: MetricBoard, monotonicMs: () => number) {
  return {
    safeMode: runCollector(safeModeCollector, board, monotonicMs),
    switches: runCollector(switchesCollector, board, monotonicMs),
    tradingState: runCollector(tradingStateCollector, board, monotonicMs),
    panics: runCollector(panicsCollector, board, monotonicMs),
    heartbeat: runCollector(heartbeatCollector, board, monotonicMs),
    watchdog: runCollector(watchdogCollector, board, monotonicMs),
    stops: runCollector(stopsCollector, board, monotonicMs),
    orders: runCollector(ordersCollector, board, monotonicMs),
    rates: runCollector(ratesCollector, board, monotonicMs),
    intentRate: runCollector(intentRateCollector, board, monotonicMs),
    dailyTrades: runCollector(dailyTradesCollector, board, monotonicMs),
    faults: runCollector(faultsCollector, board, monotonicMs),
    faultCounts: runCollector(faultCountsCollector, board, monotonicMs),
    denials: runCollector(denialsCollector, board, monotonicMs),
    results: runCollector(resultsCollector, board, monotonicMs),
    deadLetters: runCollector(deadLettersCollector, board, monotonicMs),
    streams: runCollector(streamsCollector, board, monotonicMs),
    redisMemory: runCollector(redisMemoryCollector, board, monotonicMs),
    instances: runCollector(instancesCollector, board, monotonicMs),
    roles: runCollector(rolesCollector, board, monotonicMs),
    drill: runCollector(drillCollector, board, monotonicMs),
  };
}

export type Collectors = ReturnType<typeof createCollectors>;
