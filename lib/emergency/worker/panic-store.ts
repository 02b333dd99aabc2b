/**
 * The panics in Redis: `system:state:trading`, `system:panic_close:processed`, completions, acknowledgements.
 *
 * 1. A completion is published once: entry, processed state and acknowledgements are one transaction, guarded by
 *    WATCH against a transaction of ours whose reply never came and that the server ran late.
 * 2. The halt is written as one transaction with the panic's STARTED, and never over a DONE.
 * 3. Everything rejects with a Redis error within the connection's deadline.
 *
 * The connection must be this store's alone: another's EXEC would end its WATCH.
 */

import { z } from "zod";
import { encodeAuditEntry } from "../../contract/audit-entry.ts";
import { GROUPS } from "../../contract/groups.ts";
import { parseJson } from "../../contract/json-text.ts";
import type { Keys } from "../../contract/keys.ts";
import { encodePanicCompletion, type PanicCompletion, type PanicEvent } from "../../contract/panic.ts";
import { clearedHalt, clearedThroughOf } from "../../contract/trading-state.ts";
import type { RedisCommands } from "../../redis/connection.ts";
import { isBeforeId } from "../../redis/entry-order.ts";
import { NO_ENTRY, newestEntryId } from "../../redis/newest-entry-id.ts";
import { RedisReplyError } from "../../redis/redis-errors.ts";
import { listReply, optionalTextReply, recordReply, UnexpectedReplyError } from "../../redis/reply.ts";
import { decodeEntries, encodeFields } from "../../redis/stream-entry.ts";
import { transaction } from "../../redis/transaction.ts";
import type { HaltReading } from "./decide-halt-sync.ts";

/** What stands in `processed`; what is not of this shape is nothing. */
const processedSchema = z.object({
  state: z.enum(["STARTED", "DONE"]),
  completions: z.array(z.string()).default([]),
});
export type Processed = z.output<typeof processedSchema>;

/** Attempts of a transaction whose WATCH was touched: only this process writes the key. */
const ATTEMPTS_MAX = 5;
/** Panics before a clearing that are looked through for one that comes by another way. */
const LOOK_BACK_ENTRIES = 100;

export interface Publication {
  readonly completion: PanicCompletion;
  readonly final: boolean;
  /** Entries of the panic stream that this ends. */
  readonly acks: readonly string[];
  /** Redis has taken this panic's halt before, and nobody cleared it. */
  readonly haltTaken: boolean;
}

export interface HaltClearing {
  readonly who: string;
  readonly why: string;
  readonly instance: string;
  /** Also while a panic is not answered. */
  readonly force: boolean;
  /** Whether a halt stands: where none does there is nothing to write down as cleared. */
  readonly stands: boolean;
}

