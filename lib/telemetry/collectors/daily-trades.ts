import type { Collector } from "../collector.ts";
import { countReply } from "../count-reply.ts";

interface DailyTradesState {
  readonly used: number;
}

/** The governor's count of this UTC day, by the Redis server's clock. */
export const dailyTradesCollector: Collector<
  "quantum_daily_trades_used" | "quantum_daily_trades_limit",
  DailyTradesState
> = {
  name: "daily-trades",
  commands({ keys, nowMs }) {
    const day = new Date(nowMs).toISOString().slice(0, 10).replaceAll("-", "");
    return [["GET", `${keys.dailyTradesPrefix}${day}`]];
  },
  decode: (replies) => ({ used: countReply(replies.next()) }),
  readings: ({ used }, { limits }) => ({
    quantum_daily_trades_used: used,
    quantum_daily_trades_limit: limits.dailyMax,
  }),
};
