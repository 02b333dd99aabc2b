import type { Timeline } from "../engine/timeline.ts";
import type { Reply } from "../redis/resp.ts";
import type { Findings } from "./findings.ts";
import { functionCall, replyParts } from "./function-calls.ts";
import type { BookedIntent } from "./intent-book.ts";
import type { OrderCall } from "./order-call.ts";
import type { PositionWatch } from "./position-watch.ts";

/** From the stream to the venue: a reading of the positions, some round trips to Redis, one way to the venue. */
const DELAY_US_MAX = 450_000;
/** What a fault leaves behind is over by then: a ban of the venue's, a back-off, an order that had to be resolved. */
const CALM_BEFORE_US = 4_000_000;

interface Waiting extends Pick<BookedIntent, "symbol" | "action"> {
  readonly sinceUs: number;
  /** There was no position for it to close at some moment since. */
  flat: boolean;
}

/**
 * Invariant 3 from end to end: an exit that has been appended is at the venue at once, or has its result, whatever
 * entries there are. Judged while nothing is broken, and nothing has been for a while; and while the venue has a
 * position for it to close: that there is none is not believed right after a fill.
 */
export class ExitDelayWatch {
  readonly #findings: Findings;
  readonly #timeline: Pick<Timeline, "nowUs">;
  readonly #calmUs: () => number | undefined;
  readonly #executions: () => boolean;
  readonly #positions: Pick<PositionWatch, "isOpen">;
  readonly #waiting = new Map<string, Waiting>();
  #judged = 0;

  constructor(parts: {
    readonly findings: Findings;
    readonly timeline: Pick<Timeline, "nowUs">;
    /** Virtual µs since anything was broken; undefined while something is. */
    readonly calmUs: () => number | undefined;
    /** Whether every execution is ready for exits. */
    readonly executions: () => boolean;
    readonly positions: Pick<PositionWatch, "isOpen">;
  }) {
    this.#findings = parts.findings;
    this.#timeline = parts.timeline;
    this.#calmUs = parts.calmUs;
    this.#executions = parts.executions;
    this.#positions = parts.positions;
  }

  /** How many were judged: a watch that never looks finds nothing. */
  get judged(): number {
    return this.#judged;
  }

  published({ kind, intentId, symbol, action }: BookedIntent): void {
    if (kind !== "exit" || !this.#calm()) return;
    this.#waiting.set(intentId, { symbol, action, sinceUs: this.#timeline.nowUs, flat: false });
  }

  after(command: readonly string[], reply: Reply): void {
    const call = functionCall(command);
    if (call?.name === "settle_v1" && replyParts(reply)[0] === "OK") this.#ended(call.args[0]);
    for (const [intentId, waiting] of this.#waiting) {
      const waitedUs = this.#timeline.nowUs - waiting.sinceUs;
      waiting.flat ||= !this.#positions.isOpen(waiting.symbol, waiting.action);
      if (!this.#calm()) this.#waiting.delete(intentId);
      else if (waitedUs > DELAY_US_MAX) {
        this.#waiting.delete(intentId);
        if (waiting.flat) continue;
        this.#findings.report(
          3,
          `exit ${intentId} is not at the venue ${waitedUs / 1000} ms after it was appended`,
        );
      }
    }
  }

  /** An order has arrived at the venue. */
  serving({ intentId }: OrderCall): void {
    this.#ended(intentId);
  }

  #ended(intentId: string | undefined): void {
    if (intentId !== undefined && this.#waiting.delete(intentId)) this.#judged += 1;
  }

  #calm(): boolean {
    const calmUs = this.#calmUs();
    return calmUs !== undefined && calmUs > CALM_BEFORE_US && this.#executions();
  }
}
