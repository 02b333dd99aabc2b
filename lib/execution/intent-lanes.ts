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
import type { ExecutionParts } from "./execution-parts.ts";
import { handleIntent } from "./handle-intent.ts";
import type { createExecutionMetrics } from "./metrics.ts";

/** Exits in work at once: more than positions an account can have open. */
const EXITS_IN_FLIGHT_MAX = 256;
/** An order in doubt is asked about for as long as the venue is away; that is work, not a stuck handler (ms). */
const STUCK_AFTER_MS = 3_600_000;

export interface LaneOptions {
  readonly redis: RedisConnection;
  /** For the blocking reads, one connection a lane. */
  readonly openWire: OpenWire;
  readonly url: string;
  readonly keys: Keys;
  readonly instance: string;
  readonly staleIdleMs: number;
  /** A stream or its group vanished: Redis was emptied. */
  onStateLost(): void;
  readonly entriesInFlightMax: number;
  readonly metrics: ReturnType<typeof createExecutionMetrics>;
  readonly progress: Readonly<Record<"entries" | "exits", () => void>>;
  readonly clock: RedisClock;
  readonly random: Random;
  readonly log: RedisLog;
}

/**
 * Two lanes over two streams, each with a blocking connection of its own: an exit never waits behind an
 * entry, neither to be read nor to be executed.
 */
export function createIntentLanes(
  parts: ExecutionParts,
  options: LaneOptions,
): { readonly entries: StreamConsumer; readonly exits: StreamConsumer } {
  const { keys } = options;
  const entries = {
    stream: keys.intentStream,
    group: GROUPS.executionIntents,
    inFlightMax: options.entriesInFlightMax,
    progress: options.progress.entries,
  };
  const exits = {
    stream: keys.exitIntentStream,
    group: GROUPS.executionExits,
    inFlightMax: EXITS_IN_FLIGHT_MAX,
    progress: options.progress.exits,
  };
  return { entries: createLane(parts, options, entries), exits: createLane(parts, options, exits) };
}

function createLane(
  parts: ExecutionParts,
  options: LaneOptions,
  lane: {
    readonly stream: string;
    readonly group: string;
    readonly inFlightMax: number;
    readonly progress: () => void;
  },
): StreamConsumer {
  const { redis, keys, metrics } = options;
  const statistics = createStatistics(redis, `${keys.statsPrefix}execution`);
  return createConsumerLoop(options.openWire, {
    ...lane,
    redis,
    url: options.url,
    consumer: consumerName("execution", options.instance),
    staleIdleMs: options.staleIdleMs,
    stuckAfterMs: STUCK_AFTER_MS,
    handOut: "entry",
    batchMax: lane.inFlightMax,
    handle: async ([entry], { signal }) =>
      entry === undefined ? "done" : handleIntent(parts, entry, { ...lane, signal }),
    onLost: async (ids) => {
      metrics.lost.inc(ids.length);
      statistics.add(STATISTICS.lost, ids.length);
      await statistics.flush();
    },
    onStateLost: () => {
      metrics.stateLost.inc();
      options.onStateLost();
    },
    clock: options.clock,
    random: options.random,
    log: options.log,
  });
}
