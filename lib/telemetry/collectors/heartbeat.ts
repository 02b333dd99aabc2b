import { heartbeatSchema } from "../../contract/heartbeat.ts";
import { decodeEntries } from "../../redis/stream-entry.ts";
import type { Collector } from "../collector.ts";
import { ageSeconds, entryTimeMs } from "../entry-time.ts";

/** Undefined: there has been no heartbeat. */
type HeartbeatState =
  | {
      readonly atMs: number;
      readonly ageSec: number;
      /** `UNREADABLE`: the entry is no heartbeat of ours. */
      readonly status: string;
      readonly positions: number | undefined;
    }
  | { readonly atMs: undefined };

/** The exit brain's newest heartbeat. Its age is by the server's clock at the append, not by the sender's. */
export const heartbeatCollector: Collector<
  "quantum_exit_brain_heartbeat_age_seconds" | "quantum_exit_brain_degraded" | "quantum_open_positions",
  HeartbeatState
> = {
  name: "heartbeat",
  commands: ({ keys }) => [["XREVRANGE", keys.heartbeatStream, "+", "-", "COUNT", "1"]],
  decode(replies, { nowMs }) {
    const [entry] = decodeEntries(replies.next()).entries;
    if (entry === undefined) return { atMs: undefined };
    const atMs = entryTimeMs(entry.id);
    const beat = heartbeatSchema.safeParse(entry.fields);
    return {
      ...{ atMs, ageSec: ageSeconds(nowMs, atMs) },
      status: beat.data?.status ?? "UNREADABLE",
      positions: beat.data?.active_positions,
    };
  },
  readings: (state) => ({
    quantum_exit_brain_heartbeat_age_seconds:
      state.atMs === undefined ? Number.POSITIVE_INFINITY : state.ageSec,
    quantum_exit_brain_degraded: state.atMs === undefined ? undefined : state.status === "DEGRADED" ? 1 : 0,
    quantum_open_positions: state.atMs === undefined ? undefined : state.positions,
  }),
};
