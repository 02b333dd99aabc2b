import Big from "big.js";
import { isSizedInUsd } from "../contract/exit-size.ts";
import type { TradeIntent } from "../contract/trade-intent.ts";

/** How much an exit asks to be closed, in base units. */
export type AskedQuantity =
  | { readonly kind: "all" }
  | { readonly kind: "part"; readonly quantity: Big }
  /** It is sized in USD, and there is no price to reckon by. */
  | { readonly kind: "unpriced" };

/** Decimals of a quantity that was reckoned from USD: no venue's step is finer. */
const DECIMALS_MAX = 8;

type Sized = Pick<TradeIntent, "action" | "quantity" | "position_size_usd">;

/** The field that says how much; undefined: all that is open. */
function sizeOf(exit: Sized) {
  const { quantity, position_size_usd: sizeUsd } = exit;
  if (quantity !== null) return { field: "quantity", value: quantity } as const;
  if (sizeUsd === null || !isSizedInUsd(exit)) return undefined;
  return { field: "position_size_usd", value: sizeUsd } as const;
}

/** Whether an exit may be meant for a part: executed twice, it would close more than that. */
export function isSized(exit: Sized): boolean {
  return sizeOf(exit) !== undefined;
}

/** What is wrong with an exit's size: one that is zero or negative asks for nothing, and not for everything. */
export function unsoundSize(exit: Sized): string | undefined {
  const size = sizeOf(exit);
  return size === undefined || new Big(size.value).gt(0)
    ? undefined
    : `field=${size.field} value=${size.value}`;
}

/**
 * What an exit asks for. A size in USD is divided by `markPrice` and rounded down, but to no less than
 * `leastQuantity`, the smallest market order of the venue where that is known.
 */
export function askedQuantity(
  exit: Sized,
  by: { readonly markPrice: string | null | undefined; readonly leastQuantity?: string | undefined },
): AskedQuantity {
  const size = sizeOf(exit);
  if (size === undefined) return { kind: "all" };
  if (size.field === "quantity") return { kind: "part", quantity: new Big(size.value) };
  const { markPrice, leastQuantity = "0" } = by;
  if (markPrice === null || markPrice === undefined || !new Big(markPrice).gt(0)) return { kind: "unpriced" };
  const quantity = new Big(size.value).div(markPrice).round(DECIMALS_MAX, Big.roundDown);
  return { kind: "part", quantity: quantity.lt(leastQuantity) ? new Big(leastQuantity) : quantity };
}
