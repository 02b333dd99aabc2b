import type { ExecutionParts } from "./execution-parts.ts";

/** What the profit gates are told of trades; submission looks again, in the call that lets the order go. */
export interface RecentTrades {
  /** The server's clock at the reading (epoch ms). */
  readonly nowMs: number;
  /** Of the symbol; null: none within the minimum hold. */
  readonly lastTradeMs: number | null;
  readonly tradesLast10Min: number;
}

/** The symbol's last trade, and the trades of the last 600 s; sent at once, together. */
export async function readRecentTrades(parts: ExecutionParts, symbol: string): Promise<RecentTrades> {
  const nowMs = parts.redis.serverNowMs();
  const [last, count] = await Promise.all([
    parts.redis.command(["GET", `${parts.keys.gateLastTradePrefix}${symbol}`]),
    parts.redis.command(["ZCOUNT", parts.keys.gateTrades, `(${nowMs - 600_000}`, "+inf"]),
  ]);
  return { nowMs, lastTradeMs: last === null ? null : Number(last), tradesLast10Min: Number(count) };
}
