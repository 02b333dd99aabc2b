import type { OrderRequest } from "./exchange.ts";

/**
 * How an order says that it only closes. One-way: `reduceOnly`. Hedge: the venue refuses `reduceOnly`, and
 * SELL + LONG or BUY + SHORT can do nothing but close.
 */
export function exitOrderShape(input: {
  readonly hedgeMode: boolean;
  readonly closes: "LONG" | "SHORT";
}): Pick<OrderRequest, "side" | "positionSide" | "reduceOnly"> {
  return {
    side: input.closes === "LONG" ? "SELL" : "BUY",
    positionSide: input.hedgeMode ? input.closes : "BOTH",
    reduceOnly: true,
  };
}
