/**
 * An order whose fate is not established is asked about until it is. Nothing here sends an order.
 */
import type { VenueOrder } from "../exchange/exchange.ts";
import { CLOCK_SKEW_MIN_MS, decideResolution, type VenueWord } from "./decide-resolution.ts";
import { type ExecutionParts, type Job, pause } from "./execution-parts.ts";

export interface SignedAttempt {
  readonly clientOrderId: string;
  readonly signedAtMs: number;
  readonly recvWindowMs: number;
}

const LIVE_STATUSES = new Set(["NEW", "PARTIALLY_FILLED"]);

/** Whether the venue will not change the order any more. */
export function hasEnded(order: VenueOrder): boolean {
  return !LIVE_STATUSES.has(order.status);
}

/**
 * The order as the venue has it, once it has ended; undefined when it is proved that the venue never
 * executed the attempt and never can. Takes as long as it takes; throws JobPostponed when the process drains.
 */
export async function resolveAttempt(
  parts: ExecutionParts,
  job: Job,
  attempt: SignedAttempt,
): Promise<VenueOrder | undefined> {
  for (let asked = 0; ; asked += 1) {
    const askedAtMs = parts.exchange.serverNowMs();
    const answer = await parts.exchange.queryOrder(job.intent.symbol, attempt.clientOrderId, job.kind);
    if (answer.kind === "unknown") parts.observe.venueOutcome(answer.outcome);
    const resolution = decideResolution({
      word: wordOf(answer.kind, answer.kind === "found" && hasEnded(answer.order)),
      ...{ kind: job.kind, asked, askedAtMs },
      signedAtMs: attempt.signedAtMs,
      recvWindowMs: attempt.recvWindowMs,
      skewMs: Math.max(CLOCK_SKEW_MIN_MS, parts.exchange.clockSkewMs()),
    });
    if (resolution.kind === "established" && answer.kind === "found") return answer.order;
    if (resolution.kind === "not_executed") return undefined;
    if (resolution.kind === "ask_again") await pause(parts, job, resolution.afterMs);
  }
}

function wordOf(kind: "found" | "absent" | "unknown", ended: boolean): VenueWord {
  if (kind === "found") return { kind: "found", ended };
  return { kind: kind === "absent" ? "absent" : "unreadable" };
}
