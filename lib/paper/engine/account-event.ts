import type Big from "big.js";
import { crossWalletOf } from "./margin.ts";
import { breakEvenOf, entryPriceOf, type Position, unrealisedOf } from "./position.ts";
import type { VenueState } from "./venue-state.ts";
import { entryText, moneyText, qtyText } from "./wire-decimals.ts";

export type AccountReason = "ORDER" | "FUNDING_FEE" | "MARGIN_TYPE_CHANGE" | "ADJUSTMENT";

/** ACCOUNT_UPDATE: the balance and the legs that moved, none: no `P`. `balanceChange` leaves out P&L and fees. */
export function pushAccountEvent(state: VenueState, change: AccountChange): void {
  const { reason, legs, nowMs } = change;
  state.outbox.push({
    e: "ACCOUNT_UPDATE",
    E: nowMs,
    T: nowMs,
    a: {
      m: reason,
      B: [
        {
          a: "USDT",
          wb: moneyText(state.wallet),
          cw: moneyText(crossWalletOf(state)),
          bc: change.balanceChange === undefined ? "0" : moneyText(change.balanceChange),
        },
      ],
      ...(legs.length > 0 && { P: legs.map((leg) => legView(state, leg)) }),
    },
  });
}

export interface AccountChange {
  readonly reason: AccountReason;
  readonly legs: readonly Position[];
  readonly balanceChange?: Big;
  readonly nowMs: number;
}

function legView(state: VenueState, leg: Position) {
  const symbol = state.symbols.get(leg.symbol);
  if (symbol === undefined) throw new Error(`position of an unknown symbol ${leg.symbol}`);
  return {
    s: leg.symbol,
    pa: qtyText(leg.amount, symbol.instrument),
    ep: entryText(entryPriceOf(leg), symbol.instrument),
    bep: entryText(breakEvenOf(leg), symbol.instrument),
    cr: moneyText(leg.realised),
    up: moneyText(unrealisedOf(leg, symbol.quote.mark)),
    mt: symbol.marginType === "CROSSED" ? "cross" : "isolated",
    iw: moneyText(leg.isolatedWallet),
    ps: leg.side,
    ma: "USDT",
  };
}
