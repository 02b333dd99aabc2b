import { Registry } from "prom-client";
import { encodeHeartbeat } from "../../../lib/contract/heartbeat.ts";
import { keysOf } from "../../../lib/contract/keys.ts";
import { systemClock } from "../../../lib/daemon/clock.ts";
import { connectRedis, type RedisConnection } from "../../../lib/redis/connection.ts";
import type { RedisReply } from "../../../lib/redis/reply.ts";
import { encodeFields } from "../../../lib/redis/stream-entry.ts";
import { type Collectors, createCollectors } from "../../../lib/telemetry/collectors.ts";
import { createMetricBoard } from "../../../lib/telemetry/metric-board.ts";
import { createSampler, type Sampler } from "../../../lib/telemetry/sampler.ts";
import { KERNEL_LIMITS as limits } from "../../support/kernel-limits.ts";
import { keptLog } from "../../support/quiet-log.ts";
import { type RedisServer, startRedisServer } from "../../support/redis-server.ts";

export const KEYS = keysOf("");

/** The exporter's inside beside a private Redis. */
export interface ExporterDesk extends AsyncDisposable {
  readonly server: RedisServer;
  readonly redis: RedisConnection;
  readonly sampler: Sampler;
  readonly collectors: Collectors;
  /** Commands that the sampler sent since the last call, and in how many bursts. */
  sent(): { readonly commands: readonly (readonly string[])[]; readonly bursts: number };
  write(...command: readonly string[]): Promise<RedisReply>;
  beat(fields?: Partial<Parameters<typeof encodeHeartbeat>[0]>): Promise<void>;
  fault(symbol: string, reason?: string): Promise<void>;
  /** The server's clock, as the sampler sees it, goes on by so much at once. */
  advance(ms: number): void;
  /** The lines of /metrics that begin so. */
  lines(prefix: string): Promise<readonly string[]>;
  metrics(): Promise<string>;
}

/** Nothing was sampled yet. */
export async function openExporterDesk(): Promise<ExporterDesk> {
  const server = await startRedisServer();
  const log = keptLog();
  const redis = connectRedis({
    // A loaded machine is slow and not broken.
    deadlineMs: 20_000,
    ...{ url: server.url, name: "telemetry-test", clock: systemClock, random: Math.random, log },
  });
  await redis.whenReady();
  const registry = new Registry();
  const board = createMetricBoard(registry);
  const collectors = createCollectors(board, systemClock.monotonicMs);
  let commands: (readonly string[])[] = [];
  let bursts = 0;
  let inBurst = false;
  let aheadMs = 0;
  const counted: Pick<RedisConnection, "command" | "serverNowMs" | "state"> = {
    get state() {
      return redis.state;
    },
    serverNowMs: () => redis.serverNowMs() + aheadMs,
    command(args) {
      commands.push(args.map(String));
      // A burst is what is handed over before anything else can run.
      if (!inBurst) {
        inBurst = true;
        bursts += 1;
        queueMicrotask(() => {
          inBurst = false;
        });
      }
      return redis.command(args);
    },
  };
  const parts = { redis: counted, keys: KEYS, limits, collectors, board, clock: systemClock, log };
  const write = (...command: readonly string[]) => redis.command(command);
  return {
    ...{ server, redis, collectors, write },
    sampler: createSampler(parts),
    sent() {
      const seen = { commands, bursts };
      commands = [];
      bursts = 0;
      return seen;
    },
    async beat(fields = {}) {
      const beat = {
        service_id: "exit_brain",
        status: "ALIVE" as const,
        active_positions: 2,
        last_decision_ts: 1,
      };
      const rest = { latency_ms: 1, loop_cycle_ms: 1, ts: 1, instance_id: "i", seq: 1 };
      await write(
        "XADD",
        KEYS.heartbeatStream,
        "*",
        ...encodeFields(encodeHeartbeat({ ...beat, ...rest, ...fields })),
      );
    },
    async fault(symbol, reason = "SYMBOL_RATE_EXCEEDED") {
      const fields = { timestamp: "1", reason, symbol, side: "BUY", global_count: "3", symbol_count: "6" };
      const rest = {
        global_max: "20",
        symbol_max: "5",
        window_sec: "10",
        cooldown_sec: "300",
        router_pid: "1",
      };
      const all = { ...fields, ...rest, correlation_id: "c", trace_id: "t" };
      await write("XADD", KEYS.faultStream, "*", ...encodeFields(all));
      await write("HINCRBY", `${KEYS.statsPrefix}ai-strategy-router`, `fault:${symbol}:${reason}`, "1");
    },
    advance(ms) {
      aheadMs += ms;
    },
    metrics: () => registry.metrics(),
    async lines(prefix) {
      const text = await registry.metrics();
      return text.split("\n").filter((line) => line.startsWith(prefix));
    },
    async [Symbol.asyncDispose]() {
      await redis.close();
      await server[Symbol.asyncDispose]();
    },
  };
}
