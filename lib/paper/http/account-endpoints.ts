import { setHedgeMode, setLeverage, setMarginType } from "../engine/account-settings.ts";
import { accountFigures, notionalCapOf } from "../engine/margin.ts";
import { MARGIN_TYPES } from "../engine/order-terms.ts";
import { isRejection, reject } from "../engine/rejection.ts";
import type { SymbolState } from "../engine/venue-state.ts";
import { accountReport, accountReportV2, balanceReport } from "../wire/account-view.ts";
import { fillReport, incomeReport } from "../wire/fill-view.ts";
import { booleanOf, integerOf, invalid, missing, textOf, wordOf } from "../wire/params.ts";
import { isOccupied, legsOf, positionReport, positionReportV2 } from "../wire/position-view.ts";
import { bracketReport } from "../wire/symbol-view.ts";
import { pageOf } from "./history-page.ts";
import { knownSymbol, namedSymbols, oneOrAll } from "./known-symbol.ts";
import type { Endpoint, EndpointTable, VenueCall } from "./venue-call.ts";

const read = (weight: number, handle: Endpoint["handle"]): Endpoint => ({
  weight,
  security: "SIGNED",
  handle,
});

/** The account: balances, positions, fills, income and its settings. */
export const ACCOUNT_ENDPOINTS: EndpointTable = {
  "GET /fapi/v3/account": read(5, (call) => accountReport(call.state, call.nowMs)),
  "GET /fapi/v2/account": read(5, (call) => accountReportV2(call.state, call.nowMs)),
  "GET /fapi/v3/balance": read(5, balances),
  "GET /fapi/v2/balance": read(5, balances),
  "GET /fapi/v3/positionRisk": read(5, (call) => positions(call, "v3")),
  "GET /fapi/v2/positionRisk": read(5, (call) => positions(call, "v2")),
  "GET /fapi/v1/userTrades": read(5, getUserTrades),
  "GET /fapi/v1/income": read(30, getIncome),
  "GET /fapi/v1/positionSide/dual": read(30, (call) => ({ dualSidePosition: call.state.hedgeMode })),
  "POST /fapi/v1/positionSide/dual": read(1, postPositionSide),
  "POST /fapi/v1/leverage": read(1, postLeverage),
  "POST /fapi/v1/marginType": read(1, postMarginType),
  "GET /fapi/v1/leverageBracket": read(1, (call) => bracketRows(call)),
  "GET /fapi/v1/commissionRate": read(20, getCommissionRate),
  "GET /fapi/v1/accountConfig": read(5, accountConfig),
  "GET /fapi/v1/symbolConfig": read(5, (call) => listed(oneOrAll(call, symbolConfig))),
  "GET /fapi/v1/multiAssetsMargin": read(30, () => ({ multiAssetsMargin: false })),
  "GET /fapi/v1/apiTradingStatus": read(1, (call) => ({ indicators: {}, updateTime: call.nowMs })),
  "GET /fapi/v1/rateLimit/order": read(1, orderLimits),
};

function balances(call: VenueCall) {
  return balanceReport(call.state, { accountAlias: call.venue.accountAlias, nowMs: call.nowMs });
}

/** v3 lists only legs in use, v2 every leg. */
function positions(call: VenueCall, version: "v2" | "v3") {
  const symbols = namedSymbols(call);
  if (isRejection(symbols)) return symbols;
  const figures = accountFigures(call.state);
  return symbols.flatMap((symbol) =>
    legsOf(call.state, symbol)
      .filter((leg) => version === "v2" || isOccupied(symbol, leg))
      .map((leg) =>
        version === "v2"
          ? positionReportV2({ symbol, leg, figures })
          : positionReport({ symbol, leg, figures }),
      ),
  );
}

function getUserTrades(call: VenueCall) {
  const symbol = knownSymbol(call);
  if (isRejection(symbol)) return symbol;
  const orderId = integerOf(call.params, "orderId");
  if (isRejection(orderId)) return orderId;
  const rows = orderId === undefined ? symbol.fills : fillsOf(call, symbol, orderId);
  const page = pageOf(call.params, {
    rows,
    idName: "fromId",
    idOf: (fill) => fill.id,
    timeOf: (fill) => fill.timeMs,
    limit: 500,
  });
  return isRejection(page) ? page : page.map((fill) => fillReport(call.state, fill));
}

