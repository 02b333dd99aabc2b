import { integerReply, listReply, textReply } from "../../redis/reply.ts";
import { aged } from "../age-seconds.ts";
import type { Collector } from "../collector.ts";

const LISTED = 10;

export interface StopsState {
  readonly count: number;
  /** `BTCUSDT`, in hedge mode `BTCUSDT:LONG`; longest without a stop first. */
  readonly positions: readonly {
    readonly position: string;
    readonly atMs: number;
    readonly ageSec: number;
  }[];
}

/** Positions whose stop at the venue could not be placed; execution keeps trying. */
export const stopsCollector: Collector<
  "quantum_positions_without_stop" | "quantum_positions_without_stop_oldest_age_seconds",
  StopsState
> = {
  name: "stops",
  commands: ({ keys }) => [
    ["ZCARD", keys.stopsMissing],
    ["ZRANGE", keys.stopsMissing, "0", String(LISTED - 1), "WITHSCORES"],
  ],
  decode(replies, { keys, nowMs }, before) {
    const count = integerReply(replies.next());
    const flat = listReply(replies.next()).map(textReply);
    const positions = flat.flatMap((planKey, at) => {
      if (at % 2 === 1) return [];
      const known = planKey.startsWith(keys.positionPlanPrefix);
      const position = known ? planKey.slice(keys.positionPlanPrefix.length) : planKey;
      const seenMs = before?.positions.find((one) => one.position === position)?.atMs;
      return [{ position, ...aged(Number(flat[at + 1]), nowMs, seenMs) }];
    });
    return { count, positions };
  },
  readings: ({ count, positions }) => ({
    quantum_positions_without_stop: count,
    quantum_positions_without_stop_oldest_age_seconds: Math.max(0, ...positions.map(({ ageSec }) => ageSec)),
  }),
};
