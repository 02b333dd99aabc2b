import { randomUUID } from "node:crypto";
import { consumerName } from "../lib/contract/roles.ts";
import { runDaemon } from "../lib/daemon/run-daemon.ts";
import { connectRedis } from "../lib/redis/connection.ts";
import { createTelemetry } from "../lib/telemetry/create-telemetry.ts";
import { diskSpace } from "../lib/telemetry/disk-space.ts";
import { telemetrySettings } from "../lib/telemetry/settings.ts";

void runDaemon({
  role: "safety-telemetry",
  settings: telemetrySettings,
  givesStartMemoryBack: true,
  build: (context) => {
    const { settings, clock, random, log } = context;
    const redis = connectRedis({
      url: settings.REDIS_URL.reveal(),
      name: consumerName("safety-telemetry", context.instance),
      ...{ clock, random, log },
    });
    return createTelemetry(context, {
      redis,
      newNonce: randomUUID,
      disk: () => diskSpace(context.stateDir),
    });
  },
});
