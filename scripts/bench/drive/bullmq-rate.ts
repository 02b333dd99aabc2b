import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { lastLines, startProcess } from "../../stack/child-process.ts";
import { waitFor } from "../../stack/wait-for.ts";
import { BULLMQ_QUEUES } from "../peers/bullmq-queues.ts";
import type { BenchRedis, Workbench } from "../workbench.ts";

const PROGRAM = fileURLToPath(new URL("../peers/bullmq-program.ts", import.meta.url));
/** Jobs a call when the queue is filled, which is not measured. */
const BULK = 1000;
const PATIENCE = { timeoutMs: 60_000, everyMs: 20 } as const;

/** Decisions a second from queue to queue: taken, decided, added to the second. Once warm; in an emptied Redis. */
export async function bullmqRate(
  bench: Workbench,
  redis: BenchRedis,
  drain: {
    readonly concurrency: number;
    readonly warmUp: readonly (readonly string[])[];
    readonly entries: readonly (readonly string[])[];
  },
): Promise<number> {
  await redis.flush();
  const connection = new Redis({ path: redis.process.socketPath, maxRetriesPerRequest: null });
  const decisions = new Queue(BULLMQ_QUEUES.decisions, { connection, skipVersionCheck: true });
  const worker = startProcess({
    name: "bullmq",
    command: ["bun", PROGRAM, redis.process.socketPath, String(drain.concurrency)],
    env: {},
    logFile: join(bench.folder, "bullmq.log"),
  });
  bench.defer(async () => void (await worker.stop()));
  try {
    await drainQueue(redis, decisions, drain.warmUp);
    const elapsedMs = await drainQueue(redis, decisions, drain.entries);
    return (drain.entries.length / elapsedMs) * 1000;
  } catch (cause) {
    throw new Error(`BullMQ did not drain; its last lines:\n${lastLines(worker)}`, { cause });
  } finally {
    await worker.stop();
    await decisions.close();
    connection.disconnect();
  }
}

/** From the moment the full queue is opened to the last intent, ms. */
async function drainQueue(
  redis: BenchRedis,
  decisions: Queue,
  entries: readonly (readonly string[])[],
): Promise<number> {
  const waiting = `bull:${BULLMQ_QUEUES.intents}:wait`;
  const length = async () => Number(await redis.eye.command("LLEN", waiting));
  const total = (await length()) + entries.length;
  await decisions.pause();
  for (let at = 0; at < entries.length; at += BULK) {
    await decisions.addBulk(
      entries.slice(at, at + BULK).map((fields) => ({ name: "d", data: record(fields) })),
    );
  }
  const opened = performance.now();
  await decisions.resume();
  await waitFor("every decision is in the second queue", async () => (await length()) === total, PATIENCE);
  return performance.now() - opened;
}

function record(fields: readonly string[]): Readonly<Record<string, string>> {
  const pairs = fields.flatMap((name, at) => (at % 2 === 0 ? [[name, fields[at + 1] ?? ""]] : []));
  return Object.fromEntries(pairs);
}
