import { keysOf } from "../lib/contract/keys.ts";
import { consumerName } from "../lib/contract/roles.ts";
import { jointBeat } from "../lib/daemon/joint-beat.ts";
import { runDaemon } from "../lib/daemon/run-daemon.ts";
import { runTogether } from "../lib/daemon/run-together.ts";
import { exchangeSettings } from "../lib/daemon/settings-exchange.ts";
import { createBinanceExchange } from "../lib/exchange/binance-exchange.ts";
import { EXCHANGE_SETTINGS } from "../lib/exchange/exchange-settings.ts";
import { createMarkPrices } from "../lib/exchange/mark-prices.ts";
import { venueAddress } from "../lib/exchange/mode-hosts.ts";
import { createEntryGuard } from "../lib/execution/entry-guard.ts";
import { createIntentLanes } from "../lib/execution/intent-lanes.ts";
import { createExecutionMetrics } from "../lib/execution/metrics.ts";
import { executionRoutes } from "../lib/execution/routes.ts";
import { entryRules, executionSettings, resultStreams } from "../lib/execution/settings.ts";
import { VenueSession } from "../lib/execution/venue-session.ts";
import { ensureLibrary } from "../lib/kernel/library.ts";
import { connectRedis } from "../lib/redis/connection.ts";
import { isRedisOutage } from "../lib/redis/redis-errors.ts";
import { keepRoleBeat } from "../lib/redis/role-beat.ts";
import { checkEvictionPolicy } from "../lib/redis/server-settings.ts";

const role = "execution";

void runDaemon({
  role,
  settings: { ...executionSettings, ...exchangeSettings, ...EXCHANGE_SETTINGS },
  check: ({ TRADING_MODE: mode, EXCHANGE_REST_URL: restUrl, EXCHANGE_WS_URL: wsUrl }) =>
    mode === undefined
      ? []
      : venueAddress({ mode, restUrl: restUrl?.reveal(), wsUrl: wsUrl?.reveal() }).faults,
  build: ({ settings, instance, bootId, build, clock, random, log, registry, beat }) => {
    const keys = keysOf(settings.QUANTUM_NAMESPACE);
    const mode = settings.TRADING_MODE;
    const url = settings.REDIS_URL.reveal();
    const redis = connectRedis({
      ...{ url, name: consumerName(role, instance), clock, random, log },
      onConnected: async (commands) => {
        await checkEvictionPolicy(commands);
        await ensureLibrary(commands);
      },
    });
    const exchange = createBinanceExchange({
      ...{ mode, restUrl: settings.EXCHANGE_REST_URL?.reveal(), fetch, clock, log },
      apiKey: settings.BINANCE_API_KEY?.reveal() ?? "paper",
      apiSecret: settings.BINANCE_API_SECRET?.reveal() ?? "paper",
      requestTimeoutMs: settings.REQUEST_TIMEOUT_MS,
      exitReservePct: settings.EXIT_RESERVE_PCT,
    });
    const marks = createMarkPrices({
      ...{ mode, wsUrl: settings.EXCHANGE_WS_URL?.reveal(), clock, random, log },
      premiumIndex: exchange.premiumIndex,
      openSocket: (address) => new WebSocket(address),
    });
    const metrics = createExecutionMetrics(registry);
    const session = new VenueSession({ exchange, redis, keys, clock, log });
    const rules = entryRules(settings);
    const streams = resultStreams(settings, keys);
    const guard = createEntryGuard({ exchange, session, clock, haltFile: settings.HALT_FILE });
    const parts = {
      ...{ redis, keys, streams, exchange, rules, clock, log, isRedisOutage, ...guard },
      owner: `${instance}:${bootId}`,
      recvWindowMs: settings.RECV_WINDOW_MS,
      observe: metrics.observer,
      markOf: marks.markOf,
    };
    const progress = jointBeat(["entries", "exits"], beat);
    const lanes = createIntentLanes(parts, {
      ...{ redis, url, keys, instance, metrics, progress, clock, random, log },
      staleIdleMs: settings.STALE_IDLE_MS,
      entriesInFlightMax: settings.ENTRIES_IN_FLIGHT_MAX,
    });
    const account = () => exchange.account()?.fingerprint ?? "";
    const identity = { instance, build: build.version, git: build.git, bootId, mode, account };
    const roleKey = `${keys.rolePrefix}${role}:${instance}`;
    if (mode === "LIVE" && rules.gates === "audit") {
      log.warn({}, "GATES AUDIT ONLY: LIVE entries are logged, not held, by the profit gates (GATE_MODE)");
    }
    return {
      routes: executionRoutes({ redis, keys, resultStream: streams.canonical }),
      dependencies: () => [
        redis.dependency(),
        session.dependency(),
        { name: "mark prices", ok: marks.silenceMs() < 5000, detail: marks.streaming() ? "stream" : "REST" },
        lanes.exits.dependency(),
        lanes.entries.dependency(),
      ],
      run: async (signal) => {
        await runTogether(signal, {
          marks: (stop) => marks.run(stop),
          venue: (stop) => session.keep(stop),
          beat: (stop) =>
            keepRoleBeat(
              { redis, roleKey, statsKey: `${keys.statsPrefix}${role}`, ...identity, clock, log },
              stop,
            ),
          intents: async (stop) => {
            await session.open(stop, beat);
            await runTogether(stop, {
              exits: (end) => lanes.exits.run(end),
              entries: (end) => lanes.entries.run(end),
            });
          },
        });
      },
      close: () => redis.close(),
      account,
    };
  },
});
