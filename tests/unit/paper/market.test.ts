import { expect, test } from "bun:test";
import Big from "big.js";
import type { Instrument } from "../../../lib/paper/engine/instrument.ts";
import { listInstruments } from "../../../lib/paper/engine/instruments.ts";
import { generatedMarket } from "../../../lib/paper/market/generated-market.ts";
import { recordedMarket } from "../../../lib/paper/market/recorded-market.ts";
import { parseRecording, symbolOfFile } from "../../../lib/paper/market/recording.ts";

const book = {
  levels: 20,
  levelUsd: new Big(500_000),
  levelStepBps: new Big("0.5"),
  slippageBps: new Big(0),
};
const terms = { book, spreadBps: new Big(0) };

function instrumentOf(symbol: string): Instrument {
  const found = listInstruments(3).find((one) => one.symbol === symbol);
  if (found === undefined) throw new Error(`no ${symbol}`);
  return found;
}

const prices = (symbol: string, seed: string, elapsedMs: number) =>
  generatedMarket(instrumentOf(symbol), terms, seed)
    .due(elapsedMs, 0)
    .map((quote) => quote.bid.toFixed());

test("the same seed gives the same market, another one another, and symbols differ", () => {
  const one = prices("BTCUSDT", "7", 30_000);
  expect(prices("BTCUSDT", "7", 30_000)).toEqual(one);
  expect(prices("BTCUSDT", "8", 30_000)).not.toEqual(one);
  expect(one.length).toBe(121);
});

test("a market played in pieces is the market played at once", () => {
  const market = generatedMarket(instrumentOf("ETHUSDT"), terms, "7");
  const pieces = [0, 100, 1000, 7000, 30_000].flatMap((elapsedMs) => market.due(elapsedMs, 0));
  expect(pieces.map((quote) => quote.bid.toFixed())).toEqual(prices("ETHUSDT", "7", 30_000));
});

test.each(listInstruments(3).map((instrument) => [instrument.symbol]))(
  "the generated market of %s keeps to ticks and lots, moves, and stays a market",
  (symbol) => {
    const instrument = instrumentOf(symbol);
    const market = generatedMarket(instrument, terms, "1");
    const seen = new Set<string>();
    for (let minute = 1; minute <= 5; minute += 1) {
      for (const quote of market.due(minute * 60_000, 0)) {
        expect(quote.bid.lt(quote.ask)).toBe(true);
        expect(quote.bid.mod(instrument.tickSize).eq(0) && quote.ask.mod(instrument.tickSize).eq(0)).toBe(
          true,
        );
        expect(quote.bidQty.mod(instrument.limitLot.step).eq(0) && quote.bidQty.gt(0)).toBe(true);
        expect(quote.mark.gte(quote.bid) && quote.mark.lte(quote.ask)).toBe(true);
        expect(quote.bid.div(instrument.startPrice).minus(1).abs().lt("0.2")).toBe(true);
        seen.add(quote.bid.toFixed());
      }
    }
    expect(seen.size).toBeGreaterThan(3);
  },
);

test("after a long pause the market jumps ahead instead of playing everything", () => {
  const market = generatedMarket(instrumentOf("BTCUSDT"), terms, "7");
  market.due(0, 0);
  expect(market.due(86_400_000, 0).length).toBe(240);
  expect(market.due(86_400_250, 0).length).toBe(1);
});

const BARS = `timestamp,open,high,low,close,volume
2022-01-01 00:00:00.000000,100.0,110.0,90.0,105.0,1.5
2022-01-01 00:01:00.000000,105.0,106.0,95.0,96.0,2.5
`;
const QUOTES = `event_time_ms,bid_price,bid_qty,ask_price,ask_qty
1723161256313,61800.20,2.507,61800.30,2.510
1723161256417,61800.20,2.658,61800.30,2.283
1723161257313,61801.20,0.890,61801.30,1.088
`;

test("a bar is played as open, the nearer extreme, the other one, close, a quarter of a minute each", () => {
  const recording = parseRecording(BARS);
  const market = recordedMarket({ instrument: instrumentOf("SIM001USDT"), terms, recording });
  const path = (elapsedMs: number) => market.due(elapsedMs, 0).map((quote) => quote.bid.toFixed());
  expect(path(0)).toEqual(["100"]);
  expect(path(44_999)).toEqual(["90", "110"]);
  expect(path(105_000)).toEqual(["105", "105", "106", "95", "96"]);
  expect(market.progress()).toBe(1);
  expect(path(1_000_000)).toEqual([]);
});

test("recorded quotes keep their prices, sizes and distances in time", () => {
  const recording = parseRecording(QUOTES);
  const market = recordedMarket({ instrument: instrumentOf("BTCUSDT"), terms, recording });
  const [first] = market.due(0, 5);
  expect([first?.bid, first?.bidQty, first?.ask, first?.askQty].map((value) => value?.toFixed())).toEqual([
    "61800.2",
    "2.507",
    "61800.3",
    "2.51",
  ]);
  expect(first?.mark.toFixed()).toBe("61800.25");
  expect(market.due(103, 5)).toEqual([]);
  expect(market.due(104, 5).length).toBe(1);
  expect(market.due(1000, 5).at(-1)?.bid.toFixed()).toBe("61801.2");
});

test.each([
  ["an unknown header", "time,price\n1,2\n"],
  ["no rows", "event_time_ms,bid_price,bid_qty,ask_price,ask_qty\n"],
  ["a price that is none", QUOTES.replace("61801.20", "NaN")],
  ["a price of zero", QUOTES.replace("61801.20", "0")],
  ["a missing column", QUOTES.replace(",1.088", "")],
  ["time that goes back", QUOTES.replace("1723161257313", "1723161256000")],
  ["a bar without a time", BARS.replace("2022-01-01 00:01:00.000000", "yesterday")],
])("a recording with %s is refused", (_, text) => {
  expect(() => parseRecording(text)).toThrow(/header|rows|line/);
});

test.each([
  ["/data/usdm-btcusdt-2024-08-08-quotes.csv.gz", "BTCUSDT"],
  ["btc-perp-2022-01-1m.csv.gz", "BTCUSDT"],
  ["usdm-ethusdt-2024-08-08-quotes.csv.gz", "ETHUSDT"],
  ["prices.csv", undefined],
])("the file %s is of %p", (path, symbol) => {
  const known = listInstruments(0).map((instrument) => instrument.symbol);
  expect(symbolOfFile(path, known)).toBe(symbol);
});
