/**
 * What Redis says, in the share of a cycle that may be waited for it.
 *
 * Invariants
 * 1. An answer that takes longer is the next cycle's: a slow Redis is not one that does not answer.
 * 2. It says nothing of a position that was first seen after the question: that may have come with another plan.
 */
import { within } from "../daemon/within.ts";
import type { ExitBrainParts } from "./exit-brain-parts.ts";
import { NOTHING_RECORDED, type RecordedFacts, readRecordedFacts } from "./recorded-facts.ts";
import type { Watch } from "./watch.ts";

interface LateFacts {
  readonly facts: RecordedFacts;
  /** Monotonic. */
  readonly askedAtMs: number;
}

export class FactReader {
  readonly #parts: Pick<ExitBrainParts, "redis" | "keys" | "clock">;
  #late: LateFacts | null = null;

  constructor(parts: Pick<ExitBrainParts, "redis" | "keys" | "clock">) {
    this.#parts = parts;
  }

  /** Must be called after the reading of the positions has ended. Never rejects, and takes `waitMs` at most. */
  async read(watches: ReadonlyMap<string, Watch>, waitMs: number): Promise<RecordedFacts> {
    if (watches.size === 0) return NOTHING_RECORDED;
    const { redis, keys, clock } = this.#parts;
    const askedAtMs = clock.monotonicMs();
    const attempts = [...watches.values()].flatMap(({ attempt }) => attempt ?? []);
    const intents = attempts.map(({ intentId }) => intentId);
    const reading = readRecordedFacts(redis, keys, { positions: watches.keys(), intents });
    const inTime = await within(clock, waitMs, reading);
    const late = this.#late;
    this.#late = null;
    if (inTime !== undefined) return inTime;
    void reading.then((facts) => this.#keep({ facts, askedAtMs }));
    return late === null ? NOTHING_RECORDED : stillSaid(late, watches);
  }

  #keep(late: LateFacts): void {
    if (this.#late === null || this.#late.askedAtMs < late.askedAtMs) this.#late = late;
  }
}

function stillSaid({ facts, askedAtMs }: LateFacts, watches: ReadonlyMap<string, Watch>): RecordedFacts {
  const known = (key: string) => (watches.get(key)?.firstSeenMs ?? Number.POSITIVE_INFINITY) <= askedAtMs;
  return { ...facts, plans: new Map([...facts.plans].filter(([key]) => known(key))) };
}
