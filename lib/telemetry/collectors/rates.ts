import { integerReply, listReply, optionalTextReply, textReply } from "../../redis/reply.ts";
import type { Collector } from "../collector.ts";
import { labelText } from "../label-text.ts";

const TOP = 5;

export interface RatesState {
  /** Intents of the current bucket. */
  readonly global: number;
  /** Intents of the last window length, as the sliding window remembers them: at most its maximum + 1. */
  readonly sliding: number;
  /** Busiest first. */
  readonly top: readonly { readonly symbol: string; readonly count: number }[];
}

/** What the rate limits have counted in the current bucket. */
export const ratesCollector: Collector<
  | "quantum_safety_rate_global_current_window"
  | "quantum_safety_rate_symbol_top"
  | "quantum_safety_rate_symbol_top5_info",
  RatesState
> = {
  name: "rates",
  commands({ keys, nowMs, limits }) {
    const bucket = String(Math.floor(nowMs / 1000 / limits.windowSec));
    return [
      ["GET", `${keys.rateGlobalPrefix}${bucket}`],
      ["LRANGE", keys.windowGlobal, "0", String(limits.globalMax)],
      ["ZREVRANGE", `${keys.rateSymbolsPrefix}${bucket}`, "0", String(TOP - 1), "WITHSCORES"],
    ];
  },
  decode(replies, { nowMs, limits }) {
    const global = integerReply(optionalTextReply(replies.next()) ?? "0");
    const times = listReply(replies.next()).map(Number);
    const ranked = listReply(replies.next()).map(textReply);
    const top = ranked.flatMap((symbol, at) =>
      at % 2 === 0 ? [{ symbol: labelText(symbol), count: Number(ranked[at + 1]) }] : [],
    );
    return { global, sliding: times.filter((ms) => nowMs - ms < limits.windowSec * 1000).length, top };
  },
  readings: ({ global, top }) => ({
    quantum_safety_rate_global_current_window: global,
    quantum_safety_rate_symbol_top: top.map(({ symbol, count }, at) => ({
      labels: { rank: String(at + 1), symbol },
      value: count,
    })),
    quantum_safety_rate_symbol_top5_info: [
      { labels: { symbols: top.map(({ symbol }) => symbol).join(",") || "none" }, value: 1 },
    ],
  }),
};
