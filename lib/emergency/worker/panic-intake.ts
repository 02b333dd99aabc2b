/**
 * Panics from the stream.
 *
 * 1. An entry is acknowledged when its panic is over and published, or was refused: never before.
 * 2. A Redis that dies while an entry is judged is no reason not to run it: the journal knows what was run.
 * 3. Nothing about an entry ends the process.
 */

import type { PanicEvent } from "../../contract/panic.ts";
import { panicEventSchema } from "../../contract/panic.ts";
import { within } from "../../daemon/within.ts";
import type { HandleOutcome } from "../../redis/consumer-options.ts";
import { isRedisTrouble } from "../../redis/redis-errors.ts";
import type { StreamEntry } from "../../redis/stream-entry.ts";
import { refusedCompletion } from "./build-completion.ts";
import type { Condition } from "./condition.ts";
import { decideIntake, type IntakeDecision } from "./decide-intake.ts";
import type { PanicBook } from "./panic-book.ts";
import type { PanicExecutor } from "./panic-executor.ts";
import type { isOver } from "./panic-memory.ts";
import type { PanicStore } from "./panic-store.ts";
import type { WorkerClock, WorkerLog } from "./worker-parts.ts";

/** Longest a panic waits for what Redis remembers of it, ms. */
const ASK_MS = 250;

export interface IntakeParts {
  readonly executor: Pick<PanicExecutor, "accept">;
  readonly store: Pick<PanicStore, "acknowledge" | "clearedThrough" | "processed" | "refuse">;
  readonly book: PanicBook;
  readonly changed: Condition;
  readonly clock: WorkerClock;
  readonly log: WorkerLog;
  readonly observe: { refused(reason: string): void };
}

export class PanicIntake {
  readonly #parts: IntakeParts;
  readonly #entries = new Map<string, Set<string>>();

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /** Entries of the panic stream that ask for this panic. */
  entriesOf(eventId: string): readonly string[] {
    return [...(this.#entries.get(eventId) ?? [])];
  }

  /** The consumer's handler, an entry at a time. Rejects with Redis errors alone. */
  async handle(entry: StreamEntry, signal: AbortSignal): Promise<HandleOutcome> {
    try {
      const event = panicEventSchema.safeParse(entry.fields);
      if (event.success) return await this.#take(entry.id, event.data, signal);
      const issue = event.error.issues[0];
      const why = `MALFORMED ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not a panic"}`;
      return await this.#refuse(entry, entry.fields["event_id"] ?? "", why);
    } catch (error) {
      if (isRedisTrouble(error)) throw error;
      this.#parts.log.error({ err: error, id: entry.id }, "a panic's entry could not be handled: again");
      return "later";
    }
  }

  async #take(id: string, event: PanicEvent, signal: AbortSignal): Promise<HandleOutcome> {
    const { executor, store, log } = this.#parts;
    const decision = await this.#decide(id, event);
    if (decision.kind === "refuse") {
      return this.#refuse({ id, fields: { reason: event.reason } }, event.event_id, decision.reason);
    }
    if (decision.kind === "run") {
      this.#attach(event.event_id, id);
      await executor.accept(event, "stream");
      if (!(await this.#published(event.event_id, signal))) return "later";
      this.#entries.delete(event.event_id);
    } else log.warn({ event_id: event.event_id, id }, "a panic that is over came again: not run");
    // The publication acknowledged it, unless it came while that was under way.
    await store.acknowledge(id);
    return "done";
  }

  async #decide(id: string, event: PanicEvent): Promise<IntakeDecision> {
    const { book } = this.#parts;
    const standing = book.memory.panics.get(event.event_id);
    const remembered = await this.#remembered(event.event_id);
    return decideIntake({
      done: remembered.done || (standing !== undefined && isPublished(standing)),
      known: standing !== undefined,
      id,
      installedBeforeMs: book.memory.installedBeforeRedisMs,
      installedThrough: book.memory.installedThrough,
      clearedThrough: remembered.clearedThrough,
    });
  }

  /** What Redis knows of it; nothing, when it cannot be asked. */
  async #remembered(
    eventId: string,
  ): Promise<{ readonly done: boolean; readonly clearedThrough: string | undefined }> {
    const { store, log, clock } = this.#parts;
    const ask = async <T>(question: Promise<T>): Promise<T | undefined> => {
      try {
        return await within(clock, ASK_MS, question);
      } catch (error) {
        log.warn(
          { err: error, event_id: eventId },
          "Redis could not be asked of the panic: the journal decides",
        );
        return undefined;
      }
    };
    const [processed, clearedThrough] = await Promise.all([
      ask(store.processed(eventId)),
      ask(store.clearedThrough()),
    ]);
    return { done: processed?.state === "DONE", clearedThrough };
  }

  async #refuse(entry: StreamEntry, eventId: string, why: string): Promise<HandleOutcome> {
    const { store, clock, log, observe } = this.#parts;
    await store.refuse(
      refusedCompletion(eventId, why, clock.nowMs()),
      entry.id,
      why === "HALT_CLEARED_SINCE",
    );
    observe.refused(why.split(" ", 1)[0] ?? "");
    log.error({ id: entry.id, event_id: eventId, why, fields: entry.fields }, "PANIC refused");
    return "done";
  }

  #attach(eventId: string, id: string): void {
    const ids = this.#entries.get(eventId) ?? new Set<string>();
    ids.add(id);
    this.#entries.set(eventId, ids);
  }

  /** False when the process drains before. */
  async #published(eventId: string, signal: AbortSignal): Promise<boolean> {
    const { book, changed } = this.#parts;
    for (;;) {
      const standing = book.memory.panics.get(eventId);
      if (standing !== undefined && isPublished(standing)) return true;
      if (signal.aborted) return false;
      await changed.wait(signal);
    }
  }
}

function isPublished(standing: Parameters<typeof isOver>[0]): boolean {
  return standing.completions.some(({ final, published }) => final && published);
}
