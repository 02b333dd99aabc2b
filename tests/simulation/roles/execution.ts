import { keysOf } from "../../../lib/contract/keys.ts";
import { consumerName } from "../../../lib/contract/roles.ts";
import { createBinanceExchange } from "../../../lib/exchange/binance-exchange.ts";
import { createMarkPrices } from "../../../lib/exchange/mark-prices.ts";
import { createExecution } from "../../../lib/execution/create-execution.ts";
import { ModeClaim } from "../../../lib/execution/mode-claim.ts";
import { executionSettingFaults, executionSettings } from "../../../lib/execution/settings.ts";
import { ensureLibrary } from "../../../lib/kernel/library.ts";
import { connectRedis } from "../../../lib/redis/connection.ts";
import { checkEvictionPolicy } from "../../../lib/redis/server-settings.ts";
import type { RoleBuild } from "./role-build.ts";
import { roleContext } from "./role-context.ts";

/** cmd/execution.ts, in the simulation. */
export const buildExecution: RoleBuild = (simulation, life, how) => {
  const spec = { role: "execution", settings: executionSettings, check: executionSettingFaults } as const;
  const context = roleContext(simulation, life, { spec, ...how });
  const { settings, clock, random, log } = context;
  const mode = settings.TRADING_MODE;
  const exchange = createBinanceExchange({
    ...{ mode, restUrl: settings.EXCHANGE_REST_URL?.reveal(), clock, log },
    ...{ apiKey: "paper", apiSecret: "paper", fetch: simulation.venueNetwork.fetchOf(life) },
    requestTimeoutMs: settings.REQUEST_TIMEOUT_MS,
    exitReservePct: settings.EXIT_RESERVE_PCT,
  });
  const claim = new ModeClaim({ exchange, keys: keysOf(settings.QUANTUM_NAMESPACE) });
  const redis = connectRedis({
    url: settings.REDIS_URL.reveal(),
    name: consumerName("execution", context.instance),
    ...{ clock, random, log },
    onConnected: async (commands) => {
      await Promise.all([checkEvictionPolicy(commands), ensureLibrary(commands)]);
      await claim.claimOn(commands);
    },
  });
  const marks = createMarkPrices({
    ...{ mode, wsUrl: settings.EXCHANGE_WS_URL?.reveal(), clock, random, log },
    premiumIndex: exchange.premiumIndex,
    openSocket: simulation.socketOf(life),
  });
  return createExecution(context, { redis, exchange, marks, claim });
};
