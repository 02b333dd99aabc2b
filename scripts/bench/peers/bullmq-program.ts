/**
 * A router out of BullMQ: a worker takes decisions from one queue, decodes and decides as our router does, and adds
 * what it admits to another queue under its intent id, which that queue takes once.
 *
 *   bun bullmq-program.ts SOCKET CONCURRENCY
 */
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { z } from "zod";
import { entryOf } from "./admit-decision.ts";
import { BULLMQ_QUEUES } from "./bullmq-queues.ts";

const fieldsSchema = z.record(z.string(), z.string());

function startWorker(socketPath: string, concurrency: number): void {
  const connect = (autoPipelining: boolean) =>
    new Redis({ path: socketPath, maxRetriesPerRequest: null, enableAutoPipelining: autoPipelining });
  const intents = new Queue(BULLMQ_QUEUES.intents, { connection: connect(true), skipVersionCheck: true });
  const worker = new Worker(
    BULLMQ_QUEUES.decisions,
    async (job) => {
      const request = entryOf(job.id ?? "", fieldsSchema.parse(job.data));
      await intents.add("intent", { data: request.document }, { jobId: request.intentId });
    },
    {
      connection: connect(false),
      concurrency,
      // As its documents advise where jobs are many: keep none that is done, no lock checks between.
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
      skipStalledCheck: true,
      skipVersionCheck: true,
    },
  );
  worker.on("error", (error) => void process.stderr.write(`${error.message}\n`));
  worker.on("failed", (_job, error) => void process.stderr.write(`${error.message}\n`));
  process.on("SIGTERM", () => process.exit(0));
}

const [socketPath = "", concurrency = "64"] = process.argv.slice(2);
startWorker(socketPath, Number(concurrency));
