import Big from "big.js";
import {
  checkMarketPrice,
  checkNotional,
  checkPercentPrice,
  checkPrice,
  checkQuantity,
} from "./check-filters.ts";
import { reserveMargin } from "./check-margin.ts";
import { checkPositionMode, judgePurpose, type Purpose } from "./closing-rules.ts";
import type { OrderRequest } from "./order-request.ts";
import type { Placement } from "./place-order.ts";
import { isRejection, type Rejection, reject } from "./rejection.ts";
import { openOrderCount } from "./resting-orders.ts";
import { crosses, sweepBook } from "./sweep.ts";
import type { SymbolState, VenueState } from "./venue-state.ts";

export interface Acceptance {
  readonly quantity: Big;
  /** Margin to set aside, USD; zero for what only closes. */
  readonly margin: Big;
}

/** Everything the venue asks of an order before it exists; changes nothing. */
export function judgeOrder(
  state: VenueState,
  request: OrderRequest,
  placement: Placement,
): Acceptance | Rejection {
  const symbol = state.symbols.get(request.symbol);
  if (symbol === undefined) return reject("BAD_SYMBOL");
  const mode = checkPositionMode(state, request);
  if (mode !== undefined) return mode;
  if (request.clientOrderId !== undefined && state.openByClientId.has(request.clientOrderId)) {
    return reject("DUPLICATED_CLIENT_ORDER_ID");
  }
  const shape = placement.algo === undefined ? checkShape(symbol, request, placement.nowMs) : undefined;
  if (shape !== undefined) return shape;
  const purpose = judgePurpose(state, symbol, request);
  if (isRejection(purpose)) return purpose;
  const market = checkMarket(state, symbol, { request, purpose, placement });
  if (market !== undefined) return market;
  const price = request.type === "MARKET" ? takerPrice(symbol, request) : request.price;
  if (purpose.closing) return { quantity: purpose.quantity, margin: new Big(0) };
  const { side, positionSide } = request;
  const margin = reserveMargin(state, symbol, { side, positionSide, quantity: purpose.quantity, price });
  return isRejection(margin) ? margin : { quantity: purpose.quantity, margin };
}

/** The filters that look at the order alone. */
function checkShape(symbol: SymbolState, request: OrderRequest, nowMs: number): Rejection | undefined {
  const { instrument, quote } = symbol;
  const lot = request.type === "MARKET" ? instrument.marketLot : instrument.limitLot;
  const quantity = checkQuantity(request.quantity, lot, instrument.quantityPrecision);
  if (quantity !== undefined || request.type === "MARKET") return quantity;
  if (request.timeInForce === "GTD" && !goodTillDateHolds(request.goodTillDate, nowMs)) {
    return reject("INVALID_GOOD_TILL_DATE");
  }
  return (
    checkPrice(request.price, instrument) ??
    checkPercentPrice(request.side, request.price, { instrument, quote })
  );
}

/** The venue's own bounds: at least ten minutes ahead. */
function goodTillDateHolds(goodTillDate: number, nowMs: number): boolean {
  return goodTillDate > nowMs + 600_000 && goodTillDate < 253_402_300_799_000;
}

interface MarketQuestion {
  readonly request: OrderRequest;
  readonly purpose: Purpose;
  readonly placement: Placement;
}

/** What depends on the market, the book and the number of open orders. */
function checkMarket(
  state: VenueState,
  symbol: SymbolState,
  question: MarketQuestion,
): Rejection | undefined {
  const { request, purpose, placement } = question;
  const { instrument, quote } = symbol;
  const price = request.type === "MARKET" ? quote.mark : request.price;
  const exempt = purpose.closing || placement.algo !== undefined;
  const notional = exempt ? undefined : checkNotional(request.quantity, price, instrument);
  if (notional !== undefined) return notional;
  if (request.type === "MARKET") return checkMarketPrice(request.side, { instrument, quote });
  if (openOrderCount(symbol) >= instrument.maxOrders) return reject("MAX_OPEN_ORDER_EXCEEDED");
  if (request.timeInForce === "GTX" && crosses(request.side, request.price, quote)) {
    return reject("GTX_ORDER_REJECT");
  }
  if (request.timeInForce !== "FOK") return undefined;
  const fills = sweepBook({
    side: request.side,
    qty: purpose.quantity,
    limit: request.price,
    instrument,
    quote,
    book: state.terms.book,
  });
  const filled = fills.reduce((sum, fill) => sum.plus(fill.qty), new Big(0));
  return filled.lt(purpose.quantity) ? reject("FOK_ORDER_REJECT") : undefined;
}

function takerPrice(symbol: SymbolState, request: OrderRequest): Big {
  return request.side === "BUY" ? symbol.quote.ask : symbol.quote.bid;
}
