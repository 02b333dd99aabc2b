import Big from "big.js";
import type { Instrument, LeverageBracket } from "./instrument.ts";

type BracketRow = readonly [cap: string, leverage: number, ratio: string];

const MAJOR: readonly BracketRow[] = [
  ["300000", 125, "0.004"],
  ["800000", 100, "0.005"],
  ["3000000", 75, "0.0065"],
  ["12000000", 50, "0.01"],
  ["70000000", 25, "0.02"],
  ["100000000", 20, "0.025"],
  ["230000000", 10, "0.05"],
  ["480000000", 5, "0.1"],
  ["600000000", 4, "0.125"],
  ["800000000", 3, "0.15"],
  ["1200000000", 2, "0.25"],
  ["1800000000", 1, "0.5"],
];

const MINOR: readonly BracketRow[] = [
  ["10000", 75, "0.01"],
  ["50000", 50, "0.015"],
  ["200000", 25, "0.02"],
  ["1000000", 20, "0.025"],
  ["5000000", 10, "0.05"],
  ["10000000", 5, "0.1"],
  ["15000000", 4, "0.125"],
  ["30000000", 2, "0.25"],
  ["50000000", 1, "0.5"],
];

interface InstrumentFacts {
  readonly symbol: string;
  readonly precision: readonly [price: number, quantity: number];
  readonly price: readonly [tick: string, min: string, max: string];
  readonly lot: readonly [step: string, maxLimit: string, maxMarket: string];
  readonly minNotional: string;
  readonly percent: readonly [down: string, up: string];
  readonly startPrice: string;
  readonly brackets: readonly BracketRow[];
}

/** The live venue's filters of the six symbols the project trades, from its exchangeInfo. */
const FACTS: readonly InstrumentFacts[] = [
  {
    symbol: "BTCUSDT",
    precision: [2, 3],
    price: ["0.10", "556.80", "4529764"],
    lot: ["0.001", "1000", "120"],
    minNotional: "100",
    percent: ["0.9500", "1.0500"],
    startPrice: "61800",
    brackets: MAJOR,
  },
  {
    symbol: "ETHUSDT",
    precision: [2, 3],
    price: ["0.01", "39.86", "306177"],
    lot: ["0.001", "10000", "2000"],
    minNotional: "20",
    percent: ["0.9500", "1.0500"],
    startPrice: "2680",
    brackets: MAJOR,
  },
  {
    symbol: "SOLUSDT",
    precision: [4, 2],
    price: ["0.0100", "0.4200", "6857"],
    lot: ["0.01", "1000000", "20000"],
    minNotional: "5",
    percent: ["0.9500", "1.0500"],
    startPrice: "155",
    brackets: MINOR,
  },
  {
    symbol: "BNBUSDT",
    precision: [3, 2],
    price: ["0.010", "6.600", "100000"],
    lot: ["0.01", "100000", "2000"],
    minNotional: "5",
    percent: ["0.9500", "1.0500"],
    startPrice: "515",
    brackets: MINOR,
  },
  {
    symbol: "XRPUSDT",
    precision: [4, 1],
    price: ["0.0001", "0.0143", "100000"],
    lot: ["0.1", "10000000", "2000000"],
    minNotional: "5",
    percent: ["0.9500", "1.0500"],
    startPrice: "0.61",
    brackets: MINOR,
  },
  {
    symbol: "1000PEPEUSDT",
    precision: [7, 0],
    price: ["0.0000001", "0.0000180", "200"],
    lot: ["1", "1000000000", "300000000"],
    minNotional: "5",
    percent: ["0.8500", "1.1500"],
    startPrice: "0.0081",
    brackets: MINOR,
  },
];

/** The venue's published table works so: each row's cumulative keeps the margin continuous at its floor. */
function bracketTable(rows: readonly BracketRow[]): LeverageBracket[] {
  const table: LeverageBracket[] = [];
  for (const [cap, initialLeverage, ratio] of rows) {
    const previous = table.at(-1);
    const notionalFloor = previous?.notionalCap ?? new Big(0);
    const maintMarginRatio = new Big(ratio);
    const step = maintMarginRatio.minus(previous?.maintMarginRatio ?? maintMarginRatio);
    table.push({
      bracket: table.length + 1,
      initialLeverage,
      notionalFloor,
      notionalCap: new Big(cap),
      maintMarginRatio,
      cumulative: notionalFloor.times(step).plus(previous?.cumulative ?? 0),
    });
  }
  return table;
}

function instrument(facts: InstrumentFacts): Instrument {
  const step = new Big(facts.lot[0]);
  return {
    symbol: facts.symbol,
    baseAsset: facts.symbol.replace(/USDT$/, ""),
    pricePrecision: facts.precision[0],
    quantityPrecision: facts.precision[1],
    tickSize: new Big(facts.price[0]),
    minPrice: new Big(facts.price[1]),
    maxPrice: new Big(facts.price[2]),
    limitLot: { min: step, max: new Big(facts.lot[1]), step },
    marketLot: { min: step, max: new Big(facts.lot[2]), step },
    minNotional: new Big(facts.minNotional),
    multiplierDown: new Big(facts.percent[0]),
    multiplierUp: new Big(facts.percent[1]),
    maxOrders: 200,
    maxAlgoOrders: 100,
    startPrice: new Big(facts.startPrice),
    brackets: bracketTable(facts.brackets),
  };
}

/** SIM001USDT, SIM002USDT, …: cheap contracts with distinct prices, for tests with many positions. */
function extraFacts(index: number): InstrumentFacts {
  return {
    symbol: `SIM${String(index).padStart(3, "0")}USDT`,
    precision: [4, 2],
    price: ["0.0010", "0.0100", "100000"],
    lot: ["0.01", "1000000", "10000"],
    minNotional: "5",
    percent: ["0.9500", "1.0500"],
    startPrice: new Big(10).plus(new Big(index).times("1.25")).toFixed(),
    brackets: MINOR,
  };
}

/** The six real contracts and `extraSymbols` (0 to 500) invented ones. */
export function listInstruments(extraSymbols: number): readonly Instrument[] {
  const extra = Array.from({ length: extraSymbols }, (_, index) => extraFacts(index + 1));
  return [...FACTS, ...extra].map(instrument);
}
