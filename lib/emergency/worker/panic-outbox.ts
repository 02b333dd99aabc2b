/**
 * What Redis has not taken yet: halts and completions, given to it in the order in which they happened.
 *
 * 1. Nothing is lost while Redis is away: it is in the journal until Redis has confirmed it.
 * 2. `flush` never rejects, and ends within two of the connection's deadlines.
 */
import { isRedisOutage } from "../../redis/redis-errors.ts";
import type { Condition } from "./condition.ts";
import type { PanicBook } from "./panic-book.ts";
import { type CompletionMemory, joinedTo, type PanicStanding } from "./panic-memory.ts";
import type { PanicStore } from "./panic-store.ts";
import type { WorkerClock, WorkerLog } from "./worker-parts.ts";

const RETRY_EVERY_MS = 250;

interface OutboxParts {
  readonly store: Pick<PanicStore, "halt" | "publish">;
  readonly book: PanicBook;
  readonly clock: WorkerClock;
  readonly log: WorkerLog;
  /** Rung whenever Redis took something. */
  readonly changed: Condition;
  /** Entries of the panic stream that ask for this panic. */
  entriesOf(eventId: string): readonly string[];
}

export class PanicOutbox {
  readonly #parts: OutboxParts;
  #flushing: Promise<void> | undefined;
  #complaint = "";

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  /** Halts and completions that wait for Redis. */
  waiting(): number {
    let count = 0;
    for (const standing of this.#parts.book.memory.panics.values()) {
      if (this.#owesHalt(standing)) count += 1;
      count += standing.completions.filter(({ published }) => !published).length;
    }
    return count;
  }

  /** Gives Redis what it can take now. */
  async flush(): Promise<void> {
    // One that runs may have passed what was added since.
    if (this.#flushing !== undefined) await this.#flushing;
    this.#flushing ??= this.#flushAll().finally(() => {
      this.#flushing = undefined;
    });
    await this.#flushing;
  }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.waiting() > 0) await this.flush();
      await this.#parts.clock.sleep(RETRY_EVERY_MS, signal);
    }
  }

  async #flushAll(): Promise<void> {
    try {
      for (const standing of [...this.#parts.book.memory.panics.values()]) await this.#flushOne(standing);
      this.#complaint = "";
    } catch (error) {
      this.#complain(error);
    }
  }

  async #flushOne(standing: PanicStanding): Promise<void> {
    await this.#giveHalt(standing);
    for (const one of [...standing.completions]) {
      if (!one.published) await this.#givePublication(standing, one);
    }
  }

  async #giveHalt(standing: PanicStanding): Promise<void> {
    if (!this.#owesHalt(standing)) return;
    const { store, book, changed, clock } = this.#parts;
    const event_id = standing.event.event_id;
    await this.#unlessRefused(async () => {
      const joined = joinedTo(book.memory, event_id).length;
      const given = await store.halt(standing.event, standing.acceptedMs);
      if (given === "anew") standing.haltsAnew += 1;
      // One that joined meanwhile asks for a halt that is given after it came.
      if (joinedTo(book.memory, event_id).length > joined) return;
      await book.write({ type: "halt_confirmed", event_id, at_ms: clock.nowMs() });
    });
    changed.notifyAll();
  }

  async #givePublication(standing: PanicStanding, one: CompletionMemory): Promise<void> {
    const { store, book, changed } = this.#parts;
    const event_id = standing.event.event_id;
    const { completion, final } = one;
    await this.#unlessRefused(async () => {
      const haltTaken = standing.joins === null && standing.haltConfirmed && book.memory.halted;
      const acks = this.#parts.entriesOf(event_id);
      const given = await store.publish({ completion, final, acks, haltTaken });
      if (given === "halt-lost") {
        standing.haltConfirmed = false;
        await this.#giveHalt(standing);
        await store.publish({ completion, final, acks, haltTaken: false });
      }
      await book.write({ type: "published", event_id, final });
    });
    changed.notifyAll();
  }

  /** What Redis refuses for a reason of its own (a key of the wrong type) must not hold up the rest. */
  async #unlessRefused(give: () => Promise<void>): Promise<void> {
    try {
      await give();
    } catch (error) {
      if (isRedisOutage(error)) throw error;
      this.#complain(error);
    }
  }

  #owesHalt(standing: PanicStanding): boolean {
    return standing.joins === null && !standing.haltConfirmed;
  }

  /** Once a reason: it is tried four times a second. */
  #complain(error: unknown): void {
    const words = error instanceof Error ? error.message : String(error);
    if (words === this.#complaint) return;
    this.#complaint = words;
    this.#parts.log.error({ err: error, waiting: this.waiting() }, "Redis does not take the panic's records");
  }
}
