import { keysOf } from "../contract/keys.ts";
import type { DaemonContext, DaemonParts } from "../daemon/daemon-spec.ts";
import { runTogether } from "../daemon/run-together.ts";
import type { RedisConnection } from "../redis/connection.ts";
import { keepRoleBeat } from "../redis/role-beat.ts";
import type { OpenWire } from "../redis/wire.ts";
import { kernelLimitsLine, type LogLine } from "./admission-log.ts";
import { createDecisionConsumer } from "./decision-consumer.ts";
import { LineThrottle } from "./line-throttle.ts";
import { createRouterMetrics } from "./metrics.ts";
import { RateLimiter } from "./rate-limiter.ts";
import { routerRoutes } from "./routes.ts";
import { admissionLimits, decisionBounds, type RouterSettings } from "./settings.ts";
import { keepSummarising } from "./summary-loop.ts";

/** The role out of its parts. `pid` names this router in fault events. */
export function createRouter(
  context: DaemonContext<RouterSettings>,
  outside: { readonly redis: RedisConnection; readonly openWire: OpenWire; readonly pid: number },
): DaemonParts {
  const { settings, instance, bootId, build, clock, random, log } = context;
  const { redis } = outside;
  const keys = keysOf(settings.QUANTUM_NAMESPACE);
  const limits = admissionLimits(settings, outside.pid);
  const throttle = new LineThrottle(clock.monotonicMs);
  const writeLine = (line: LogLine) => {
    const passed = throttle.pass(line);
    if (passed !== undefined) log[passed.level](passed.fields, passed.message);
  };
  const consumer = createDecisionConsumer({
    ...{ redis, openWire: outside.openWire, url: settings.REDIS_URL.reveal() },
    ...{ keys, instance, clock, random, log },
    staleIdleMs: settings.STALE_IDLE_MS,
    router: {
      limits,
      bounds: decisionBounds(settings),
      onRateFault: settings.SAFETY_ON_ERROR,
      limiter: new RateLimiter({ ...limits, windowMs: limits.windowSec * 1000 }),
      log: writeLine,
      tellsDebug: settings.LOG_LEVEL === "debug" || settings.LOG_LEVEL === "trace",
    },
    metrics: createRouterMetrics(context.registry),
    progress: context.beat,
  });
  const roleBeat = {
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
    roleKey: `${keys.rolePrefix}ai-strategy-router:${instance}`,
    statsKey: `${keys.statsPrefix}ai-strategy-router`,
    account: () => "",
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
}
