import { keysOf } from "../lib/contract/keys.ts";
import { consumerName } from "../lib/contract/roles.ts";
import { runDaemon } from "../lib/daemon/run-daemon.ts";
import { ensureLibrary } from "../lib/kernel/library.ts";
import { connectRedisOver } from "../lib/redis/lasting-connection.ts";
import { openPlainWire } from "../lib/redis/plain-wire.ts";
import { checkEvictionPolicy } from "../lib/redis/server-settings.ts";
import { createRouter } from "../lib/routing/create-router.ts";
import { enterSafeModeIfAbsent } from "../lib/routing/safe-mode-default.ts";
import { routerSettingFaults, routerSettings } from "../lib/routing/settings.ts";

void runDaemon({
  role: "ai-strategy-router",
  settings: routerSettings,
  check: routerSettingFaults,
  build: (context) => {
    const { settings, clock, random, log } = context;
    const keys = keysOf(settings.QUANTUM_NAMESPACE);
    // Once a start, not once a connection: a reconnect must not undo what an operator has cleared.
    let startsInSafeMode = settings.SAFETY_SAFE_MODE_DEFAULT;
    const redis = connectRedisOver(openPlainWire, {
      url: settings.REDIS_URL.reveal(),
      name: consumerName("ai-strategy-router", context.instance),
      ...{ clock, random, log },
      onConnected: async (commands) => {
        await checkEvictionPolicy(commands);
        await ensureLibrary(commands);
        if (startsInSafeMode) await enterSafeModeIfAbsent(commands, keys, context.instance);
        startsInSafeMode = false;
      },
      stillSound: ensureLibrary,
    });
    return createRouter(context, { redis, openWire: openPlainWire, pid: process.pid });
  },
});
