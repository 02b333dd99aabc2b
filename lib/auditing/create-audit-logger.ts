import { Hono } from "hono";
import { GROUPS } from "../contract/groups.ts";
import { keysOf } from "../contract/keys.ts";
import { consumerName } from "../contract/roles.ts";
import type { DaemonContext, DaemonParts } from "../daemon/daemon-spec.ts";
import { jointBeat } from "../daemon/joint-beat.ts";
import { runTogether } from "../daemon/run-together.ts";
import type { RedisConnection } from "../redis/connection.ts";
import { keepRoleBeat } from "../redis/role-beat.ts";
import { createStreamConsumer } from "../redis/stream-consumer.ts";
import { AuditLog, AuditWriteError } from "./audit-log.ts";
import { HeadRecord } from "./head-record.ts";
import { createAuditMetrics } from "./metrics.ts";
import { type AuditSettings, recordedStreams } from "./settings.ts";

/** Entries of a page: one disk sync is shared by all of them. */
const PAGE = 256;

/** How long to wait for the disk before lost entries are tried again, ms. */
const DISK_RETRY_MS = 1000;

/** The role out of its parts: one consumer a stream, all of them writing into one log. */
export function createAuditLogger(
  context: DaemonContext<AuditSettings>,
  outside: { readonly redis: RedisConnection },
): DaemonParts {
  const { settings, instance, bootId, build, clock, random, log } = context;
  const { redis } = outside;
  const keys = keysOf(settings.QUANTUM_NAMESPACE);
  const auditLog = new AuditLog({ folder: context.stateDir, nowMs: clock.nowMs });
  const metrics = createAuditMetrics(context.registry, () => auditLog.head.seq);
  const statsKey = `${keys.statsPrefix}audit-logger`;
  const missing = (lines: number) => metrics.missing.set(lines);
  const head = new HeadRecord({ ...{ redis, clock, log, missing }, key: statsKey, found: auditLog.head });
  let trouble: string | undefined;
  const streams = recordedStreams(settings, keys);
  const progress = jointBeat(streams, context.beat);
  const record = async (
    stream: string,
    entries: readonly { id: string; fields: Readonly<Record<string, string>> }[],
  ) => {
    try {
      const lines = await auditLog.append(entries.map((entry) => ({ stream, ...entry })));
      metrics.lines.inc({ stream }, lines);
      if (trouble !== undefined) log.info({}, "the audit file is written again");
      trouble = undefined;
      return true;
    } catch (error) {
      if (!(error instanceof AuditWriteError)) throw error;
      metrics.failures.inc();
      if (trouble === undefined) log.error({ err: error, hint: error.hint }, "the audit file is not written");
      trouble = error.message;
      return false;
    }
  };
  for (const stream of streams) metrics.lost.inc({ stream }, 0);
  const consumers = streams.map((stream) =>
    createStreamConsumer({
      ...{ redis, url: settings.REDIS_URL.reveal(), stream, group: GROUPS.auditLogger },
      consumer: consumerName("audit-logger", instance),
      ...({ handOut: "batch", batchMax: PAGE, inFlightMax: PAGE * 2 } as const),
      staleIdleMs: settings.STALE_IDLE_MS,
      handle: async (entries) => {
        await head.compare();
        if (!(await record(stream, entries))) return "later";
        const ack = ["XACK", stream, GROUPS.auditLogger, ...entries.map((entry) => entry.id)];
        await Promise.all([redis.command(ack), head.remember(auditLog.head)]);
        return "done";
      },
      progress: progress[stream] ?? context.beat,
      onLost: async (ids) => {
        const fields = { audit: "trimmed before it was recorded" };
        const entries = ids.map((id) => ({ id, fields }));
        while (!(await record(stream, entries))) await clock.sleep(DISK_RETRY_MS);
        metrics.lost.inc({ stream }, ids.length);
      },
      onStateLost: () => log.warn({ stream }, "the stream was emptied; its group was made again"),
      ...{ clock, random, log },
    }),
  );
  const roleBeat = {
    ...{ redis, instance, bootId, clock, log, mode: settings.TRADING_MODE, account: () => "" },
    ...{ build: build.version, git: build.git },
    roleKey: `${keys.rolePrefix}audit-logger:${instance}`,
    statsKey,
  };
  const routes = new Hono().get("/head", (reply) => reply.json(auditLog.head));
  return {
    routes,
    dependencies: () => [
      redis.dependency(),
      { name: "audit file", ok: trouble === undefined, detail: trouble ?? `line ${auditLog.head.seq}` },
      ...consumers.map((consumer) => consumer.dependency()),
    ],
    run: (signal) =>
      runTogether(signal, {
        ...Object.fromEntries(
          consumers.map((consumer, at) => [`stream ${at}`, (stop: AbortSignal) => consumer.run(stop)]),
        ),
        head: (stop) => head.run(stop),
        beat: (stop) => keepRoleBeat(roleBeat, stop),
      }),
    close: () => redis.close(),
  };
}
