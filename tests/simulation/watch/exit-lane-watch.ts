import { GROUPS } from "../../../lib/contract/groups.ts";
import type { Keys } from "../../../lib/contract/keys.ts";
import { decodeIntent } from "../../../lib/contract/trade-intent.ts";
import type { Life } from "../engine/life.ts";
import type { Timeline } from "../engine/timeline.ts";
import type { Reply } from "../redis/resp.ts";
import type { Findings } from "./findings.ts";
import { functionCall } from "./function-calls.ts";
import { streamEntries } from "./intent-book.ts";

/** From the server's answer to the ledger: some round trips of a quarter of a millisecond, and no wait. */
const TAKEN_US_MAX = 100_000;
/** What a fault leaves behind is over by then: a read that blocks on a dead line, a reply that was slow. */
const CALM_BEFORE_US = 3_000_000;

/**
 * Invariant 3 in execution's lanes: an exit that a process has read is in the ledger at once, whatever its entries are
 * doing. Judged of processes that nothing has befallen since shortly before the reading.
 */
export class ExitLaneWatch {
  readonly #keys: Keys;
  readonly #findings: Findings;
  readonly #timeline: Pick<Timeline, "nowUs">;
  readonly #calmUs: () => number | undefined;
  /** Read and not taken, by entry id. */
  readonly #read = new Map<
    string,
    { readonly life: Life; readonly atUs: number; readonly intentId: string }
  >();

  readonly #taken = new Set<string>();

  constructor(parts: {
    readonly keys: Keys;
    readonly findings: Findings;
    readonly timeline: Pick<Timeline, "nowUs">;
    /** Virtual µs since anything was broken; undefined while something is. */
    readonly calmUs: () => number | undefined;
  }) {
    this.#keys = parts.keys;
    this.#findings = parts.findings;
    this.#timeline = parts.timeline;
    this.#calmUs = parts.calmUs;
  }

  after(command: readonly string[], reply: Reply, life: Life): void {
    const call = functionCall(command);
    if (call?.name === "receive_v1") this.#take(call.args[0] ?? "");
    this.#judge();
    if (command[0] === "XREADGROUP" && command[2] === GROUPS.executionExits && command.at(-1) === ">") {
      this.#note(reply, life);
    }
  }

  /** Further entries of the same intent wait for the one in work, which is the exit itself. */
  #take(intentId: string): void {
    this.#taken.add(intentId);
    for (const [id, one] of this.#read) if (one.intentId === intentId) this.#read.delete(id);
  }

  #note(reply: Reply, life: Life): void {
    const [stream] = Array.isArray(reply) ? reply : [];
    const [name, entries] = Array.isArray(stream) ? stream : [];
    if (name !== this.#keys.exitIntentStream || !this.#calmSince(this.#timeline.nowUs)) return;
    for (const { id, fields } of streamEntries(entries ?? null)) {
      const decoded = decodeIntent(fields);
      if (decoded.kind === "undecodable" || this.#taken.has(decoded.intent.intent_id)) continue;
      this.#read.set(id, { life, atUs: this.#timeline.nowUs, intentId: decoded.intent.intent_id });
    }
  }

  #judge(): void {
    for (const [id, { life, atUs, intentId }] of this.#read) {
      if (!life.alive || !this.#calmSince(atUs)) this.#read.delete(id);
      else if (this.#timeline.nowUs - atUs > TAKEN_US_MAX) {
        this.#read.delete(id);
        this.#findings.report(
          3,
          `exit ${intentId} waits in ${life.name}, ${(this.#timeline.nowUs - atUs) / 1000} ms after it was read`,
        );
      }
    }
  }

  #calmSince(atUs: number): boolean {
    const calmUs = this.#calmUs();
    return calmUs !== undefined && this.#timeline.nowUs - calmUs < atUs - CALM_BEFORE_US;
  }
}
