/**
 * What to do about one open position.
 *
 * 1. Nothing new is sent while an earlier order of the position is in doubt: each is closed once.
 * 2. What is sent can only reduce, and is never more than what was read, but where that is under the venue's smallest
 *    order and was refused: then, in one-way mode, the smallest is tried, of which the venue takes what is open.
 * 3. A quantity the filters do not allow is sent as it is first: the venue knows its filters better than we do.
 */
import Big from "big.js";
import { decideOrderSize, smallestMarketOrder } from "../../exchange/decide-order-size.ts";
import type { OrderSide, PositionSide } from "../../exchange/exchange.ts";
import { exitOrderShape } from "../../exchange/exit-order-shape.ts";
import type { SymbolRules } from "../../exchange/symbol-rules.ts";
import { closeOrderId } from "./close-order-id.ts";
import type { SignedOrder } from "./panic-memory.ts";

export interface OpenLeg {
  readonly symbol: string;
  readonly positionSide: PositionSide;
  /** Signed base units, not zero: negative is short. */
  readonly quantity: string;
}

export interface CloseOrder {
  readonly n: number;
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: OrderSide;
  readonly positionSide: PositionSide;
  readonly reduceOnly: boolean;
  readonly quantity: string;
}

export type ClosePlan =
  | { readonly kind: "resolve"; readonly orders: readonly SignedOrder[] }
  | { readonly kind: "send"; readonly orders: readonly CloseOrder[] };

/** Pure. `sent` are the orders of this panic for this position so far. */
export function planClose(input: {
  readonly eventId: string;
  readonly leg: OpenLeg;
  readonly rules: SymbolRules | null;
  readonly sent: readonly SignedOrder[];
}): ClosePlan {
  const { eventId, leg, rules, sent } = input;
  const inDoubt = sent.filter(({ outcome }) => outcome === "open");
  if (inDoubt.length > 0) return { kind: "resolve", orders: inDoubt };
  const { symbol, positionSide } = leg;
  const shape = exitOrderShape({
    hedgeMode: positionSide !== "BOTH",
    closes: new Big(leg.quantity).gt(0) ? "LONG" : "SHORT",
  });
  const last = Math.max(0, ...sent.map(({ n }) => n));
  const orders = quantities(leg, rules, sent).map((quantity, at) => {
    const n = last + at + 1;
    const clientOrderId = closeOrderId({ eventId, symbol, positionSide, n });
    return { n, clientOrderId, symbol, ...shape, positionSide, quantity };
  });
  return { kind: "send", orders };
}

function quantities(
  leg: OpenLeg,
  rules: SymbolRules | null,
  sent: readonly SignedOrder[],
): readonly string[] {
  const quantity = new Big(leg.quantity).abs().toFixed();
  const size = decideOrderSize({ kind: "exit", rules, quantity, markPrice: null });
  if (size.kind === "sized") return [size.quantity, ...size.rest];
  const last = sent.at(-1);
  const refused = last?.outcome === "rejected" && last.quantity === quantity;
  const least =
    rules === null || !refused || leg.positionSide !== "BOTH" ? undefined : smallestMarketOrder(rules);
  return [least !== undefined && new Big(least).gt(quantity) ? least : quantity];
}
