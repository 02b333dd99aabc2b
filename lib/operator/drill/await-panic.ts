import { panicEventSchema } from "../../contract/panic.ts";
import { entryTimeMs } from "../../redis/entry-time.ts";
import { decodeEntries } from "../../redis/stream-entry.ts";
import type { CommandContext } from "../command-context.ts";
import { entriesAfter } from "../read-streams.ts";

/** Long enough for somebody to stop the exit brain by hand in another terminal, ms. */
const WAIT_MS = 120_000;
const POLL_MS = 50;

interface WatchdogPanic {
  readonly eventId: string;
  readonly reason: string;
  readonly entryId: string;
  /** Redis' time of its entry. */
  readonly atMs: number;
  /** Since the last heartbeat before it, by Redis' clock; null where there was none. */
  readonly afterBeatMs: number | null;
}

/** The next panic of the watchdog after an entry of the panic stream; undefined when none came. */
export async function awaitPanic(
  context: CommandContext,
  afterId: string,
): Promise<WatchdogPanic | undefined> {
  const { redis, keys, clock, signal } = context;
  const until = clock.monotonicMs() + WAIT_MS;
  let after = afterId;
  while (clock.monotonicMs() < until && !signal.aborted) {
    for (const { id, fields } of await entriesAfter(redis, keys.panicStream, { id: after, count: 100 })) {
      after = id;
      const event = panicEventSchema.safeParse(fields).data;
      if (event?.issued_by !== "watchdog") continue;
      const reply = await redis.command(["XREVRANGE", keys.heartbeatStream, `(${id}`, "-", "COUNT", "1"]);
      const beat = decodeEntries(reply).entries[0];
      const afterBeatMs = beat === undefined ? null : entryTimeMs(id) - entryTimeMs(beat.id);
      return {
        eventId: event.event_id,
        reason: event.reason,
        entryId: id,
        atMs: entryTimeMs(id),
        afterBeatMs,
      };
    }
    await clock.sleep(POLL_MS, signal);
  }
  return undefined;
}
