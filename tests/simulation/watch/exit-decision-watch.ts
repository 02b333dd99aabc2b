import { GROUPS } from "../../../lib/contract/groups.ts";
import type { Keys } from "../../../lib/contract/keys.ts";
import type { Life } from "../engine/life.ts";
import type { Timeline } from "../engine/timeline.ts";
import type { RedisNetwork } from "../redis/redis-network.ts";
import type { Reply } from "../redis/resp.ts";
import type { Findings } from "./findings.ts";
import { admittedDecisions, functionCall } from "./function-calls.ts";
import { streamEntries } from "./intent-book.ts";

const ADMITS: ReadonlySet<string> = new Set(["admit_v1", "admit_exits_v1", "dismiss_v1"]);
/** What may become of a decision that closes: an intent, or it is the copy of one. */
const VERDICTS: ReadonlySet<string> = new Set(["EXIT", "DUPLICATE"]);
/** From the server's answer to the admission: one round trip of a quarter of a millisecond, and no wait. */
const TAKEN_US_MAX = 100_000;
/** What a fault leaves behind is over by then: a read that blocks on a dead line, a reply that was slow. */
const CALM_BEFORE_US = 3_000_000;

/**
 * Invariant 3 at the admission: a decision to close, by its own words on the stream, becomes an exit whatever the
 * switches and limits say, and as soon as a router has read it, whatever entries come with it.
 */
export class ExitDecisionWatch {
  readonly #redis: Pick<RedisNetwork, "look">;
  readonly #keys: Keys;
  readonly #findings: Findings;
  readonly #timeline: Pick<Timeline, "nowUs">;
  readonly #calmUs: () => number | undefined;
  /** Read and without a verdict, by entry id. */
  readonly #read = new Map<string, { readonly life: Life; readonly atUs: number }>();

  constructor(parts: {
    readonly redis: Pick<RedisNetwork, "look">;
    readonly keys: Keys;
    readonly findings: Findings;
    readonly timeline: Pick<Timeline, "nowUs">;
    /** Virtual µs since anything was broken; undefined while something is. */
    readonly calmUs: () => number | undefined;
  }) {
    this.#redis = parts.redis;
    this.#keys = parts.keys;
    this.#findings = parts.findings;
    this.#timeline = parts.timeline;
    this.#calmUs = parts.calmUs;
  }

  after(command: readonly string[], reply: Reply, life: Life): void {
    const call = functionCall(command);
    if (call !== undefined && ADMITS.has(call.name)) {
      for (const { entryId, verdict } of admittedDecisions(call, reply)) this.#decided(entryId, verdict);
    }
    this.#judge();
    if (command[0] === "XREADGROUP" && command[2] === GROUPS.router && command.at(-1) === ">") {
      this.#note(reply, life);
    }
  }

  #decided(entryId: string, verdict: string): void {
    this.#read.delete(entryId);
    const { decisionStream } = this.#keys;
    const [entry] = streamEntries(this.#redis.look("XRANGE", decisionStream, entryId, entryId));
    if (entry === undefined || !closes(entry.fields) || VERDICTS.has(verdict)) return;
    this.#findings.report(3, `decision ${entryId} closes and ended ${verdict}`);
  }

  #note(reply: Reply, life: Life): void {
    const [stream] = Array.isArray(reply) ? reply : [];
    const [name, entries] = Array.isArray(stream) ? stream : [];
    if (name !== this.#keys.decisionStream || !this.#calmSince(this.#timeline.nowUs)) return;
    for (const { id, fields } of streamEntries(entries ?? null)) {
      if (closes(fields)) this.#read.set(id, { life, atUs: this.#timeline.nowUs });
    }
  }

  #judge(): void {
    for (const [id, { life, atUs }] of this.#read) {
      const waitedUs = this.#timeline.nowUs - atUs;
      if (!life.alive || !this.#calmSince(atUs)) this.#read.delete(id);
      else if (waitedUs > TAKEN_US_MAX) {
        this.#read.delete(id);
        this.#findings.report(3, `decision ${id} closes and waits in ${life.name}, ${waitedUs / 1000} ms`);
      }
    }
  }

  #calmSince(atUs: number): boolean {
    const calmUs = this.#calmUs();
    return calmUs !== undefined && this.#timeline.nowUs - calmUs < atUs - CALM_BEFORE_US;
  }
}

/** By the engine's own words, not by what a router made of them. */
function closes({ payload = "" }: Readonly<Record<string, string>>): boolean {
  return /"(?:side|action)":"CLOSE"|"reduce_only":true/.test(payload);
}
