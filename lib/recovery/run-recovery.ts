import { EXIT_CODES, type ExitCode } from "../contract/exit-codes.ts";
import { keysOf } from "../contract/keys.ts";
import type { OneshotContext } from "../daemon/run-oneshot.ts";
import { resultStreams } from "../daemon/settings-pipeline.ts";
import type { RedisConnection } from "../redis/connection.ts";
import { isRedisTrouble } from "../redis/redis-errors.ts";
import { optionalTextReply } from "../redis/reply.ts";
import { recoverStreams } from "./recover-streams.ts";
import { reportAlarms, reportTable } from "./report.ts";
import type { RecoverySettings } from "./settings.ts";

/** How long Redis is waited for: execution's start waits for this run (ms). */
const REDIS_WAIT_MS = 2000;

/** Redis is there and does not let this account in: the next run will find the same. */
const KEPT_OUT = /^(?:WRONGPASS|NOAUTH|NOPERM)\b/;

/**
 * The role: waits a moment for Redis, recovers, tells. Redis absent, or lost on the way, is no failure (exit 0 and
 * one line): the next run is two minutes away, and execution recovers its own at its start. A Redis that belongs to
 * another mode, or that keeps this account out, or from one stream, is one (78): that would not be trimmed again, and
 * nobody told. What the account may do is done all the same.
 */
export async function runRecovery(
  context: OneshotContext<RecoverySettings>,
  outside: {
    readonly redis: RedisConnection;
    readonly dryRun: boolean;
    /** Where the table goes. */
    print(text: string): void;
  },
): Promise<ExitCode> {
  const { log } = context;
  const { redis } = outside;
  try {
    await redis.whenReady(AbortSignal.timeout(REDIS_WAIT_MS));
    if (redis.state.kind === "ready") return await recover(context, outside);
    if (KEPT_OUT.test(redis.state.lastError ?? "")) {
      log.fatal(
        { redis: redis.dependency().detail },
        "Redis keeps this account out: nothing was recovered or trimmed",
      );
      return EXIT_CODES.configuration;
    }
    log.warn({ redis: redis.dependency().detail }, "Redis is not there: nothing was recovered");
  } catch (error) {
    if (!isRedisTrouble(error)) throw error;
    log.warn({ redis: error.message }, "Redis went away or refuses: not everything was recovered");
  } finally {
    await redis.close();
  }
  return EXIT_CODES.clean;
}

async function recover(
  context: OneshotContext<RecoverySettings>,
  { redis, dryRun, print }: Parameters<typeof runRecovery>[1],
): Promise<ExitCode> {
  const { settings, log } = context;
  const mode = settings.TRADING_MODE;
  const keys = keysOf(settings.QUANTUM_NAMESPACE);
  const recorded = optionalTextReply(await redis.command(["GET", keys.mode]));
  if (recorded !== undefined && recorded !== mode) {
    const what = `this Redis belongs to mode ${recorded}, TRADING_MODE is ${mode}: nothing was done`;
    log.fatal({ recorded, mode, key: keys.mode }, what);
    return EXIT_CODES.configuration;
  }
  const mayMove = mode !== "LIVE" || settings.RECOVER_IN_LIVE;
  if (!mayMove) {
    log.warn({}, "LIVE: nothing is claimed, put aside or deleted; RECOVER_IN_LIVE=1 permits it");
  }
  const report = await recoverStreams(
    {
      ...{ redis, keys, mayMove, mayChange: !dryRun },
      streams: resultStreams(settings, keys),
      staleIdleMs: settings.STALE_IDLE_MS,
      zombieIdleMs: settings.ZOMBIE_IDLE_MS,
      failuresMax: settings.DELIVERIES_MAX,
    },
    mode,
  );
  const alarms = reportAlarms(report);
  const said = dryRun ? "streams looked at, nothing was changed" : "streams recovered";
  log[report.keptOut ? "fatal" : alarms.length > 0 ? "warn" : "info"]({ ...report, alarms }, said);
  print(reportTable(report));
  return report.keptOut ? EXIT_CODES.configuration : EXIT_CODES.clean;
}
