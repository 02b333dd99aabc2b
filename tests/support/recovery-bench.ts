import { GROUPS } from "../../lib/contract/groups.ts";
import { type Keys, keysOf } from "../../lib/contract/keys.ts";
import { systemClock } from "../../lib/daemon/clock.ts";
import { ensureLibrary } from "../../lib/kernel/library.ts";
import type { RecoveryParts } from "../../lib/recovery/recover-group.ts";
import { recoverStreams } from "../../lib/recovery/recover-streams.ts";
import type { GroupReport, RecoveryReport } from "../../lib/recovery/report.ts";
import { connectRedis, type RedisConnection } from "../../lib/redis/connection.ts";
import { keptLog } from "./quiet-log.ts";
import { type RedisServer, startRedisServer } from "./redis-server.ts";

/** Idle enough for anything. */
const LONG_IDLE_MS = 1_000_000;

/** A private Redis with what consumers leave behind, and the recovery to be run on it. */
export interface RecoveryBench extends AsyncDisposable {
  readonly server: RedisServer;
  readonly redis: RedisConnection;
  readonly keys: Keys;
  run(...command: string[]): Promise<unknown>;
  /** Empties it, the library stays; the pipeline's groups are made. */
  reset(): Promise<void>;
  recover(change?: Partial<RecoveryParts>): Promise<RecoveryReport>;
  /** Delivers entries to a consumer; `stale` makes them look untouched for long. Returns their ids. */
  leavePending(
    consumer: string,
    entries: readonly (readonly string[])[],
    where?: { readonly stream: string; readonly group: string; readonly stale?: boolean },
  ): Promise<readonly string[]>;
  /** Ids that a consumer has pending. */
  pendingOf(consumer: string, where?: { readonly stream: string; readonly group: string }): Promise<string[]>;
  /** Sets the role key that says that an instance is alive. */
  beat(role: "execution" | "ai-strategy-router", instance: string): Promise<void>;
}

export async function startRecoveryBench(): Promise<RecoveryBench> {
  const server = await startRedisServer();
  const redis = connectRedis({
    ...{ url: server.url, name: "test", clock: systemClock, random: Math.random, log: keptLog() },
    deadlineMs: 20_000,
    onConnected: ensureLibrary,
  });
  await redis.whenReady();
  const keys = keysOf("");
  const intents = { stream: keys.intentStream, group: GROUPS.executionIntents };
  const run = (...command: string[]): Promise<unknown> => redis.command(command);
  return {
    ...{ server, redis, keys, run },
    reset: async () => {
      await run("FLUSHDB");
      await run("XGROUP", "CREATE", keys.decisionStream, GROUPS.router, "0", "MKSTREAM");
      await run("XGROUP", "CREATE", keys.intentStream, GROUPS.executionIntents, "0", "MKSTREAM");
      await run("XGROUP", "CREATE", keys.exitIntentStream, GROUPS.executionExits, "0", "MKSTREAM");
    },
    recover: (change = {}) =>
      recoverStreams(
        {
          ...{ redis, keys, mayChange: true, mayMove: true, failuresMax: 5 },
          ...{ staleIdleMs: 60_000, zombieIdleMs: 3_600_000 },
          streams: { canonical: keys.resultStream, legacy: undefined },
          ...change,
        },
        "PAPER",
      ),
    leavePending: async (consumer, entries, where = intents) => {
      const { stream, group, stale = true } = { stale: true, ...where };
      const ids: string[] = [];
      for (const fields of entries) ids.push(String(await run("XADD", stream, "*", ...fields)));
      const read = ["GROUP", group, consumer, "COUNT", String(entries.length), "STREAMS", stream, ">"];
      await run("XREADGROUP", ...read);
      const idle = ["IDLE", String(LONG_IDLE_MS), "JUSTID"];
      if (stale) await run("XCLAIM", stream, group, consumer, "0", ...ids, ...idle);
      return ids;
    },
    pendingOf: async (consumer, { stream, group } = intents) => {
      const reply = await run("XPENDING", stream, group, "-", "+", "100000", consumer);
      return (Array.isArray(reply) ? reply : []).map((entry) => String([entry].flat()[0]));
    },
    beat: async (role, instance) => {
      await run("HSET", `${keys.rolePrefix}${role}:${instance}`, "last_beat", "1");
    },
    async [Symbol.asyncDispose]() {
      await redis.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** The report of one group; throws when there is none. */
export function groupOf(report: RecoveryReport, group: string): GroupReport {
  const found = report.groups.find((one) => one.group === group);
  if (found === undefined) throw new Error(`no report of ${group}: ${JSON.stringify(report)}`);
  return found;
}
