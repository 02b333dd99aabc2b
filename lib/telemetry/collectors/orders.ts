import { integerReply, listReply, textReply } from "../../redis/reply.ts";
import { ageSeconds } from "../age-seconds.ts";
import type { Collector } from "../collector.ts";

const LISTED = 10;

export interface OrdersState {
  readonly count: number;
  /** The oldest ones, oldest first. */
  readonly oldest: readonly { readonly intentId: string; readonly ageSec: number }[];
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
  decode(replies, { nowMs }) {
    const count = integerReply(replies.next());
    const flat = listReply(replies.next()).map(textReply);
    const oldest = flat.flatMap((intentId, at) =>
      at % 2 === 0 ? [{ intentId, ageSec: ageSeconds(nowMs, Number(flat[at + 1])) }] : [],
    );
    return { count, oldest };
  },
  readings: ({ count, oldest: [first] }) => ({
    quantum_orders_in_doubt: count,
    quantum_orders_in_doubt_oldest_age_seconds: first?.ageSec ?? 0,
  }),
};
