import { integerReply, listReply, textReply } from "../../redis/reply.ts";
import { aged } from "../age-seconds.ts";
import type { Collector } from "../collector.ts";

const LISTED = 10;

export interface OrdersState {
  readonly count: number;
  /** The oldest ones, oldest first. */
  readonly oldest: readonly { readonly intentId: string; readonly atMs: number; readonly ageSec: number }[];
}

/** Orders between their first sending and their settlement: nobody knows yet what became of them. */
export const ordersCollector: Collector<
  "quantum_orders_in_doubt" | "quantum_orders_in_doubt_oldest_age_seconds",
  OrdersState
> = {
  name: "orders",
  commands: ({ keys }) => [
    ["ZCARD", keys.openOrders],
    ["ZRANGE", keys.openOrders, "0", String(LISTED - 1), "WITHSCORES"],
  ],
  decode(replies, { nowMs }, before) {
    const count = integerReply(replies.next());
    const flat = listReply(replies.next()).map(textReply);
    const oldest = flat.flatMap((intentId, at) => {
      if (at % 2 === 1) return [];
      const known = before?.oldest.find((one) => one.intentId === intentId)?.atMs;
      return [{ intentId, ...aged(Number(flat[at + 1]), nowMs, known) }];
    });
    return { count, oldest };
  },
  readings: ({ count, oldest }) => ({
    quantum_orders_in_doubt: count,
    quantum_orders_in_doubt_oldest_age_seconds: Math.max(0, ...oldest.map(({ ageSec }) => ageSec)),
  }),
};
