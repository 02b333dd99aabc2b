import type { HoldReason } from "../contract/reasons.ts";
import type { HoldDetail } from "../gates/profit-gate.ts";
import type { ExecutionParts, Job } from "./execution-parts.ts";

/** A gate in audit mode that would have held the entry: said and counted once an intent and gate. */
export function noteWouldHold(
  parts: ExecutionParts,
  job: Job,
  reason: HoldReason,
  detail: HoldDetail = {},
): void {
  if (job.wouldHold.has(reason)) return;
  job.wouldHold.add(reason);
  parts.observe.wouldHold(reason);
  parts.log.warn({ intent_id: job.intent.intent_id, ...detail }, `GATE_WOULD_BLOCK | reason=${reason}`);
}
