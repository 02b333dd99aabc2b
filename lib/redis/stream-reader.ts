import { decodeReadReply, type StreamPage } from "./stream-entry.ts";
import type { OpenWire } from "./wire.ts";

/**
 * Blocking reads of new entries, on a connection of their own: a blocked connection answers nothing else.
 *
 * Good for one connection's life. After any failure, and after `destroy`, entries may have been delivered
 * to the consumer without having been seen here: they are pending, so own pending must be read again.
 */
export interface StreamReader {
  /**
   * Up to `count` entries that nobody in the group was given yet; an empty page after BLOCK. Rejects with
   * RedisOutcomeUnknownError when the server hangs or is lost, RedisReplyError for NOGROUP and the like.
   */
  readNew(count: number): Promise<StreamPage>;
  /** Ends a blocked read at once; QUIT would wait behind it. */
  destroy(): void;
}

export interface StreamReaderOptions {
  readonly openWire: OpenWire;
  readonly url: string;
  readonly name: string;
  readonly stream: string;
  readonly group: string;
  readonly consumer: string;
  /** Beyond BLOCK, until the server counts as hung. Default 500. */
  readonly deadlineMs?: number;
  /** Default 1000: a loop that cycles once a second shows that it is alive. */
  readonly blockMs?: number;
}

/** Connects. Rejects with a Redis error within the deadline. */
export async function openStreamReader(options: StreamReaderOptions): Promise<StreamReader> {
  const { openWire, stream, group, consumer, deadlineMs = 500, blockMs = 1000 } = options;
  const wire = await openWire({
    url: options.url,
    name: options.name,
    connectDeadlineMs: deadlineMs,
    socketTimeoutMs: 2 * (blockMs + deadlineMs),
  });
  return {
    destroy: wire.destroy,
    async readNew(count) {
      const who = ["GROUP", group, consumer, "COUNT", String(count), "BLOCK", String(blockMs)];
      const reply = await wire.send(["XREADGROUP", ...who, "STREAMS", stream, ">"], blockMs + deadlineMs);
      return decodeReadReply(reply);
    },
  };
}
