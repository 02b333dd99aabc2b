import type { Collector } from "../collector.ts";
import { countReply } from "../count-reply.ts";
import { ageSeconds } from "../entry-time.ts";

interface DrillState {
  /** Epoch ms; undefined: there has been no drill. */
  readonly atMs: number | undefined;
}

/** The last drill of the emergency exit: field `ts` (epoch ms) of its record. */
export const drillCollector: Collector<"quantum_drill_age_seconds", DrillState> = {
  name: "drill",
  commands: ({ keys }) => [["HGET", keys.drillLast, "ts"]],
  decode(replies) {
    const reply = replies.next();
    return { atMs: reply === null ? undefined : countReply(reply) };
  },
  readings: ({ atMs }, { nowMs }) => ({
    quantum_drill_age_seconds: atMs === undefined ? Number.POSITIVE_INFINITY : ageSeconds(nowMs, atMs),
  }),
};
