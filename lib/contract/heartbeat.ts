import { z } from "zod";
import { countTextSchema } from "./count-text.ts";

/** STOPPING announces a restart: the next new instance does not count towards a crash loop. */
export const HEARTBEAT_STATUSES = ["ALIVE", "DEGRADED", "STOPPING"] as const;

/**
 * An entry of `exit_brain:heartbeat`, one a completed cycle. Times are epoch ms on the exit brain's clock and
 * only for people: who watches measures ages from when it received the entry.
 */
export const heartbeatSchema = z.object({
  service_id: z.string(),
  status: z.preprocess((value) => (value === "OK" ? "ALIVE" : value), z.enum(HEARTBEAT_STATUSES)),
  active_positions: countTextSchema,
  /** 0: none yet. */
  last_decision_ts: countTextSchema,
  /** From the start of the cycle to the venue's answer, ms. */
  latency_ms: countTextSchema,
  loop_cycle_ms: countTextSchema,
  ts: countTextSchema,
  /** The process: new with every start. Absent in beats of the earlier system. */
  instance_id: z.string().default(""),
  /** Grows by one a cycle within an instance. */
  seq: countTextSchema.default(0),
});
export type Heartbeat = z.output<typeof heartbeatSchema>;

/** The stream fields of a heartbeat. */
export function encodeHeartbeat(beat: Heartbeat): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(beat).map(([name, value]) => [name, String(value)]));
}
