import { z } from "zod";
import { countTextSchema } from "../../contract/count-text.ts";
import { PANIC_REASONS, type PanicEvent, type PanicReason, panicEventSchema } from "../../contract/panic.ts";
import type { BeatMark } from "./brain-view.ts";

/**
 * The memory of one failure and the panic that was called for it. While it stands and is not `recovered`, the same
 * failure never panics again, whoever restarts in between.
 */
export interface Latch {
  readonly event: PanicEvent & { readonly reason: PanicReason };
  /** The failure's key: the last beat known when it was found. */
  readonly failure: Pick<BeatMark, "instanceId" | "seq" | "lastDecisionTs">;
  /** `pending`: nobody has taken it. `issued`: taken. `halted`: the worker's halt was seen. */
  readonly stage: "pending" | "issued" | "halted";
  /** The event stands in the panic stream. */
  readonly published: boolean;
  /** The brain was well since: its next failure is another one. */
  readonly recovered: boolean;
}

const flag = z.enum(["true", "false"]).transform((text) => text === "true");
const reasons = Object.keys(PANIC_REASONS);
const isPanicReason = (text: string): text is PanicReason => reasons.includes(text);

const recordSchema = z.object({
  event_id: panicEventSchema.shape.event_id,
  reason: z.string().refine(isPanicReason),
  ts: countTextSchema,
  instance_id: z.string(),
  seq: countTextSchema,
  last_decision_ts: countTextSchema,
  stage: z.enum(["pending", "issued", "halted"]),
  published: flag,
  recovered: flag,
});

/** The latch as flat text fields: the same in the Redis hash and, as JSON, on disk. */
export function encodeLatch(latch: Latch): Readonly<Record<string, string>> {
  return {
    event_id: latch.event.event_id,
    reason: latch.event.reason,
    ts: String(latch.event.ts),
    instance_id: latch.failure.instanceId,
    seq: String(latch.failure.seq),
    last_decision_ts: String(latch.failure.lastDecisionTs),
    stage: latch.stage,
    published: String(latch.published),
    recovered: String(latch.recovered),
  };
}

/** Undefined for anything that is not a latch; further fields are left aside. */
export function decodeLatch(record: unknown): Latch | undefined {
  const parsed = recordSchema.safeParse(record);
  if (!parsed.success) return undefined;
  const { event_id, reason, ts, instance_id, seq, last_decision_ts, ...rest } = parsed.data;
  return {
    event: { event_id, reason, severity: "CRITICAL", issued_by: "watchdog", ts },
    failure: { instanceId: instance_id, seq, lastDecisionTs: last_decision_ts },
    ...rest,
  };
}
