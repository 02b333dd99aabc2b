import { listReply, type RedisReply } from "../../redis/reply.ts";
import { ageSeconds } from "../age-seconds.ts";
import type { Collector } from "../collector.ts";
import { countReply } from "../count-reply.ts";

export interface DrillState {
  /** Of the last good one, epoch ms; undefined: there has been none. */
  readonly atMs: number | undefined;
  /** Whether there has been one since that failed. */
  readonly failed: boolean;
}

/** The last drills of the emergency exit: fields `ts` and `failed_ts` (epoch ms) of their record. */
export const drillCollector: Collector<"quantum_drill_age_seconds" | "quantum_drill_failed", DrillState> = {
  name: "drill",
  commands: ({ keys }) => [["HMGET", keys.drillLast, "ts", "failed_ts"]],
  decode(replies) {
    const [good, failed] = listReply(replies.next()).map(timeOf);
    return { atMs: good, failed: failed !== undefined && failed > (good ?? 0) };
  },
  readings: ({ atMs, failed }, { nowMs }) => ({
    quantum_drill_age_seconds: atMs === undefined ? Number.POSITIVE_INFINITY : ageSeconds(nowMs, atMs),
    quantum_drill_failed: failed ? 1 : 0,
  }),
};

function timeOf(reply: RedisReply): number | undefined {
  return reply === null ? undefined : countReply(reply);
}
