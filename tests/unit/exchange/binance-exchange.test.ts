import { expect, test } from "bun:test";
import { systemClock } from "../../../lib/daemon/clock.ts";
import { createBinanceExchange } from "../../../lib/exchange/binance-exchange.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { type Heard, SECRET, stubVenue } from "./stub-venue.ts";

const SYMBOL = {
  symbol: "BTCUSDT",
  status: "TRADING",
  quoteAsset: "USDT",
  filters: [
    { filterType: "PRICE_FILTER", minPrice: "1", maxPrice: "1000000", tickSize: "0.1" },
    { filterType: "LOT_SIZE", minQty: "0.001", maxQty: "1000", stepSize: "0.001" },
  ],
};
const LIMITS = [
  { rateLimitType: "REQUEST_WEIGHT", interval: "MINUTE", intervalNum: 1, limit: 2400 },
  { rateLimitType: "ORDERS", interval: "SECOND", intervalNum: 10, limit: 300 },
  { rateLimitType: "RAW_REQUESTS", interval: "MINUTE", intervalNum: 5, limit: 61_000 },
];
const GOOD: Readonly<Record<string, unknown>> = {
  "/fapi/v1/time": { serverTime: 1_700_000_000_000 },
  "/fapi/v1/exchangeInfo": { rateLimits: LIMITS, symbols: [SYMBOL] },
  "/fapi/v1/positionSide/dual": { dualSidePosition: true },
  "/fapi/v3/balance": [{ accountAlias: "SgsR" }],
};

function exchangeAt(changes: Readonly<Record<string, unknown>> = {}) {
  const answers = { ...GOOD, ...changes };
  const venue = stubVenue(({ url }: Heard) => {
    return Response.json(answers[url.pathname] ?? { code: -5000 });
  });
  const warnings: object[] = [];
  const exchange = createBinanceExchange({
    mode: "PAPER",
    restUrl: venue.url,
    apiKey: "the-key",
    apiSecret: SECRET,
    requestTimeoutMs: 1000,
    exitReservePct: 20,
    fetch,
    clock: systemClock,
    log: { debug: () => undefined, warn: (fields) => warnings.push(fields) },
  });
  return { venue, exchange, warnings };
}

test("making an adapter sends nothing", async () => {
  const { venue, exchange } = exchangeAt();
  await using _ = venue;
  expect([exchange.account(), exchange.rules("BTCUSDT"), venue.heard]).toEqual([undefined, undefined, []]);
});

test("connecting asks for the clock first: everything signed afterwards carries the venue's time", async () => {
  const { venue, exchange } = exchangeAt();
  await using _ = venue;
  expect(await exchange.connect()).toMatchObject({ ok: true, value: { hedgeMode: true } });
  expect(venue.heard[0]?.url.pathname).toBe("/fapi/v1/time");
  const balance = venue.heard.find(({ url }) => url.pathname === "/fapi/v3/balance");
  expect(Number(balance?.url.searchParams.get("timestamp"))).toBeWithin(1_699_999_999_000, 1_700_000_001_000);
});

test.each([
  ["the clock", { "/fapi/v1/time": { serverTime: "soon" } }],
  ["exchangeInfo without symbols", { "/fapi/v1/exchangeInfo": { rateLimits: [], symbols: [] } }],
  [
    "no symbol with readable filters",
    { "/fapi/v1/exchangeInfo": { rateLimits: LIMITS, symbols: [{ symbol: "X" }] } },
  ],
  ["the position mode", { "/fapi/v1/positionSide/dual": {} }],
  ["a balance without an account", { "/fapi/v3/balance": [] }],
  ["refused credentials", { "/fapi/v3/balance": { code: -2015, msg: "m" } }],
])("connecting fails, and knows no account, by %s", async (_what, changes) => {
  const { venue, exchange } = exchangeAt(changes);
  await using _ = venue;
  expect(await exchange.connect()).toMatchObject({ ok: false });
  expect(exchange.account()).toBeUndefined();
});

test("one symbol that we do not understand does not hide the others", async () => {
  const symbols = [{ symbol: "ODD" }, SYMBOL];
  const { venue, exchange } = exchangeAt({ "/fapi/v1/exchangeInfo": { rateLimits: LIMITS, symbols } });
  await using _ = venue;
  await exchange.connect();
  expect(exchange.rules("BTCUSDT")?.tickSize).toBe("0.1");
  expect(exchange.rules("ODD")).toBeUndefined();
});

test("callers that want the clock at the same time share one request", async () => {
  const { venue, exchange } = exchangeAt();
  await using _ = venue;
  const samples = await Promise.all([exchange.syncClock(), exchange.syncClock(), exchange.syncClock()]);
  expect(samples.every((sample) => sample.ok)).toBe(true);
  expect(venue.heard).toHaveLength(1);
  await exchange.syncClock();
  expect(venue.heard).toHaveLength(2);
});

test("a timestamp that the venue refuses starts a new measurement of the clock by itself", async () => {
  const refusal = { code: -1021, msg: "m" };
  const { venue, exchange } = exchangeAt({ "/fapi/v3/positionRisk": refusal });
  await using _ = venue;
  expect(await exchange.positions()).toMatchObject({ ok: false, outcome: { row: "CLOCK" } });
  await waitUntil("the clock was asked for", () =>
    venue.heard.some(({ url }) => url.pathname === "/fapi/v1/time"),
  );
});

test("the probe reads the account and its position mode", async () => {
  const { venue, exchange } = exchangeAt();
  await using _ = venue;
  await exchange.connect();
  const before = venue.heard.length;
  const probed = await exchange.probe();
  const asked = venue.heard.slice(before).map(({ url }) => url.pathname);
  expect(asked.toSorted()).toEqual(["/fapi/v1/positionSide/dual", "/fapi/v3/balance"]);
  expect(probed).toEqual(await exchange.connect());
});

test("refused credentials are warned of, without the key", async () => {
  const refusal = { code: -2015, msg: "Invalid API-key" };
  const { venue, exchange, warnings } = exchangeAt({ "/fapi/v3/positionRisk": refusal });
  await using _ = venue;
  await exchange.positions("BTCUSDT");
  expect(warnings).toMatchObject([{ path: "/fapi/v3/positionRisk", row: "CREDENTIALS", code: -2015 }]);
  expect(JSON.stringify(warnings)).not.toMatch(/the-key|signature|must-never-show/);
});

test.each([
  [-4014, 1],
  [-1111, 1],
  [-2019, 0],
])("an order that is refused with %i has the venue's rules read anew %i times", async (code, times) => {
  const { venue, exchange } = exchangeAt({ "/fapi/v1/algoOrder": { code, msg: "refused" } });
  await using _ = venue;
  const stop = { symbol: "BTCUSDT", side: "SELL", positionSide: "LONG", triggerPrice: "99.9" } as const;
  const signing = { timestampMs: 1_700_000_000_000, recvWindowMs: 2000 };
  await exchange.placeAlgoOrder({ ...stop, clientAlgoId: "a-s" }, signing);
  await waitUntil("the rules", () => (exchange.rules("BTCUSDT") !== undefined) === times > 0);
  expect(venue.heard.filter(({ url }) => url.pathname === "/fapi/v1/exchangeInfo")).toHaveLength(times);
});
