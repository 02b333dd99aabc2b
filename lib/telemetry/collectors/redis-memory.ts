import { textReply, UnexpectedReplyError } from "../../redis/reply.ts";
import type { Collector } from "../collector.ts";

export interface RedisMemoryState {
  readonly usedBytes: number;
  /** 0: no limit. */
  readonly maxBytes: number;
}

/** How full Redis is: at its limit it takes exits and what guards positions, and no entry. */
export const redisMemoryCollector: Collector<
  "quantum_redis_memory_used_bytes" | "quantum_redis_memory_max_bytes",
  RedisMemoryState
> = {
  name: "redis-memory",
  commands: () => [["INFO", "memory"]],
  decode(replies) {
    const text = textReply(replies.next());
    return { usedBytes: bytesIn(text, "used_memory"), maxBytes: bytesIn(text, "maxmemory") };
  },
  readings: ({ usedBytes, maxBytes }) => ({
    quantum_redis_memory_used_bytes: usedBytes,
    quantum_redis_memory_max_bytes: maxBytes === 0 ? Number.POSITIVE_INFINITY : maxBytes,
  }),
};

function bytesIn(text: string, field: string): number {
  const value = new RegExp(`^${field}:(\\d+)\r?$`, "m").exec(text)?.[1];
  if (value === undefined) throw new UnexpectedReplyError(`${field} of INFO memory`, text.length);
  return Number(value);
}
