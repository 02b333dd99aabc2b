import { keysOf } from "../lib/contract/keys.ts";
import { consumerName } from "../lib/contract/roles.ts";
import { runDaemon } from "../lib/daemon/run-daemon.ts";
import { runTogether } from "../lib/daemon/run-together.ts";
import { ensureLibrary } from "../lib/kernel/library.ts";
import { connectRedis } from "../lib/redis/connection.ts";
import { keepRoleBeat } from "../lib/redis/role-beat.ts";
import { checkEvictionPolicy } from "../lib/redis/server-settings.ts";
import { kernelLimitsLine, type LogLine } from "../lib/routing/admission-log.ts";
import { createDecisionConsumer } from "../lib/routing/decision-consumer.ts";
import { createRouterMetrics } from "../lib/routing/metrics.ts";
import { RateLimiter } from "../lib/routing/rate-limiter.ts";
import { routerRoutes } from "../lib/routing/routes.ts";
import {
  admissionLimits,
  decisionBounds,
  routerSettingFaults,
  routerSettings,
} from "../lib/routing/settings.ts";
import { keepSummarising } from "../lib/routing/summary-loop.ts";

const role = "ai-strategy-router";

void runDaemon({
  role,
  settings: routerSettings,
  check: routerSettingFaults,
  build: ({ settings, instance, bootId, build, clock, random, log, registry, beat }) => {
    const keys = keysOf(settings.QUANTUM_NAMESPACE);
    const limits = admissionLimits(settings, process.pid);
    const writeLine = ({ level, fields, message }: LogLine) => log[level](fields, message);
    const url = settings.REDIS_URL.reveal();
    const redis = connectRedis({
      url,
      name: consumerName(role, instance),
      ...{ clock, random, log },
      onConnected: async (commands) => {
        await checkEvictionPolicy(commands);
        await ensureLibrary(commands);
        if (settings.SAFETY_SAFE_MODE_DEFAULT) await commands.command(["SET", keys.safeMode, "1", "NX"]);
      },
    });
    const consumer = createDecisionConsumer({
      ...{ redis, url, keys, instance, clock, random, log },
      staleIdleMs: settings.STALE_IDLE_MS,
      router: {
        limits,
        bounds: decisionBounds(settings),
        onRateFault: settings.SAFETY_ON_ERROR,
        limiter: new RateLimiter({ ...limits, windowMs: limits.windowSec * 1000 }),
        log: writeLine,
      },
      metrics: createRouterMetrics(registry),
      progress: beat,
    });
    const roleBeat = {
      roleKey: `${keys.rolePrefix}${role}:${instance}`,
      statsKey: `${keys.statsPrefix}${role}`,
      account: () => "",
      ...{
        redis,
        instance,
        build: build.version,
        git: build.git,
        bootId,
        mode: settings.TRADING_MODE,
        clock,
        log,
      },
    };
    writeLine(kernelLimitsLine(limits));
    return {
      routes: routerRoutes({ redis, keys, limits, instance }),
      dependencies: () => [redis.dependency(), consumer.dependency()],
      run: (signal) =>
        runTogether(signal, {
          decisions: (stop) => consumer.run(stop),
          summaries: (stop) => keepSummarising({ redis, keys, limits, clock, log }, stop),
          beat: (stop) => keepRoleBeat(roleBeat, stop),
        }),
      close: () => redis.close(),
    };
  },
});
