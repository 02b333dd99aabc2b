import { randomUUID } from "node:crypto";
import { consumerName } from "../lib/contract/roles.ts";
import { runDaemon } from "../lib/daemon/run-daemon.ts";
import { venueAccess } from "../lib/daemon/settings-exchange.ts";
import { createWatchdog } from "../lib/emergency/watchdog/create-watchdog.ts";
import { watchdogSettingFaults, watchdogSettings } from "../lib/emergency/watchdog/settings.ts";
import { createBinanceExchange } from "../lib/exchange/binance-exchange.ts";
import { connectRedis } from "../lib/redis/connection.ts";

void runDaemon({
  role: "exit-brain-watchdog",
  settings: watchdogSettings,
  check: watchdogSettingFaults,
  // Its loop looks twenty times a second: silence this long is a hang.
  beatAgeMsMax: 2000,
  givesStartMemoryBack: true,
  build: (context) => {
    const { settings, clock, random, log } = context;
    // node-redis, where the brain and the worker have the plain wire: who watches shares no client with them.
    const redis = connectRedis({
      url: settings.REDIS_URL.reveal(),
      name: consumerName("exit-brain-watchdog", context.instance),
      ...{ clock, random, log },
    });
    const exchange = createBinanceExchange({ ...venueAccess(settings), fetch, clock, log });
    return createWatchdog(context, { redis, exchange, fetch, newEventId: randomUUID });
  },
});
