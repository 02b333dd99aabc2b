import Big from "big.js";
import type { TradeIntent } from "../contract/trade-intent.ts";
import type { Position, PositionSide } from "../exchange/exchange.ts";
import { askedQuantity } from "./asked-quantity.ts";

/** What an exit intent becomes, against what the venue says is open. */
export type ExitDecision =
  | {
      readonly kind: "close";
      readonly side: "BUY" | "SELL";
      readonly positionSide: PositionSide;
      /** Base units, not beyond the position where that is known. */
      readonly quantity: string;
    }
  | { readonly kind: "nothing_to_reduce" }
  | { readonly kind: "ambiguous" }
  /** What was read, and the intent alone, do not say what to send: read again. */
  | { readonly kind: "read_again" };

export interface ExitInput {
  readonly intent: TradeIntent;
  readonly hedgeMode: boolean;
  /** Undefined: they could not be read in time. */
  readonly positions: readonly Position[] | undefined;
  /** Every row was read: what `positions` does not name is not open. */
  readonly isWhole: boolean;
  /** By which a size in USD is reckoned where the position has none; undefined: no fresh one. */
  readonly markPrice?: string | undefined;
  /** The smallest market order of the venue; undefined: unknown. */
  readonly leastQuantity?: string | undefined;
}

export const HEDGE_SIDES = ["LONG", "SHORT"] as const;

const closingSide = (long: boolean) => (long ? "SELL" : "BUY");

/**
 * The order that reduces. Where positions could not be read, what the intent says is sent as it is, and the venue
 * enforces that it only reduces.
 */
export function decideExitOrder(input: ExitInput): ExitDecision {
  const { intent, positions, hedgeMode, isWhole } = input;
  const sides = HEDGE_SIDES.filter((side) => mayClose(intent, side));
  // A SELL of the short, say: in hedge mode it would add to it.
  if (sides.length === 0) return { kind: "nothing_to_reduce" };
  if (positions === undefined) return unproved(input, sides);
  const candidates = positions.filter(
    (position) =>
      position.symbol === intent.symbol &&
      !new Big(position.quantity).eq(0) &&
      mayClose(intent, new Big(position.quantity).gt(0) ? "LONG" : "SHORT"),
  );
  const [position, other] = candidates;
  if (position === undefined) return isWhole ? { kind: "nothing_to_reduce" } : unproved(input, sides);
  if (other !== undefined) return { kind: "ambiguous" };
  // The row that could not be read may be the other side's, and the one that is meant.
  if (!isWhole && hedgeMode && sides.length > 1) return { kind: "read_again" };
  const markPrice = position.markPrice ?? input.markPrice;
  const asked = askedQuantity(intent, { markPrice, leastQuantity: input.leastQuantity });
  if (asked.kind === "unpriced") return { kind: "read_again" };
  const open = new Big(position.quantity);
  const quantity = asked.kind === "all" || asked.quantity.gt(open.abs()) ? open.abs() : asked.quantity;
  return {
    kind: "close",
    side: closingSide(open.gt(0)),
    positionSide: position.positionSide,
    quantity: quantity.toFixed(),
  };
}

/** SELL closes a long, BUY a short, CLOSE either, unless the intent names the side. */
export function mayClose(intent: TradeIntent, side: "LONG" | "SHORT"): boolean {
  const named = intent.position_side;
  if (named !== null && named !== "BOTH" && named !== side) return false;
  return intent.action === "CLOSE" || intent.action === closingSide(side === "LONG");
}

/** The order by the intent alone; `sides`: what it may close. */
function unproved(input: ExitInput, sides: readonly ("LONG" | "SHORT")[]): ExitDecision {
  const { intent, hedgeMode, markPrice, leastQuantity } = input;
  const asked = askedQuantity(intent, { markPrice, leastQuantity });
  const [side, other] = sides;
  if (side === undefined || other !== undefined || asked.kind !== "part") return { kind: "read_again" };
  return {
    kind: "close",
    side: closingSide(side === "LONG"),
    positionSide: hedgeMode ? side : "BOTH",
    quantity: asked.quantity.toFixed(),
  };
}
