import { z } from "zod";
import { countTextSchema } from "./count-text.ts";
import { INSTANT_MS_MAX } from "./instant.ts";
import { parseJson } from "./json-text.ts";

/** Who may call a panic; anyone else is refused, and the refusal recorded. */
export const PANIC_ISSUERS = ["risk_kernel", "exit_brain", "watchdog", "ops"] as const;

/** Why the watchdog calls one; other issuers write their own words. */
export const PANIC_REASONS = {
  POSITIONS_UNGUARDED: "positions are open and no heartbeat arrived for more than 3 s",
  EXIT_BRAIN_HEARTBEAT_LOST: "no heartbeat arrived for more than 5 s",
  EXIT_BRAIN_DEGRADED_TOO_LONG: "every heartbeat of more than 5 s said DEGRADED",
  EXIT_BRAIN_DECISION_STAGNANT: "positions are open and the last decision is more than 30 s old",
  EXIT_BRAIN_CRASH_LOOP: "three unannounced new instances of the exit brain in 60 s",
  REDIS_LOST: "positions are open and Redis was lost for longer than REDIS_LOST_MAX_SEC",
} as const;
export type PanicReason = keyof typeof PANIC_REASONS;

const REASON_LENGTH_MAX = 512;
const INT64 = /^-?\d{1,19}$/;

/** Any 64-bit integer, as near as it can be recorded: a clock that is off is no reason to refuse a panic. */
function recordedInstant(ts: number | string): number {
  return Math.min(Math.max(0, Number(ts)), INSTANT_MS_MAX);
}

/**
 * A call for panic, as it stands in `system:panic_close` and in the body of `POST /v1/panic`. `ts` (epoch ms
 * on the issuer's clock) is recorded and never a reason to refuse.
 */
export const panicEventSchema = z.object({
  event_id: z.uuid({ version: "v4" }),
  reason: z.string().min(1).max(REASON_LENGTH_MAX),
  severity: z.literal("CRITICAL"),
  issued_by: z.enum(PANIC_ISSUERS),
  ts: z.union([z.number().refine(Number.isInteger), z.string().regex(INT64)]).transform(recordedInstant),
});
export type PanicEvent = z.output<typeof panicEventSchema>;

/** The stream fields of a panic. */
export function encodePanicEvent(event: PanicEvent): Readonly<Record<string, string>> {
  return { ...event, ts: String(event.ts) };
}

/** How a panic ended. `failed` is not the end: a second completion says `flat` once it is. */
export const COMPLETION_STATUSES = ["flat", "failed", "refused", "joined"] as const;
export type CompletionStatus = (typeof COMPLETION_STATUSES)[number];

/** What became of one position; kept as one JSON object a position in `results`. */
export const positionResultSchema = z.object({
  symbol: z.string(),
  position_side: z.enum(["BOTH", "LONG", "SHORT"]),
  /** Signed base units when the panic found it: negative is short. */
  quantity: z.string(),
  closed: z.boolean(),
  /** Orders the venue took for it, by client id. */
  orders: z.array(z.string()),
  /** Why it is still open; empty when closed. */
  error: z.string(),
});
export type PositionResult = z.infer<typeof positionResultSchema>;

const jsonText = z.string().transform(parseJson);

/** An entry of `system:panic_close:completed`. Times are epoch ms on the worker's clock. */
export const panicCompletionSchema = z.object({
  event_id: z.string(),
  status: z.enum(COMPLETION_STATUSES),
  /** Why it was refused, or which panic it joined; empty otherwise. */
  detail: z.string().default(""),
  positions_total: countTextSchema,
  positions_closed: countTextSchema,
  positions_failed: countTextSchema,
  failed_symbols: jsonText.pipe(z.array(z.string())),
  results: jsonText.pipe(z.array(positionResultSchema)),
  ts_started: countTextSchema,
  ts_completed: countTextSchema,
  execution_time_ms: countTextSchema,
});
export type PanicCompletion = z.output<typeof panicCompletionSchema>;

/** The stream fields of a completion. */
export function encodePanicCompletion(completion: PanicCompletion): Readonly<Record<string, string>> {
  const { failed_symbols, results, event_id, status, detail, ...numbers } = completion;
  const counts = Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, String(value)]));
  return {
    ...{ event_id, status, detail },
    ...counts,
    failed_symbols: JSON.stringify(failed_symbols),
    results: JSON.stringify(results),
  };
}
