import { consumerName } from "../lib/contract/roles.ts";
import { runDaemon } from "../lib/daemon/run-daemon.ts";
import { venueAccess } from "../lib/daemon/settings-exchange.ts";
import { createBinanceExchange } from "../lib/exchange/binance-exchange.ts";
import { createMarkPrices } from "../lib/exchange/mark-prices.ts";
import { createUserStream } from "../lib/exchange/user-stream.ts";
import { createExitBrain } from "../lib/exits/create-exit-brain.ts";
import { exitBrainSettingFaults, exitBrainSettings } from "../lib/exits/settings.ts";
import { ensureLibrary } from "../lib/kernel/library.ts";
import { connectRedisOver } from "../lib/redis/lasting-connection.ts";
import { openPlainWire } from "../lib/redis/plain-wire.ts";

void runDaemon({
  role: "exit-brain",
  settings: exitBrainSettings,
  check: exitBrainSettingFaults,
  // As long as systemd's and the watchdog's patience.
  beatAgeMsMax: 3000,
  build: (context) => {
    const { settings, clock, random, log } = context;
    const mode = settings.TRADING_MODE;
    const wsUrl = settings.EXCHANGE_WS_URL?.reveal();
    const openSocket = (address: string) => new WebSocket(address);
    const name = consumerName("exit-brain", context.instance);
    // The loop waits 100 ms at most anyway: a spike of a second must not cost the connection, nor a heartbeat.
    const connection = { url: settings.REDIS_URL.reveal(), deadlineMs: 1500, clock, random, log };
    const redis = connectRedisOver(openPlainWire, { ...connection, name });
    const planRedis = connectRedisOver(openPlainWire, {
      ...{ ...connection, name: `${name}-plans`, onConnected: ensureLibrary },
    });
    const exchange = createBinanceExchange({ ...venueAccess(settings), fetch, clock, log });
    return createExitBrain(context, {
      ...{ redis, planRedis, exchange },
      marks: (symbols) =>
        createMarkPrices({ mode, wsUrl, clock, random, log, exchange, symbols, openSocket }),
      userStream: (onEvent) =>
        createUserStream({ mode, wsUrl, clock, random, log, exchange, openSocket, onEvent }),
    });
  },
});
