import Big from "big.js";
import type { Exchange } from "../../exchange/exchange.ts";
import type { SymbolRules } from "../../exchange/symbol-rules.ts";

/** Above MIN_NOTIONAL_USD (25) with room for a mark that moves, USD. */
const NOTIONAL_USD = "35";
/** How far a size stays above the venue's own minimum. */
const ABOVE_MINIMUM = "1.2";
/** 2 % of risk for 5.2 %: R = 2.6, where MIN_R_TREND asks for 2.5. */
const STOP_PART = "0.98";
const TARGET_PART = "1.052";

/** A small long that every gate lets pass, or in words why there is none. */
export type DrillTrade =
  | { readonly kind: "trade"; readonly decision: Readonly<Record<string, unknown>>; readonly words: string }
  | { readonly kind: "none"; readonly why: string };

/** Sizes the drill's position by the venue's mark price and filters. The exchange is connected. */
export async function drillTrade(exchange: Exchange, symbol: string, nowMs: number): Promise<DrillTrade> {
  const rules = exchange.rules(symbol);
  if (rules === undefined) return { kind: "none", why: `the venue does not list ${symbol}` };
  const marks = await exchange.premiumIndex(symbol);
  const price = marks.ok ? marks.value.find((mark) => mark.symbol === symbol)?.price : undefined;
  if (price === undefined) return { kind: "none", why: `no mark price of ${symbol}` };
  const quantity = smallest(rules, price);
  const notional = new Big(quantity).times(price).toFixed(2);
  return {
    kind: "trade",
    words: `BUY ${quantity} ${symbol}, about ${notional} USD`,
    decision: {
      ...{ symbol, side: "BUY", confidence: 0.99, leverage: 1, model: "NHiTS", regime: "TREND" },
      ...{ entry_price: price, quantity, strategy: "drill", timestamp: nowMs },
      stop_loss: new Big(price).times(STOP_PART).toFixed(),
      take_profit: new Big(price).times(TARGET_PART).toFixed(),
    },
  };
}

/** The least quantity in whole steps that is worth enough for our gates and the venue's filters. */
function smallest(rules: SymbolRules, price: string): string {
  const floors = [NOTIONAL_USD, new Big(rules.minNotionalUsd).times(ABOVE_MINIMUM)].map((usd) =>
    new Big(usd).div(price),
  );
  const wanted = [...floors, new Big(rules.lot.min), new Big(rules.marketLot.min)].reduce((most, one) =>
    one.gt(most) ? one : most,
  );
  const steps = [rules.lot.step, rules.marketLot.step].map((step) => new Big(step));
  const step = steps.reduce((most, one) => (one.gt(most) ? one : most));
  return step.eq(0) ? wanted.toFixed() : wanted.div(step).round(0, Big.roundUp).times(step).toFixed();
}