/** Asked right after the order as a rule: the search starts at the newest fill and ends before the order's time. */
function fillsOf(call: VenueCall, symbol: SymbolState, orderId: number) {
  const order = call.state.ordersById.get(orderId);
  if (order === undefined) return [];
  const start = symbol.fills.findLastIndex((fill) => fill.timeMs < order.timeMs) + 1;
  return symbol.fills.slice(start).filter((fill) => fill.orderId === orderId);
}

function getIncome(call: VenueCall) {
  const symbol = textOf(call.params, "symbol");
  const incomeType = textOf(call.params, "incomeType");
  const rows = call.state.incomes.filter(
    (row) =>
      (symbol === undefined || row.symbol === symbol) &&
      (incomeType === undefined || row.incomeType === incomeType),
  );
  const page = pageOf(call.params, {
    rows,
    idName: "tranId",
    idOf: (row) => row.tranId,
    timeOf: (row) => row.timeMs,
    limit: 100,
  });
  return isRejection(page) ? page : page.map(incomeReport);
}

function postPositionSide(call: VenueCall) {
  const dual = booleanOf(call.params, "dualSidePosition");
  if (isRejection(dual)) return dual;
  if (dual === undefined) return missing("dualSidePosition");
  return setHedgeMode(call.state, dual) ?? { code: 200, msg: "success" };
}

function postLeverage(call: VenueCall) {
  const symbol = knownSymbol(call);
  if (isRejection(symbol)) return symbol;
  const leverage = integerOf(call.params, "leverage");
  if (isRejection(leverage)) return leverage;
  if (leverage === undefined) return missing("leverage");
  const refusal = setLeverage(call.state, symbol, { leverage, nowMs: call.nowMs });
  if (refusal !== undefined) return refusal;
  return {
    symbol: symbol.instrument.symbol,
    leverage,
    maxNotionalValue: notionalCapOf(symbol).toFixed(),
  };
}

function postMarginType(call: VenueCall) {
  const symbol = knownSymbol(call);
  if (isRejection(symbol)) return symbol;
  const marginType = wordOf(call.params, "marginType", MARGIN_TYPES);
  if (marginType === undefined) return missing("marginType");
  if (marginType === null) return invalid("marginType");
  return (
    setMarginType(call.state, symbol, { marginType, nowMs: call.nowMs }) ?? { code: 200, msg: "success" }
  );
}

function bracketRows(call: VenueCall) {
  return listed(oneOrAll(call, (symbol) => bracketReport(symbol.instrument)));
}

/** Some endpoints answer with a list even when one symbol is named. */
function listed(answer: object): object {
  return Array.isArray(answer) || isRejection(answer) ? answer : [answer];
}

function getCommissionRate(call: VenueCall) {
  const symbol = knownSymbol(call);
  if (isRejection(symbol)) return symbol;
  return {
    symbol: symbol.instrument.symbol,
    makerCommissionRate: call.state.terms.makerRate.toFixed(6),
    takerCommissionRate: call.state.terms.takerRate.toFixed(6),
  };
}

function accountConfig(call: VenueCall) {
  return {
    feeTier: 0,
    canTrade: true,
    canDeposit: true,
    canWithdraw: true,
    dualSidePosition: call.state.hedgeMode,
    updateTime: 0,
    multiAssetsMargin: false,
    tradeGroupId: -1,
  };
}

function symbolConfig(symbol: SymbolState) {
  return {
    symbol: symbol.instrument.symbol,
    marginType: symbol.marginType,
    isAutoAddMargin: false,
    leverage: symbol.leverage,
    maxNotionalValue: notionalCapOf(symbol).toFixed(),
  };
}

function orderLimits(call: VenueCall) {
  const { ordersPer10Sec, ordersPerMinute } = call.venue.limits;
  if (ordersPer10Sec <= 0) return reject("UNKNOWN");
  return [
    { rateLimitType: "ORDERS", interval: "SECOND", intervalNum: 10, limit: ordersPer10Sec },
    { rateLimitType: "ORDERS", interval: "MINUTE", intervalNum: 1, limit: ordersPerMinute },
  ];
}
