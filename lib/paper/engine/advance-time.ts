import { pushAccountEvent } from "./account-event.ts";
import { moveAlgo } from "./algo-outcome.ts";
import { cancelAllAlgos, cancelAllOrders } from "./cancel-order.ts";
import { endOrder } from "./execute-fill.ts";
import { liquidateWhatIsDue } from "./liquidation.ts";
import { notionalOf, symbolOf } from "./margin.ts";
import { MONEY_DECIMALS } from "./position.ts";
import { isOpen, isWaiting } from "./venue-order.ts";
import type { VenueState } from "./venue-state.ts";

/** What is due by the clock: expiries, countdowns that ran out, funding, and legs their margin cannot carry. */
export function advanceTime(state: VenueState, nowMs: number): void {
  if (state.expiries.size > 0) expireOrders(state, nowMs);
  if (state.countdowns.size > 0) fireCountdowns(state, nowMs);
  while (nowMs >= state.nextFundingMs) {
    chargeFunding(state, state.nextFundingMs);
    state.nextFundingMs += state.terms.fundingIntervalMs;
  }
  if (!state.marketMoved) return;
  state.marketMoved = false;
  if (state.openLegs.size > 0) liquidateWhatIsDue(state, nowMs);
}

function expireOrders(state: VenueState, nowMs: number): void {
  for (const [id, atMs] of [...state.expiries]) {
    if (atMs > nowMs) continue;
    state.expiries.delete(id);
    const order = state.ordersById.get(id);
    const algo = state.algosById.get(id);
    if (order !== undefined && isOpen(order)) endOrder(state, order, { status: "EXPIRED", nowMs });
    if (algo !== undefined && isWaiting(algo)) moveAlgo(state, algo, { status: "EXPIRED", nowMs });
  }
}

/** The countdown cancels protective orders too, and closes nothing: as the venue does. */
function fireCountdowns(state: VenueState, nowMs: number): void {
  for (const [name, atMs] of [...state.countdowns]) {
    if (atMs > nowMs) continue;
    state.countdowns.delete(name);
    const symbol = symbolOf(state, name);
    cancelAllOrders(state, symbol, nowMs);
    cancelAllAlgos(state, symbol, nowMs);
  }
}

/** Longs pay shorts when the rate is positive: each leg its notional at the mark price × rate. */
function chargeFunding(state: VenueState, nowMs: number): void {
  for (const leg of state.openLegs) {
    const symbol = symbolOf(state, leg.symbol);
    const payment = notionalOf(leg, symbol.quote.mark)
      .times(state.terms.fundingRate)
      .times(-1)
      .round(MONEY_DECIMALS);
    if (payment.eq(0)) continue;
    state.wallet = state.wallet.plus(payment);
    leg.carried = leg.carried.plus(payment);
    state.incomes.push({
      symbol: leg.symbol,
      incomeType: "FUNDING_FEE",
      income: payment,
      timeMs: nowMs,
      tranId: state.nextTranId++,
      tradeId: "",
    });
    // Of cross margin the venue tells the balance alone.
    const legs = symbol.marginType === "ISOLATED" ? [leg] : [];
    pushAccountEvent(state, { reason: "FUNDING_FEE", legs, balanceChange: payment, nowMs });
  }
}
