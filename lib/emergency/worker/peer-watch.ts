/**
 * Sees another worker that reads the same panics: each of the two would get some of them and run them beside the
 * other, on one account.
 *
 * 1. Two that are active are said by both: `/readyz`, `quantum_dependency_up`, a line. So one that is started beside a working one
 *    does not get READY, which its service manager reports as a failed start.
 * 2. It still runs what it is given: a panic that reached it is never left lying for the sake of order.
 * 3. Active is who has come back to read since we first looked; a dead one is told from it within JUDGED_AFTER_MS.
 */
import { GROUPS } from "../../contract/groups.ts";
import type { RedisConnection } from "../../redis/connection.ts";
import { isRedisTrouble } from "../../redis/redis-errors.ts";
import { integerReply, listReply, recordReply } from "../../redis/reply.ts";
import type { WorkerClock, WorkerLog } from "./worker-parts.ts";

const LOOK_EVERY_MS = 5000;
const UNDECIDED_EVERY_MS = 250;
/** A start waits for the first look: the group is made a moment after the connection. */
const AGAIN_FIRST_MS = 2;
/** A reader comes back every second, also when nothing is there to read. */
const JUDGED_AFTER_MS = 2500;
const GONE_AFTER_MS = 10_000;
/** A reply of Redis may be so late: by as much an old reading looks newer than it is. */
const REPLY_MS_MAX = 500;

export interface PeerWatchParts {
  readonly redis: Pick<RedisConnection, "command" | "whenReady">;
  readonly stream: string;
  /** Our own name in the group. */
  readonly consumer: string;
  readonly clock: Pick<WorkerClock, "monotonicMs" | "sleep">;
  readonly log: Pick<WorkerLog, "error" | "info">;
}

interface Seen {
  /** When we first looked, and when it last read by then; monotonic ms. */
  readonly sinceMs: number;
  readonly lastMs: number;
}

export class PeerWatch {
  readonly #parts: PeerWatchParts;
  /** Members of the group that have read lately, by name; undefined: not looked yet. */
  #seen: ReadonlyMap<string, Seen> | undefined;
  #active: readonly string[] = [];

  constructor(parts: PeerWatchParts) {
    this.#parts = parts;
  }

  /** For `/readyz`. */
  dependency(): { readonly name: string; readonly ok: boolean; readonly detail: string } {
    const name = "only worker";
    if (this.#active.length > 0) return { name, ok: false, detail: `${this.#active.join(", ")} is active` };
    if (this.#isUndecided()) return { name, ok: false, detail: "looking" };
    return { name, ok: true, detail: "no other worker is active" };
  }

  /** Until the signal aborts. What Redis does not answer leaves the view as it is. */
  async run(signal: AbortSignal): Promise<void> {
    const { redis, clock } = this.#parts;
    let againMs = AGAIN_FIRST_MS;
    while (!signal.aborted) {
      await redis.whenReady(signal);
      const looked = await this.#look();
      againMs = looked ? AGAIN_FIRST_MS : Math.min(2 * againMs, LOOK_EVERY_MS);
      const nextMs = this.#isUndecided() ? UNDECIDED_EVERY_MS : LOOK_EVERY_MS;
      await clock.sleep(looked ? nextMs : againMs, signal);
    }
  }

  #isUndecided(): boolean {
    if (this.#seen === undefined) return true;
    const nowMs = this.#parts.clock.monotonicMs();
    return [...this.#seen.values()].some(({ sinceMs }) => nowMs - sinceMs < JUDGED_AFTER_MS);
  }

  async #look(): Promise<boolean> {
    const { redis, stream, consumer, clock } = this.#parts;
    try {
      const reply = await redis.command(["XINFO", "CONSUMERS", stream, GROUPS.emergencyExitWorker]);
      const nowMs = clock.monotonicMs();
      const members = listReply(reply).map(recordReply);
      const lately = members
        .map(({ name = "", idle }) => ({ name, idleMs: integerReply(idle) }))
        .filter(({ name, idleMs }) => name !== consumer && idleMs < GONE_AFTER_MS);
      const before = this.#seen;
      this.#seen = new Map(
        lately.map(({ name, idleMs }) => {
          const sinceMs = before?.get(name)?.sinceMs ?? nowMs;
          return [name, { sinceMs, lastMs: nowMs - idleMs }];
        }),
      );
      this.#judge();
      return true;
    } catch (error) {
      // A key of the wrong type is the consumer's to complain of.
      if (!isRedisTrouble(error)) throw error;
      return false;
    }
  }

  #judge(): void {
    const { log } = this.#parts;
    const wasAlone = this.#active.length === 0;
    this.#active = [...(this.#seen ?? [])]
      .filter(([, { sinceMs, lastMs }]) => lastMs > sinceMs + REPLY_MS_MAX)
      .map(([name]) => name);
    if (wasAlone && this.#active.length > 0) {
      log.error({ peers: this.#active }, "ANOTHER WORKER IS ACTIVE: panics are divided between the two");
    }
    if (!wasAlone && this.#active.length === 0) log.info({}, "the only active worker again");
  }
}
