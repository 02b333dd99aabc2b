import { join } from "node:path";
import { ensureLibrary } from "../../lib/kernel/library.ts";
import type { RedisConnection } from "../../lib/redis/connection.ts";
import { connectRedisOver } from "../../lib/redis/lasting-connection.ts";
import { openPlainWire } from "../../lib/redis/plain-wire.ts";
import { type RedisEye, type RedisProcess, startRedis } from "../stack/redis-process.ts";
import { openRawRedis, type RawRedis } from "./drive/raw-redis.ts";
import { benchClock, quietLog } from "./surroundings.ts";

/** How long to measure: quick for a look, full for the report, long where a size takes minutes to reach. */
export type Effort = "quick" | "full" | "long";

/** Where a benchmark works: a folder of its own, and what it starts is ended with it. */
export interface Workbench {
  readonly folder: string;
  readonly effort: Effort;
  /** Folder with the compiled binaries. */
  readonly binaries: string;
  /** Runs when the benchmark has ended, last come first, also after a failure. */
  defer(end: () => void | Promise<void>): void;
}

/** A private Redis with the kernel loaded, and three ways to it. */
export interface BenchRedis {
  readonly process: RedisProcess;
  /** For arranging and looking. */
  readonly eye: RedisEye;
  /** The connection that the router uses. */
  readonly connection: RedisConnection;
  readonly raw: RawRedis;
  /** Empties it; the function library stays. */
  flush(): Promise<void>;
}

/** A workbench with its end, which may be asked for by several and comes once. */
export function openWorkbench(options: Omit<Workbench, "defer">): Workbench & AsyncDisposable {
  const ends: (() => void | Promise<void>)[] = [];
  let ending: Promise<void> | undefined;
  const endAll = async () => {
    for (let end = ends.pop(); end !== undefined; end = ends.pop()) await end();
  };
  return {
    ...options,
    defer: (end) => void ends.push(end),
    [Symbol.asyncDispose]: () => {
      ending ??= endAll();
      return ending;
    },
  };
}

/** Starts Redis for a benchmark, append-only file on, the kernel's functions loaded. */
export async function startBenchRedis(
  bench: Workbench,
  appendfsync: "always" | "everysec",
): Promise<BenchRedis> {
  // A rewrite of the append-only file in the middle of a round would be a figure of its own.
  const extra = ["--auto-aof-rewrite-percentage", "0"];
  const process = await startRedis({ folder: join(bench.folder, appendfsync), appendfsync, extra });
  bench.defer(async () => void (await process.process().stop()));
  const eye = await process.eye();
  bench.defer(eye.close);
  const connection = connectRedisOver(openPlainWire, {
    url: process.url,
    name: "bench",
    // Long enough that a round on a busy machine is slow and not broken.
    deadlineMs: 10_000,
    ...{ clock: benchClock, random: Math.random, log: quietLog },
    onConnected: ensureLibrary,
  });
  bench.defer(() => connection.close());
  await connection.whenReady();
  const raw = await openRawRedis(process.socketPath);
  bench.defer(raw.close);
  const flush = async () => void (await eye.command("FLUSHALL", "SYNC"));
  return { process, eye, connection, raw, flush };
}
