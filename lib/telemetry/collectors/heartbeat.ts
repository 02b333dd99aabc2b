import { heartbeatSchema } from "../../contract/heartbeat.ts";
import { entryTimeMs } from "../../redis/entry-time.ts";
import { decodeEntries } from "../../redis/stream-entry.ts";
import { aged } from "../age-seconds.ts";
import type { Collector } from "../collector.ts";

/** Entries that are looked through for one that is a heartbeat. */
const LOOKED_THROUGH = 10;

/** Undefined: there has been no heartbeat. */
type HeartbeatState =
  | {
      /** Of the entry that the age is of. */
      readonly id?: string;
      readonly atMs: number;
      readonly ageSec: number;
      /** `UNREADABLE`: none of the newest entries is a heartbeat. */
      readonly status: string;
      readonly positions: number | undefined;
    }
  | { readonly atMs: undefined };

/**
 * The exit brain's newest heartbeat. Its age is by the server's clock at the append, not by the sender's, and by when it
 * was first seen where that clock was ahead. What is no
 * heartbeat does not count as one, for the watchdog neither: it cannot hide that the brain is silent.
 */
export const heartbeatCollector: Collector<
  "quantum_exit_brain_heartbeat_age_seconds" | "quantum_exit_brain_degraded" | "quantum_open_positions",
  HeartbeatState
> = {
  name: "heartbeat",
  commands: ({ keys }) => [["XREVRANGE", keys.heartbeatStream, "+", "-", "COUNT", String(LOOKED_THROUGH)]],
  decode(replies, { nowMs }, before) {
    const { entries } = decodeEntries(replies.next());
    const oldest = entries.at(-1);
    if (oldest === undefined) return { atMs: undefined };
    for (const { id, fields } of entries) {
      const beat = heartbeatSchema.safeParse(fields);
      if (!beat.success) continue;
      const { status, active_positions: positions } = beat.data;
      return { ...beatOf(id, nowMs, before), status, positions };
    }
    return { ...beatOf(oldest.id, nowMs, before), status: "UNREADABLE", positions: undefined };
  },
  readings: (state) => ({
    quantum_exit_brain_heartbeat_age_seconds:
      state.atMs === undefined ? Number.POSITIVE_INFINITY : state.ageSec,
    quantum_exit_brain_degraded: state.atMs === undefined ? undefined : state.status === "DEGRADED" ? 1 : 0,
    quantum_open_positions: state.atMs === undefined ? undefined : state.positions,
  }),
};

function beatOf(id: string, nowMs: number, before: HeartbeatState | undefined) {
  const known = before?.atMs !== undefined && before.id === id ? before.atMs : undefined;
  return { id, ...aged(entryTimeMs(id), nowMs, known) };
}
