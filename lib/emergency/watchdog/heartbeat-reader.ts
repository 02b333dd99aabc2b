import { type Heartbeat, heartbeatSchema } from "../../contract/heartbeat.ts";
import { createBackOff } from "../../redis/back-off.ts";
import { isBeforeId } from "../../redis/entry-order.ts";
import { isRedisError } from "../../redis/redis-errors.ts";
import type { RedisReply } from "../../redis/reply.ts";
import { decodeEntries, decodeReadReply, type StreamEntry } from "../../redis/stream-entry.ts";
import type { Random, RedisClock, RedisLog } from "../../redis/surroundings.ts";
import type { WireClient } from "../../redis/wire.ts";
import { openWireClient } from "../../redis/wire-client.ts";

/** A blocked read ends after this: how often we hear that Redis is there, and that there is no beat. */
const BLOCK_MS = 100;
/** Beyond BLOCK, until a server counts as hung: above a latency spike of a second, which is waited out. */
const DEADLINE_MS = 1400;
const CONNECT_DEADLINE_MS = 500;
/** The stream keeps about 1000: one page is all of it. */
const PAGE_ENTRIES = 1100;
/** Empty reads until the stream's end is compared with where we are: about a second. */
const EMPTY_READS_MAX = 10;

export interface HeartbeatReaderOptions {
  readonly url: string;
  readonly name: string;
  readonly stream: string;
  readonly clock: RedisClock;
  readonly random: Random;
  readonly log: RedisLog;
  /** The newest beat that lay in the stream at the start; called once, before any `onPage`. */
  onFound(beat: Heartbeat | undefined): void;
  /** Beats in stream order, also none: Redis has answered. */
  onPage(beats: readonly Heartbeat[]): void;
  /** An entry that is not a heartbeat. */
  onMalformed(entryId: string): void;
}

/**
 * Reads the heartbeat stream over a connection of its own until the signal aborts.
 *
 * 1. It starts at the stream's end and then misses nothing that Redis keeps: after a lost connection it goes
 *    on where it was.
 * 2. It never rejects for anything that Redis does: silence is its way of saying that Redis cannot be read.
 * 3. A stream that begins anew (DEL, a Redis restored to an older state) is followed from its new end.
 */
export async function readHeartbeats(options: HeartbeatReaderOptions, signal: AbortSignal): Promise<void> {
  const backOff = createBackOff({ firstMs: 25, maxMs: 200, random: options.random });
  const place: Place = { lastId: undefined };
  let said = "";
  while (!signal.aborted) {
    try {
      const wire = await openWireClient({
        url: options.url,
        name: options.name,
        connectDeadlineMs: CONNECT_DEADLINE_MS,
        socketTimeoutMs: 2 * (BLOCK_MS + DEADLINE_MS),
        signal,
      });
      try {
        await follow(options, { wire, place, signal, onReply: backOff.reset });
      } finally {
        wire.destroy();
      }
    } catch (error) {
      if (!isRedisError(error)) throw error;
      if (!signal.aborted && error.message !== said) {
        said = error.message;
        options.log.warn({ error: said }, "heartbeats cannot be read");
      }
    }
    await options.clock.sleep(backOff.next(), signal);
  }
}

interface Place {
  /** The last entry that was read; undefined before the stream was seen. */
  lastId: string | undefined;
}

interface Connection {
  readonly wire: WireClient;
  readonly place: Place;
  readonly signal: AbortSignal;
  onReply(): void;
}

async function follow(options: HeartbeatReaderOptions, connection: Connection): Promise<void> {
  const { wire, place, signal } = connection;
  const ask = (args: readonly string[]): Promise<RedisReply> => wire.send(args, BLOCK_MS + DEADLINE_MS);
  const newest = async (): Promise<StreamEntry | undefined> =>
    decodeEntries(await ask(["XREVRANGE", options.stream, "+", "-", "COUNT", "1"])).entries[0];
  if (place.lastId === undefined) {
    const entry = await newest();
    options.onFound(entry === undefined ? undefined : heartbeatOf(entry));
    place.lastId = entry?.id ?? "0-0";
  }
  let emptyReads = 0;
  while (!signal.aborted) {
    const how = ["COUNT", String(PAGE_ENTRIES), "BLOCK", String(BLOCK_MS)];
    const page = decodeReadReply(await ask(["XREAD", ...how, "STREAMS", options.stream, place.lastId]));
    connection.onReply();
    options.onPage(beatsOf(page.entries, options));
    place.lastId = page.lastId ?? place.lastId;
    emptyReads = page.entries.length === 0 ? emptyReads + 1 : 0;
    if (emptyReads < EMPTY_READS_MAX) continue;
    emptyReads = 0;
    const newestId = (await newest())?.id ?? "0-0";
    if (isBeforeId(newestId, place.lastId)) place.lastId = newestId;
  }
}

function beatsOf(entries: readonly StreamEntry[], options: HeartbeatReaderOptions): readonly Heartbeat[] {
  return entries.flatMap((entry) => {
    const beat = heartbeatOf(entry);
    if (beat === undefined) options.onMalformed(entry.id);
    return beat === undefined ? [] : [beat];
  });
}

function heartbeatOf(entry: StreamEntry): Heartbeat | undefined {
  const parsed = heartbeatSchema.safeParse(entry.fields);
  return parsed.success ? parsed.data : undefined;
}
