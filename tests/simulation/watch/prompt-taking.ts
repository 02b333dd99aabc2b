import type { Life } from "../engine/life.ts";
import type { Timeline } from "../engine/timeline.ts";
import type { Reply } from "../redis/resp.ts";
import type { Findings } from "./findings.ts";
import { type PlainEntry, streamEntries } from "./intent-book.ts";

/** From the server's answer to the taking: some round trips of a quarter of a millisecond, and no wait. */
const TAKEN_US_MAX = 100_000;
/** What a fault leaves behind is over by then: a read that blocks on a dead line, a reply that was slow. */
const CALM_BEFORE_US = 3_000_000;

export interface PromptTakingParts {
  readonly findings: Findings;
  readonly timeline: Pick<Timeline, "nowUs">;
  /** Virtual µs since anything was broken; undefined while something is. */
  readonly calmUs: () => number | undefined;
}

/**
 * Entries that must be taken as soon as a process has read them (invariant 3). Judged of processes that nothing has
 * befallen since shortly before the reading.
 */
export class PromptTaking {
  readonly #parts: PromptTakingParts;
  readonly #from: { readonly stream: string; readonly group: string };
  /** Of an entry that must be taken at once its name in a finding; undefined: it may wait. */
  readonly #nameOf: (entry: PlainEntry) => string | undefined;
  /** Read and not taken, by entry id. */
  readonly #read = new Map<string, { readonly life: Life; readonly atUs: number; readonly name: string }>();

  constructor(
    parts: PromptTakingParts,
    from: { readonly stream: string; readonly group: string },
    nameOf: (entry: PlainEntry) => string | undefined,
  ) {
    this.#parts = parts;
    this.#from = from;
    this.#nameOf = nameOf;
  }

  /** Whatever of this name, or this entry, was read has been taken. */
  taken(of: { readonly name: string } | { readonly entryId: string }): void {
    if ("entryId" in of) this.#read.delete(of.entryId);
    else for (const [id, { name }] of this.#read) if (name === of.name) this.#read.delete(id);
  }

  /** Judges what was read before this command, then notes what this one has read. */
  after(command: readonly string[], reply: Reply, life: Life): void {
    this.#judge();
    if (command[0] !== "XREADGROUP" || command[2] !== this.#from.group || command.at(-1) !== ">") return;
    const atUs = this.#parts.timeline.nowUs;
    const [stream] = Array.isArray(reply) ? reply : [];
    const [name, entries] = Array.isArray(stream) ? stream : [];
    if (name !== this.#from.stream || !this.#calmSince(atUs)) return;
    for (const entry of streamEntries(entries ?? null)) {
      const named = this.#nameOf(entry);
      if (named !== undefined) this.#read.set(entry.id, { life, atUs, name: named });
    }
  }

  #judge(): void {
    for (const [id, { life, atUs, name }] of this.#read) {
      const waitedUs = this.#parts.timeline.nowUs - atUs;
      if (!life.alive || !this.#calmSince(atUs)) this.#read.delete(id);
      else if (waitedUs > TAKEN_US_MAX) {
        this.#read.delete(id);
        this.#parts.findings.report(
          3,
          `${name} waits in ${life.name}, ${waitedUs / 1000} ms after it was read`,
        );
      }
    }
  }

  #calmSince(atUs: number): boolean {
    const calmUs = this.#parts.calmUs();
    return calmUs !== undefined && this.#parts.timeline.nowUs - calmUs < atUs - CALM_BEFORE_US;
  }
}
