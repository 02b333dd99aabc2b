/**
 * Keeps halt file and Redis together, and sees an operator's reset by redis-cli.
 */
import type { Keys } from "../../contract/keys.ts";
import type { RedisConnection } from "../../redis/connection.ts";
import type { HaltMarker } from "../halt-marker.ts";
import { decideHaltSync } from "./decide-halt-sync.ts";
import type { PanicBook } from "./panic-book.ts";
import type { PanicExecutor } from "./panic-executor.ts";
import { lastRun } from "./panic-memory.ts";
import type { PanicStore } from "./panic-store.ts";
import type { WorkerClock, WorkerLog } from "./worker-parts.ts";

const EVERY_MS = 500;

export interface HaltWatchParts {
  readonly redis: Pick<RedisConnection, "state">;
  readonly store: Pick<PanicStore, "haltReading">;
  readonly keys: Keys;
  readonly book: PanicBook;
  readonly marker: HaltMarker;
  readonly executor: Pick<PanicExecutor, "running" | "runsLate" | "abandon">;
  readonly clock: WorkerClock;
  readonly log: WorkerLog;
}

/** Until the signal aborts. Never rejects. */
export async function watchHalt(parts: HaltWatchParts, signal: AbortSignal): Promise<void> {
  const { redis, clock, log } = parts;
  let complaint = "";
  while (!signal.aborted) {
    try {
      if (redis.state.kind === "ready") await syncHalt(parts);
      complaint = "";
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      if (words !== complaint) log.warn({ err: error }, "halt file and Redis could not be brought together");
      complaint = words;
    }
    await clock.sleep(EVERY_MS, signal);
  }
}

/** One look, and what it asks for. Rejects with Redis errors and what the file system says. */
export async function syncHalt(parts: HaltWatchParts): Promise<void> {
  const { book, marker, log, keys, executor } = parts;
  const last = lastRun(book.memory);
  const haltStands = book.memory.halted;
  const reading = await parts.store.haltReading(haltStands ? last?.event.event_id : undefined);
  // A panic that came in, or a reset, while Redis was asked: what was read is of no use.
  if (lastRun(book.memory) !== last || book.memory.halted !== haltStands) return;
  const action = decideHaltSync({
    reading,
    file: marker.standing(),
    running: executor.running() === undefined ? "no" : executor.runsLate() ? "late" : "in time",
    haltStands,
    haltConfirmed: last?.haltConfirmed ?? true,
  });
  if (action === "put-file") {
    marker.put(last === undefined || !haltStands ? "halted in Redis" : last.event.event_id);
    // After the act: a disk that takes no file would be told of twice a second, as if it had.
    log.warn({}, "halted, and there was no halt file: it is put");
  } else if (action === "write-again") {
    log.error({ key: keys.tradingState }, "Redis has lost the panic: the halt is written again");
    if (last !== undefined) last.haltConfirmed = false;
  } else if (action === "abandon") {
    log.error(
      { by: reading.clearedBy },
      "the halt was cleared while a panic is not flat: an operator takes over",
    );
    executor.abandon(reading.clearedBy);
  } else if (action === "accept-reset") {
    log.warn({ key: keys.tradingState }, "an operator has reset the halt in Redis: the halt file goes");
    // In the breath of the decision: a panic that comes in during a wait must find its own file standing. When it
    // was reset is not known, so no panic is held to be older than it.
    marker.takeOwn();
    const by = reading.clearedBy === "" ? "redis-cli" : reading.clearedBy;
    await book.write({ type: "cleared", at_redis_ms: 0, by, why: "seen in Redis" });
  }
}