export class PanicStore {
  readonly #redis: RedisCommands;
  readonly #keys: Keys;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(redis: RedisCommands, keys: Keys) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /** Entries may be opened no more. Safe to repeat. `anew`: until now they could be. */
  halt(event: PanicEvent, atMs: number): Promise<"stood" | "anew"> {
    const { tradingState, panicProcessed } = this.#keys;
    const fields = {
      ...{ halted: "true", reason: event.reason, source: event.issued_by, event_id: event.event_id },
      ...{ ts: String(atMs), positions_closed: "0", requires_manual_reset: "true" },
    };
    const started = JSON.stringify({ state: "STARTED", ts_started: atMs, completions: [] });
    return this.#alone(() =>
      this.#haltCommands([
        ["HGET", tradingState, "halted"],
        ["HSET", tradingState, ...encodeFields(fields)],
        ["HDEL", tradingState, "cleared_by", "cleared_at"],
        ["HSETNX", panicProcessed, event.event_id, started],
      ]),
    );
  }

  /**
   * Publishes unless that was done before. `halt-lost`: Redis does not know the panic whose halt it took, so it was
   * emptied or rolled back since; nothing is published before it is halted again.
   */
  publish(publication: Publication): Promise<"published" | "halt-lost"> {
    return this.#alone(async () => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await this.#publishOnce(publication);
        } catch (error) {
          if (!(error instanceof UnexpectedReplyError) || attempt >= ATTEMPTS_MAX) throw error;
        }
      }
    });
  }

  /** Records a refusal, and acknowledges the entry it came by. `over`: the panic is answered, whichever way it comes again. */
  refuse(completion: PanicCompletion, ack: string | undefined, over = false): Promise<void> {
    const { event_id, status } = completion;
    const done = JSON.stringify({ state: "DONE", status, completions: [status] });
    return this.#alone(async () => {
      await transaction(this.#redis, [
        this.#append(completion),
        ...(over ? [["HSETNX", this.#keys.panicProcessed, event_id, done]] : []),
        ...this.#ackCommands(ack ? [ack] : []),
      ]);
    });
  }

  /** Whether an operator has cleared a halt after this panic had come into the stream. */
  async isCleared(eventId: string): Promise<boolean> {
    const through = await this.clearedThrough();
    if (through === undefined) return false;
    const before = ["XREVRANGE", this.#keys.panicStream, through, "-", "COUNT", String(LOOK_BACK_ENTRIES)];
    const { entries } = decodeEntries(await this.#alone(() => this.#redis.command(before)));
    return entries.some(({ fields }) => fields["event_id"] === eventId);
  }

  acknowledge(id: string): Promise<void> {
    return this.#alone(async () => {
      await this.#redis.command(["XACK", this.#keys.panicStream, GROUPS.emergencyExitWorker, id]);
    });
  }

  /** The fields of `system:state:trading`. Rejects with WRONGTYPE when it is not a hash. */
  tradingState(): Promise<Readonly<Record<string, string>>> {
    return this.#alone(async () =>
      recordReply(await this.#redis.command(["HGETALL", this.#keys.tradingState])),
    );
  }

  /**
   * An operator's reset and its audit entry, as one. Returns the Redis server's time, epoch ms. `unanswered`: the
   * stream holds a panic that the worker has not ended or refused yet, so nothing was cleared; not when forced.
   * `nothing`: no halt stands and no panic waits; who cleared the last one stays written.
   */
  clear(by: HaltClearing): Promise<number | "unanswered" | "nothing"> {
    return this.#alone(async () => {
      const through = await newestEntryId(this.#redis, this.#keys.panicStream);
      if (!by.force && !(await this.#isAnswered(through))) return "unanswered";
      if (!by.stands && (await this.#isAnswered(through))) return "nothing";
      const nowMs = this.#redis.serverNowMs();
      const reset = clearedHalt({ who: by.who, atMs: nowMs, through });
      const audit = encodeAuditEntry({
        ...{ atMs: nowMs, role: "emergency-exit-worker", instance: by.instance, who: by.who },
        ...{ what: `halt cleared: ${by.why}`, before: "halted", after: "not halted" },
      });
      await transaction(this.#redis, [
        ["HSET", this.#keys.tradingState, ...encodeFields(reset)],
        ["XADD", this.#keys.auditStream, "*", ...encodeFields(audit)],
      ]);
      return nowMs;
    });
  }

  /** The panic stream's newest id when an operator last cleared a halt; undefined: never, or not known. */
  async clearedThrough(): Promise<string | undefined> {
    const { cleared_through: through } = await this.tradingState();
    return clearedThroughOf(through);
  }

  /** What Redis remembers of a panic; undefined when it does not. */
  processed(eventId: string): Promise<Processed | undefined> {
    return this.#alone(() => this.#readProcessed(eventId));
  }

  /**
   * `panic`: the one whose halt stands; undefined when none does. One transaction, as the halt is written in one: a
   * Redis emptied between two reads would look like an operator's reset.
   */
  haltReading(panic: string | undefined): Promise<HaltReading> {
    return this.#alone(async () => {
      try {
        const [state, recorded] = await transaction(this.#redis, [
          ["HMGET", this.#keys.tradingState, "halted", "cleared_by"],
          ["HEXISTS", this.#keys.panicProcessed, panic ?? ""],
        ]);
        const [halted, by] = listReply(state).map(optionalTextReply);
        const redis = halted === undefined ? "absent" : halted === "true" ? "halted" : "reset";
        return { redis, clearedBy: by ?? "", panicRecorded: panic === undefined || recorded === 1 };
      } catch (error) {
        if (!(error instanceof RedisReplyError && error.code === "WRONGTYPE")) throw error;
        return { redis: "unreadable", clearedBy: "", panicRecorded: true };
      }
    });
  }

  /** Whether the worker has ended or refused every panic up to this entry. */
  async #isAnswered(newestId: string): Promise<boolean> {
    if (newestId === NO_ENTRY) return true;
    const groups = listReply(await this.#redis.command(["XINFO", "GROUPS", this.#keys.panicStream]));
    // Not as records: a group's lag can be nil.
    const fields = groups.map(listReply).find(([, name]) => name === GROUPS.emergencyExitWorker) ?? [];
    const at = (name: string) => fields[fields.indexOf(name) + 1];
    return at("pending") === 0 && !isBeforeId(String(at("last-delivered-id")), newestId);
  }

  async #publishOnce(publication: Publication): Promise<"published" | "halt-lost"> {
    const { completion, final, acks } = publication;
    const { panicProcessed } = this.#keys;
    const eventId = completion.event_id;
    await this.#redis.command(["WATCH", panicProcessed]);
    const before = await this.#readProcessed(eventId);
    const published = before?.completions ?? [];
    if (before?.state === "DONE" || (!final && published.length > 0)) {
      await transaction(this.#redis, this.#ackCommands(acks));
      return "published";
    }
    if (before === undefined && publication.haltTaken) {
      await this.#redis.command(["UNWATCH"]);
      return "halt-lost";
    }
    const after = {
      state: final ? "DONE" : "STARTED",
      ...{
        status: completion.status,
        ts_started: completion.ts_started,
        ts_completed: completion.ts_completed,
      },
      completions: [...published, completion.status],
    };
    await transaction(this.#redis, [
      this.#append(completion),
      ["HSET", panicProcessed, eventId, JSON.stringify(after)],
      ...(final ? this.#ackCommands(acks) : []),
    ]);
    await this.#countClosed(completion).catch(() => undefined);
    return "published";
  }

  /** Beside the publication, not in it: a state of the wrong type must not look like one that failed. */
  async #countClosed({ event_id, positions_closed }: PanicCompletion): Promise<void> {
    const { tradingState } = this.#keys;
    const halting = await this.#redis.command(["HGET", tradingState, "event_id"]);
    if (halting !== event_id) return;
    await this.#redis.command(["HSET", tradingState, "positions_closed", String(positions_closed)]);
  }

  #append(completion: PanicCompletion): string[] {
    return ["XADD", this.#keys.panicCompletedStream, "*", ...encodeFields(encodePanicCompletion(completion))];
  }

  #ackCommands(ids: readonly string[]): string[][] {
    if (ids.length === 0) return [];
    return [["XACK", this.#keys.panicStream, GROUPS.emergencyExitWorker, ...ids]];
  }

  async #readProcessed(eventId: string): Promise<Processed | undefined> {
    const text = optionalTextReply(await this.#redis.command(["HGET", this.#keys.panicProcessed, eventId]));
    return processedSchema.safeParse(parseJson(text)).data;
  }

  /** A state of the wrong type counts as halted everywhere, so the halt is in force although it was not written. */
  async #haltCommands(commands: readonly string[][]): Promise<"stood" | "anew"> {
    try {
      const [halted] = await transaction(this.#redis, commands);
      return halted === "true" ? "stood" : "anew";
    } catch (error) {
      if (!(error instanceof RedisReplyError && error.code === "WRONGTYPE")) throw error;
      return "stood";
    }
  }

  /** One after the other: what one watches, no other executes. */
  #alone<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(task, task);
    this.#queue = turn.catch(() => undefined);
    return turn;
  }
}
