import { keysOf } from "../lib/contract/keys.ts";
import { consumerName } from "../lib/contract/roles.ts";
import { runDaemon } from "../lib/daemon/run-daemon.ts";
import { venueAccess } from "../lib/daemon/settings-exchange.ts";
import { createBinanceExchange } from "../lib/exchange/binance-exchange.ts";
import { createMarkPrices } from "../lib/exchange/mark-prices.ts";
import { createExecution } from "../lib/execution/create-execution.ts";
import { ModeClaim } from "../lib/execution/mode-claim.ts";
import { executionSettingFaults, executionSettings } from "../lib/execution/settings.ts";
import { ensureLibrary } from "../lib/kernel/library.ts";
import { connectRedisOver } from "../lib/redis/lasting-connection.ts";
import { openPlainWire } from "../lib/redis/plain-wire.ts";
import { checkEvictionPolicy } from "../lib/redis/server-settings.ts";

void runDaemon({
  role: "execution",
  settings: executionSettings,
  check: executionSettingFaults,
  build: (context) => {
    const { settings, clock, random, log } = context;
    const mode = settings.TRADING_MODE;
    const exchange = createBinanceExchange({ ...venueAccess(settings), fetch, clock, log });
    const claim = new ModeClaim({ exchange, keys: keysOf(settings.QUANTUM_NAMESPACE) });
    let redisSinceMs = Number.POSITIVE_INFINITY;
    const redis = connectRedisOver(openPlainWire, {
      url: settings.REDIS_URL.reveal(),
      name: consumerName("execution", context.instance),
      ...{ clock, random, log },
      onConnected: async (commands) => {
        redisSinceMs = commands.serverNowMs();
        await Promise.all([checkEvictionPolicy(commands), ensureLibrary(commands)]);
        await claim.claimOn(commands);
      },
      stillSound: ensureLibrary,
    });
    const marks = createMarkPrices({
      ...{ mode, wsUrl: settings.EXCHANGE_WS_URL?.reveal(), clock, random, log },
      exchange,
      openSocket: (address) => new WebSocket(address),
    });
    return createExecution(context, {
      ...{ redis, openWire: openPlainWire, exchange, marks, claim },
      redisSinceMs: () => redisSinceMs,
    });
  },
});
