import { isRejection, reject } from "../engine/rejection.ts";
import type { SymbolState } from "../engine/venue-state.ts";
import { moneyText } from "../engine/wire-decimals.ts";
import {
  bookTickerReport,
  candleRow,
  dayReport,
  depthReport,
  premiumReport,
  priceReport,
} from "../wire/market-view.ts";
import { integerOf, invalid, missing, textOf, wordOf } from "../wire/params.ts";
import { symbolReport } from "../wire/symbol-view.ts";
import { knownSymbol, namedSymbols, oneOrAll } from "./known-symbol.ts";
import { perSymbol } from "./order-endpoints.ts";
import type { Endpoint, EndpointTable, VenueCall } from "./venue-call.ts";

const open = (weight: Endpoint["weight"], handle: Endpoint["handle"]): Endpoint => ({
  weight,
  security: "NONE",
  handle,
});

/** Public market data. */
export const MARKET_ENDPOINTS: EndpointTable = {
  "GET /fapi/v1/ping": open(1, () => ({})),
  "GET /fapi/v1/time": open(1, (call) => ({ serverTime: call.shownMs })),
  "GET /fapi/v1/exchangeInfo": open(1, exchangeInfo),
  "GET /fapi/v1/premiumIndex": open(perSymbol(1, 10), (call) =>
    oneOrAll(call, (symbol) => premiumReport(call.state, symbol, call.nowMs)),
  ),
  "GET /fapi/v1/ticker/price": open(perSymbol(1, 2), (call) => oneOrAll(call, priceReport)),
  "GET /fapi/v2/ticker/price": open(perSymbol(1, 2), (call) => oneOrAll(call, priceReport)),
  "GET /fapi/v1/ticker/bookTicker": open(perSymbol(2, 5), (call) => oneOrAll(call, bookTickerReport)),
  "GET /fapi/v1/ticker/24hr": open(perSymbol(1, 40), (call) =>
    oneOrAll(call, (symbol) => dayReport(symbol, candlesOf(call, symbol, 1), call.nowMs)),
  ),
  "GET /fapi/v1/depth": open(5, getDepth),
  "GET /fapi/v1/klines": open(5, getKlines),
  "GET /fapi/v1/markPriceKlines": open(5, getKlines),
  "GET /fapi/v1/indexPriceKlines": open(5, getKlines),
  "GET /fapi/v1/fundingRate": open(1, getFundingRate),
  "GET /fapi/v1/fundingInfo": open(1, getFundingInfo),
};

function exchangeInfo(call: VenueCall) {
  const { limits } = call.venue;
  return {
    timezone: "UTC",
    serverTime: call.shownMs,
    futuresType: "U_MARGINED",
    rateLimits: [
      {
        rateLimitType: "REQUEST_WEIGHT",
        interval: "MINUTE",
        intervalNum: 1,
        limit: limits.weightPerMinute,
      },
      { rateLimitType: "ORDERS", interval: "MINUTE", intervalNum: 1, limit: limits.ordersPerMinute },
      { rateLimitType: "ORDERS", interval: "SECOND", intervalNum: 10, limit: limits.ordersPer10Sec },
    ],
    exchangeFilters: [],
    assets: [{ asset: "USDT", marginAvailable: true, autoAssetExchange: "-10000" }],
    symbols: call.state.terms.instruments.map(symbolReport),
  };
}

const DEPTH_LIMITS = ["5", "10", "20", "50", "100", "500", "1000"] as const;

function getDepth(call: VenueCall) {
  const symbol = knownSymbol(call);
  if (isRejection(symbol)) return symbol;
  const limit = wordOf(call.params, "limit", DEPTH_LIMITS);
  if (limit === null) return invalid("limit");
  return depthReport(symbol, call.state.terms.book, Number(limit ?? "500"));
}

const MINUTES: Readonly<Record<string, number>> = {
  "1m": 1,
  "3m": 3,
  "5m": 5,
  "15m": 15,
  "30m": 30,
  "1h": 60,
  "2h": 120,
  "4h": 240,
  "6h": 360,
  "8h": 480,
  "12h": 720,
  "1d": 1440,
};

function getKlines(call: VenueCall) {
  // Index price bars name the pair, which for a perpetual is the symbol.
  const pair = textOf(call.params, "pair");
  const symbol =
    pair === undefined ? knownSymbol(call) : (call.state.symbols.get(pair) ?? reject("BAD_SYMBOL"));
  if (isRejection(symbol)) return symbol;
  const interval = textOf(call.params, "interval");
  if (interval === undefined) return missing("interval");
  const minutes = MINUTES[interval];
  if (minutes === undefined) return reject("INVALID_PARAMETER", "Invalid interval.");
  const limit = integerOf(call.params, "limit");
  if (isRejection(limit)) return limit;
  const startTime = integerOf(call.params, "startTime");
  if (isRejection(startTime)) return startTime;
  const endTime = integerOf(call.params, "endTime");
  if (isRejection(endTime)) return endTime;
  const rows = candlesOf(call, symbol, minutes).filter(
    (candle) => candle.openMs >= (startTime ?? 0) && candle.openMs <= (endTime ?? call.nowMs),
  );
  const size = Math.min(Math.max(limit ?? 500, 1), 1500);
  const page = startTime === undefined ? rows.slice(-size) : rows.slice(0, size);
  return page.map((candle) => candleRow(symbol, candle, minutes * 60_000));
}

function candlesOf(call: VenueCall, symbol: SymbolState, minutes: number) {
  return call.venue.tape.candles(symbol.instrument.symbol, minutes);
}

/** The rate is constant, so the history is known without having been there: newest last. */
function getFundingRate(call: VenueCall) {
  const symbols = namedSymbols(call);
  if (isRejection(symbols)) return symbols;
  const limit = integerOf(call.params, "limit");
  if (isRejection(limit)) return limit;
  const { fundingIntervalMs, fundingRate } = call.state.terms;
  const count = Math.min(Math.max(limit ?? 100, 1), 1000);
  return Array.from({ length: count }, (_, index) => count - index).flatMap((ago) =>
    symbols.map((symbol) => ({
      symbol: symbol.instrument.symbol,
      fundingRate: moneyText(fundingRate),
      fundingTime: call.state.nextFundingMs - ago * fundingIntervalMs,
      markPrice: moneyText(symbol.quote.mark),
    })),
  );
}

function getFundingInfo(call: VenueCall) {
  const { fundingIntervalMs, instruments } = call.state.terms;
  return instruments.map((instrument) => ({
    symbol: instrument.symbol,
    adjustedFundingRateCap: "0.02000000",
    adjustedFundingRateFloor: "-0.02000000",
    fundingIntervalHours: Math.max(1, Math.round(fundingIntervalMs / 3_600_000)),
    disclaimer: false,
  }));
}
