import { systemClock } from "../../lib/daemon/clock.ts";
import { connectRedis, type RedisConnection } from "../../lib/redis/connection.ts";
import type { ConsumerStatus, StreamConsumerOptions } from "../../lib/redis/consumer-options.ts";
import { createStreamConsumer } from "../../lib/redis/stream-consumer.ts";
import type { StreamEntry } from "../../lib/redis/stream-entry.ts";
import { keptLog } from "./quiet-log.ts";
import type { RedisServer } from "./redis-server.ts";

export const MEMBER = { stream: "s", group: "g", consumer: "me" };

export interface Consuming extends AsyncDisposable {
  readonly redis: RedisConnection;
  /** Values of the field `n`, in the order of handing out. */
  readonly handed: string[];
  readonly batches: number[];
  readonly lost: string[];
  readonly stateLost: () => number;
  readonly progress: () => number;
  readonly status: () => ConsumerStatus;
  /** What `run` rejected with, if it did. */
  readonly failure: () => unknown;
  stop(): Promise<void>;
}

/**
 * A consumer of its own process, so to speak: own connections, acknowledging handler unless said otherwise. `deadlineMs`: of the
 * handler's commands, for a server that hangs.
 */
export function consume(
  server: RedisServer,
  options: Partial<StreamConsumerOptions> = {},
  deadlineMs = 20_000,
): Consuming {
  const log = keptLog();
  const random = Math.random;
  const common = { url: server.url, clock: systemClock, random, log };
  const redis = connectRedis({ ...common, name: "test", deadlineMs });
  const stopping = new AbortController();
  const handed: string[] = [];
  const batches: number[] = [];
  const lost: string[] = [];
  let stateLost = 0;
  let progress = 0;
  let failure: unknown;
  const handle = options.handle ?? ((entries) => acknowledge(redis, entries));
  const consumer = createStreamConsumer({
    ...common,
    ...MEMBER,
    redis,
    handOut: "entry",
    batchMax: 100,
    inFlightMax: 100,
    staleIdleMs: 60_000,
    progress: () => {
      progress += 1;
    },
    onLost: async (ids) => {
      lost.push(...ids);
    },
    onStateLost: () => {
      stateLost += 1;
    },
    ...options,
    handle(entries, context) {
      batches.push(entries.length);
      handed.push(...entries.map((entry) => entry.fields["n"] ?? ""));
      return handle(entries, context);
    },
  });
  const running = consumer.run(stopping.signal).catch((error: unknown) => {
    failure = error;
  });
  const stop = async () => {
    stopping.abort();
    await running;
    await redis.close();
  };
  return {
    redis,
    handed,
    batches,
    lost,
    stateLost: () => stateLost,
    progress: () => progress,
    status: () => consumer.status(),
    failure: () => failure,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Acknowledges and is done. */
export async function acknowledge(redis: RedisConnection, entries: readonly StreamEntry[]): Promise<"done"> {
  await redis.command(["XACK", MEMBER.stream, MEMBER.group, ...entries.map((entry) => entry.id)]);
  return "done";
}

/** Appends entries with the field `n` counting up. */
export async function append(server: RedisServer, from: number, count: number): Promise<void> {
  const script = "for i=0,ARGV[2]-1 do redis.call('XADD',KEYS[1],'*','n',ARGV[1]+i) end";
  await server.cli("EVAL", script, "1", MEMBER.stream, String(from), String(count));
}

/** What `append` wrote, in order. */
export const numbers = (from: number, count: number) =>
  Array.from({ length: count }, (_, at) => String(from + at));

/** Of the whole group. */
export const pendingCount = async (server: RedisServer): Promise<number> =>
  Number((await server.cli("XPENDING", MEMBER.stream, MEMBER.group)).split("\n")[0]);

/** Has entries delivered to a consumer that never handled them. */
export async function deliverTo(server: RedisServer, consumer: string, count: number): Promise<void> {
  await server.cli("XGROUP", "CREATE", MEMBER.stream, MEMBER.group, "0", "MKSTREAM");
  const read = ["GROUP", MEMBER.group, consumer, "COUNT", String(count), "STREAMS", MEMBER.stream, ">"];
  await server.cli("XREADGROUP", ...read);
}
