import { recordReply } from "../../redis/reply.ts";
import type { Collector } from "../collector.ts";

export interface TradingStateView {
  readonly halted: boolean;
  readonly reason: string;
  /** Who issued the panic. */
  readonly source: string;
  /** Epoch ms of the halt; 0 unknown. */
  readonly sinceMs: number;
  readonly clearedBy: string;
}

const UNREADABLE: TradingStateView = {
  ...{ halted: true, reason: "the key holds another type", source: "", sinceMs: 0, clearedBy: "" },
};

/** The halt as those who obey it see it: absent, or other than "true", is an operator's reset; unreadable is halted. */
export const tradingStateCollector: Collector<"quantum_trading_halted", TradingStateView> = {
  name: "trading-state",
  commands: ({ keys }) => [["HGETALL", keys.tradingState]],
  decode(replies) {
    const reply = replies.nextUnlessUnreadable();
    if (typeof reply === "object" && reply !== null && "unreadable" in reply) return UNREADABLE;
    const fields = recordReply(reply);
    return {
      halted: fields["halted"] === "true",
      reason: fields["reason"] ?? "",
      source: fields["source"] ?? "",
      sinceMs: /^\d{1,15}$/.test(fields["ts"] ?? "") ? Number(fields["ts"]) : 0,
      clearedBy: fields["cleared_by"] ?? "",
    };
  },
  readings: ({ halted }) => ({ quantum_trading_halted: halted ? 1 : 0 }),
};
