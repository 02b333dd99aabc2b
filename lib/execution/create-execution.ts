import { keysOf } from "../contract/keys.ts";
import type { DaemonContext, DaemonParts } from "../daemon/daemon-spec.ts";
import { jointBeat } from "../daemon/joint-beat.ts";
import { runTogether } from "../daemon/run-together.ts";
import { resultStreams } from "../daemon/settings-pipeline.ts";
import type { Exchange } from "../exchange/exchange.ts";
import type { MarkPrices } from "../exchange/mark-prices.ts";
import type { RedisConnection } from "../redis/connection.ts";
import { isRedisOutage } from "../redis/redis-errors.ts";
import { keepRoleBeat } from "../redis/role-beat.ts";
import type { OpenWire } from "../redis/wire.ts";
import { createEntryGuard } from "./entry-guard.ts";
import { createIntentLanes } from "./intent-lanes.ts";
import { mendStops } from "./mend-stops.ts";
import { createExecutionMetrics } from "./metrics.ts";
import type { ModeClaim } from "./mode-claim.ts";
import { resolveOpenOrders } from "./resolve-open-orders.ts";
import { executionRoutes } from "./routes.ts";
import { type ExecutionSettings, entryRules } from "./settings.ts";
import { VenueSession } from "./venue-session.ts";

/** Longest silence of the mark prices with which execution counts as ready (ms). */
const MARK_SILENCE_MS_MAX = 5000;

/** The role out of its parts: two lanes that run once the venue session is open. */
export function createExecution(
  context: DaemonContext<ExecutionSettings>,
  outside: {
    readonly redis: RedisConnection;
    readonly redisSinceMs: () => number;
    /** For the lanes' blocking readers. */
    readonly openWire: OpenWire;
    readonly exchange: Exchange;
    readonly marks: MarkPrices;
    readonly claim: ModeClaim;
  },
): DaemonParts {
  const { settings, instance, bootId, build, clock, random, log } = context;
  const { redis, exchange, marks, claim } = outside;
  const keys = keysOf(settings.QUANTUM_NAMESPACE);
  // First: its requests travel while everything else is made.
  const session = new VenueSession({ exchange, redis, claim, contact: exchange.connect(), clock, log });
  const metrics = createExecutionMetrics(context.registry);
  const rules = entryRules(settings);
  const inHand = new Set<string>();
  const streams = resultStreams(settings, keys);
  const parts = {
    ...{ redis, keys, streams, exchange, rules, clock, log, isRedisOutage, markOf: marks.markOf },
    redisSinceMs: outside.redisSinceMs,
    inHand,
    ...createEntryGuard({ exchange, session, clock, inHand, haltFile: settings.HALT_FILE }),
    owner: `${instance}:${bootId}`,
    recvWindowMs: settings.RECV_WINDOW_MS,
    observe: metrics.observer,
  };
  const lanes = createIntentLanes(parts, {
    ...{ redis, openWire: outside.openWire, url: settings.REDIS_URL.reveal(), keys },
    ...{ instance, metrics, clock, random, log },
    onStateLost: () => session.stateLost(),
    progress: jointBeat(["entries", "exits"], context.beat),
    staleIdleMs: settings.STALE_IDLE_MS,
    entriesInFlightMax: settings.ENTRIES_IN_FLIGHT_MAX,
  });
  const account = () => exchange.account()?.fingerprint ?? "";
  const roleBeat = {
    ...{
      redis,
      instance,
      build: build.version,
      git: build.git,
      bootId,
      mode: exchange.mode,
      account,
      clock,
      log,
    },
    roleKey: `${keys.rolePrefix}execution:${instance}`,
    statsKey: `${keys.statsPrefix}execution`,
    credentials: () => (session.credentialsRefused ? ("refused" as const) : ("ok" as const)),
  };
  if (exchange.mode === "LIVE" && rules.gates === "audit") {
    log.warn({}, "GATES AUDIT ONLY: LIVE entries are logged, not held, by the profit gates (GATE_MODE)");
  }
  metrics.gatesEnforced.set(rules.gates === "enforce" ? 1 : 0);
  return {
    routes: executionRoutes({ redis, keys, resultStream: streams.canonical }),
    dependencies: () => [
      redis.dependency(),
      session.dependency(),
      markDependency(marks),
      ...lanesReady(lanes),
    ],
    run: (signal) =>
      runTogether(signal, {
        marks: (stop) => marks.run(stop),
        venue: (stop) => session.keep(stop),
        beat: (stop) => keepRoleBeat(roleBeat, stop),
        intents: async (stop) => {
          await session.open(stop, context.beat);
          await runTogether(stop, {
            exits: (end) => lanes.exits.run(end),
            entries: (end) => lanes.entries.run(end),
            orders: (end) => resolveOpenOrders(parts, end),
            stops: (end) => mendStops({ ...parts, missing: metrics.stopsMissing }, end),
          });
        },
      }),
    close: () => redis.close(),
    account,
  };
}

function lanesReady(lanes: ReturnType<typeof createIntentLanes>) {
  return [lanes.exits.dependency(), lanes.entries.dependency()];
}

function markDependency(marks: MarkPrices) {
  const ok = marks.silenceMs() < MARK_SILENCE_MS_MAX;
  return { name: "mark prices", ok, detail: marks.streaming() ? "stream" : ok ? "REST" : "silent" };
}
