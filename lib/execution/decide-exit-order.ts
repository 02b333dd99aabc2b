import Big from "big.js";
import type { TradeIntent } from "../contract/trade-intent.ts";
import type { Position, PositionSide } from "../exchange/exchange.ts";

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
  /** Positions are unreadable and the intent alone does not say what to send: read again. */
  | { readonly kind: "read_again" };

const closingSide = (long: boolean) => (long ? "SELL" : "BUY");

/**
 * The order that reduces. `positions` undefined means they could not be read in time: then what the intent
 * says is sent as it is, and the venue enforces that it only reduces.
 */
export function decideExitOrder(input: {
  readonly intent: TradeIntent;
  readonly hedgeMode: boolean;
  readonly positions: readonly Position[] | undefined;
  /** Every row was read: what `positions` does not name is not open. */
  readonly isWhole: boolean;
}): ExitDecision {
  const { intent, positions } = input;
  if (positions === undefined) return unproved(intent, input.hedgeMode);
  const candidates = positions.filter(
    (position) =>
      position.symbol === intent.symbol &&
      !new Big(position.quantity).eq(0) &&
      mayClose(intent, new Big(position.quantity).gt(0) ? "LONG" : "SHORT"),
  );
  const [position, other] = candidates;
  if (position === undefined)
    return input.isWhole ? { kind: "nothing_to_reduce" } : unproved(intent, input.hedgeMode);
  if (other !== undefined) return { kind: "ambiguous" };
  const open = new Big(position.quantity);
  const asked = intent.quantity === null ? open.abs() : new Big(intent.quantity);
  const quantity = asked.gt(open.abs()) || asked.lte(0) ? open.abs() : asked;
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

function unproved(intent: TradeIntent, hedgeMode: boolean): ExitDecision {
  if (intent.quantity === null || !new Big(intent.quantity).gt(0)) return { kind: "read_again" };
  const named = intent.position_side;
  const side =
    intent.action === "CLOSE"
      ? named === "LONG" || named === "SHORT"
        ? closingSide(named === "LONG")
        : undefined
      : intent.action;
  if (side === undefined) return { kind: "read_again" };
  const positionSide = hedgeMode ? (side === "SELL" ? "LONG" : "SHORT") : "BOTH";
  return { kind: "close", side, positionSide, quantity: intent.quantity };
}
