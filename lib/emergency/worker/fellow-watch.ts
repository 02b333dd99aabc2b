/**
 * Sees another worker that reads the same panics: each of the two would get some of them and run them beside the
 * other, on one account.
 *
 * 1. Two that are active are said by both: `/readyz`, `quantum_dependency_up`, a line. So one that is started beside a working one
 *    does not get READY, which its service manager reports as a failed start.
 * 2. It still runs what it is given: a panic that reached it is never left lying for the sake of order.
 * 3. One that died is forgotten after ACTIVE_WITHIN_MS, and its panics are claimed.
 */
import { GROUPS } from "../../contract/groups.ts";
import type { RedisConnection } from "../../redis/connection.ts";
import { isRedisTrouble } from "../../redis/redis-errors.ts";
import { integerReply, listReply, recordReply } from "../../redis/reply.ts";
import type { WorkerClock, WorkerLog } from "./worker-parts.ts";

const LOOK_EVERY_MS = 5000;
/** A start waits for the first look: the group is made a moment after the connection. */
const AGAIN_FIRST_MS = 2;
/** A reader comes back every second, also when nothing is there to read. */
const ACTIVE_WITHIN_MS = 10_000;

export interface FellowWatchParts {
  readonly redis: Pick<RedisConnection, "command" | "whenReady">;
  readonly stream: string;
  /** Our own name in the group. */
  readonly consumer: string;
  readonly clock: Pick<WorkerClock, "sleep">;
  readonly log: Pick<WorkerLog, "error" | "info">;
}

export class FellowWatch {
  readonly #parts: FellowWatchParts;
  /** undefined: not looked yet. */
  #fellows: readonly string[] | undefined;

  constructor(parts: FellowWatchParts) {
    this.#parts = parts;
  }

  /** For `/readyz`. */
  dependency(): { readonly name: string; readonly ok: boolean; readonly detail: string } {
    const detail =
      this.#fellows === undefined
        ? "not looked yet"
        : this.#fellows.join(", ") || "no other worker is active";
    return { name: "only worker", ok: this.#fellows?.length === 0, detail };
  }

  /** Until the signal aborts. What Redis does not answer leaves the view as it is. */
  async run(signal: AbortSignal): Promise<void> {
    const { redis, clock } = this.#parts;
    let againMs = AGAIN_FIRST_MS;
    while (!signal.aborted) {
      await redis.whenReady(signal);
      const seen = await this.#look();
      againMs = seen ? AGAIN_FIRST_MS : Math.min(2 * againMs, LOOK_EVERY_MS);
      await clock.sleep(seen ? LOOK_EVERY_MS : againMs, signal);
    }
  }

  async #look(): Promise<boolean> {
    const { redis, stream, consumer, log } = this.#parts;
    try {
      const reply = await redis.command(["XINFO", "CONSUMERS", stream, GROUPS.emergencyExitWorker]);
      const members = listReply(reply).map(recordReply);
      const fellows = members
        .filter(({ name, idle }) => name !== consumer && integerReply(idle) < ACTIVE_WITHIN_MS)
        .map(({ name }) => name ?? "");
      const before = this.#fellows?.length ?? 0;
      this.#fellows = fellows;
      if (fellows.length > 0 && before === 0) {
        log.error({ fellows }, "ANOTHER WORKER IS ACTIVE: panics are divided between the two");
      }
      if (fellows.length === 0 && before > 0) log.info({}, "the only active worker again");
      return true;
    } catch (error) {
      // A key of the wrong type is the consumer's to complain of.
      if (!isRedisTrouble(error)) throw error;
      return false;
    }
  }
}
