import { keysOf } from "../../../lib/contract/keys.ts";
import { consumerName } from "../../../lib/contract/roles.ts";
import { ensureLibrary } from "../../../lib/kernel/library.ts";
import { connectRedis } from "../../../lib/redis/connection.ts";
import { checkEvictionPolicy } from "../../../lib/redis/server-settings.ts";
import { createRouter } from "../../../lib/routing/create-router.ts";
import { routerSettingFaults, routerSettings } from "../../../lib/routing/settings.ts";
import type { RoleBuild } from "./role-build.ts";
import { roleContext } from "./role-context.ts";

/** cmd/ai-strategy-router.ts, in the simulation. */
export const buildRouter: RoleBuild = (simulation, life, how) => {
  const spec = { role: "ai-strategy-router", settings: routerSettings, check: routerSettingFaults } as const;
  const context = roleContext(simulation, life, { spec, ...how });
  const { settings, clock, random, log } = context;
  const keys = keysOf(settings.QUANTUM_NAMESPACE);
  let startsInSafeMode = settings.SAFETY_SAFE_MODE_DEFAULT;
  const redis = connectRedis({
    url: settings.REDIS_URL.reveal(),
    name: consumerName("ai-strategy-router", context.instance),
    ...{ clock, random, log },
    onConnected: async (commands) => {
      await checkEvictionPolicy(commands);
      await ensureLibrary(commands);
      if (startsInSafeMode) await commands.command(["SET", keys.safeMode, "1", "NX"]);
      startsInSafeMode = false;
    },
  });
  return createRouter(context, { redis, pid: 1 });
};
