import { decodeResult } from "../../../lib/contract/execution-result.ts";
import { GROUPS } from "../../../lib/contract/groups.ts";
import type { Keys } from "../../../lib/contract/keys.ts";
import type { RedisNetwork } from "../redis/redis-network.ts";
import { ReplyError } from "../redis/resp.ts";
import type { Findings } from "./findings.ts";
import { type IntentBook, streamEntries } from "./intent-book.ts";

/** What a stream's group still has to do. */
interface Rest {
  readonly stream: string;
  readonly pending: number;
  readonly lag: number | null;
}

/** Invariants 1, 4 and 7 at the end: nothing waits any more, and every intent has exactly one result. */
export class QueueWatch {
  readonly #redis: Pick<RedisNetwork, "look">;
  readonly #keys: Keys;
  readonly #findings: Findings;
  readonly #book: IntentBook;

  constructor(parts: {
    readonly redis: Pick<RedisNetwork, "look">;
    readonly keys: Keys;
    readonly findings: Findings;
    readonly book: IntentBook;
  }) {
    this.#redis = parts.redis;
    this.#keys = parts.keys;
    this.#findings = parts.findings;
    this.#book = parts.book;
  }

  /** What is left in the queues of the contract; empty when all are drained. */
  rests(): readonly Rest[] {
    const { decisionStream, intentStream, exitIntentStream } = this.#keys;
    return [
      this.#restOf(decisionStream, GROUPS.router),
      this.#restOf(intentStream, GROUPS.executionIntents),
      this.#restOf(exitIntentStream, GROUPS.executionExits),
    ].filter(({ pending, lag }) => pending > 0 || lag !== 0);
  }

  #restOf(stream: string, group: string): Rest {
    const reply = this.#redis.look("XINFO", "GROUPS", stream);
    if (reply instanceof ReplyError || !Array.isArray(reply)) return { stream, pending: 0, lag: 0 };
    for (const info of reply) {
      if (!Array.isArray(info) || info[info.indexOf("name") + 1] !== group) continue;
      const lag = info[info.indexOf("lag") + 1];
      return {
        stream,
        pending: Number(info[info.indexOf("pending") + 1]),
        lag: typeof lag === "number" ? lag : null,
      };
    }
    return { stream, pending: 0, lag: Number(this.#redis.look("XLEN", stream)) };
  }

  /** Every intent that Redis knows of ended in one result, besides those that say that it came twice. */
  atEnd(): void {
    const counts = new Map<string, number>();
    for (const { fields } of streamEntries(this.#redis.look("XRANGE", this.#keys.resultStream, "-", "+"))) {
      const result = decodeResult(fields);
      if (result.status === "duplicate") continue;
      counts.set(result.intent_id, (counts.get(result.intent_id) ?? 0) + 1);
    }
    for (const { intentId, kind } of this.#book.current()) {
      const results = counts.get(intentId) ?? 0;
      if (results === 0) this.#findings.report(4, `${kind} ${intentId} has no result`);
      if (results > 1) this.#findings.report(1, `${kind} ${intentId} has ${results} results`);
    }
  }
}
