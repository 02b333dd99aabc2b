import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { ModeHostError } from "../../../lib/exchange/mode-hosts.ts";
import { venueTradeSchema } from "../../../lib/exchange/venue-replies.ts";
import { type PaperFixture, startPaper } from "../../support/paper-exchange.ts";
import { connectedTo, ENTRY, exchangeTo, signNow } from "./exchange-to.ts";

let paper: PaperFixture;
beforeAll(async () => {
  paper = await startPaper();
});
afterAll(() => paper[Symbol.asyncDispose]());
beforeEach(async () => {
  await paper.admin("POST", "reset");
  await paper.setPrice("BTCUSDT", "60000");
});

const EXIT = { ...ENTRY, kind: "exit", side: "SELL", reduceOnly: true, clientOrderId: "exit-1" } as const;

test("connecting reads clock, rules, mode and account; the fingerprint is a hash, not the alias", async () => {
  const exchange = await connectedTo(paper.url);
  expect(exchange.account()).toEqual({
    fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
    hedgeMode: false,
  });
  expect(exchange.rules("BTCUSDT")).toMatchObject({
    status: "TRADING",
    tickSize: "0.1",
    lot: { min: "0.001", max: "1000", step: "0.001" },
    marketLot: { max: "120" },
    minNotionalUsd: "100",
  });
  expect(exchange.rules("NOSUCHUSDT")).toBeUndefined();
  expect(Math.abs(exchange.serverNowMs() - Date.now())).toBeLessThan(1000);
  expect(exchange.clockSkewMs()).toBeLessThan(1000);
});

test("the fingerprint survives a new key and differs between accounts", async () => {
  const first = (await connectedTo(paper.url)).account()?.fingerprint;
  await paper.admin("POST", "credentials", { apiKey: "rotated", apiSecret: "rotated", keepOld: true });
  const rotated = await connectedTo(paper.url, { apiKey: "rotated", apiSecret: "rotated" });
  expect(rotated.account()?.fingerprint).toBe(first ?? "");
  await using other = await startPaper({ settings: { PAPER_ACCOUNT_ALIAS: "another" } });
  expect((await connectedTo(other.url)).account()?.fingerprint).not.toBe(first);
});

test("a market entry is accepted with its final state, found by its id, and priced by its fills", async () => {
  const exchange = await connectedTo(paper.url);
  const sent = await exchange.submitOrder(ENTRY, signNow(exchange));
  if (sent.phase !== "accepted") throw new Error(JSON.stringify(sent.outcome));
  expect(sent.order).toMatchObject({ status: "FILLED", clientOrderId: "entry-1", executedQuantity: "0.01" });
  const found = await exchange.queryOrder("BTCUSDT", "entry-1");
  expect(found).toMatchObject({ kind: "found", order: { orderId: sent.order.orderId, status: "FILLED" } });
  const fills = await exchange.fillsOf("BTCUSDT", sent.order.orderId);
  if (!fills.ok) throw new Error(JSON.stringify(fills.outcome));
  expect(fills.value).toMatchObject({ quantity: "0.01", unpricedFeeAssets: [] });
  expect(Number(fills.value.averagePrice)).toBeWithin(59_900, 60_200);
  expect(Number(fills.value.feeUsd)).toBeGreaterThan(0);
  expect(fills.value.lastTradeMs).toBeGreaterThan(0);
});

test("an order that the venue never saw is absent", async () => {
  const exchange = await connectedTo(paper.url);
  expect(await exchange.queryOrder("BTCUSDT", "never-sent")).toEqual({ kind: "absent" });
});

test("a reduce-only exit closes the position; flat is an empty list, and only then", async () => {
  const exchange = await connectedTo(paper.url);
  await exchange.submitOrder(ENTRY, signNow(exchange));
  expect(await exchange.positions("BTCUSDT")).toMatchObject({
    ok: true,
    value: [{ symbol: "BTCUSDT", positionSide: "BOTH", quantity: "0.01" }],
  });
  const closed = await exchange.submitOrder(EXIT, signNow(exchange));
  expect(closed).toMatchObject({ phase: "accepted", order: { reduceOnly: true, status: "FILLED" } });
  expect(await exchange.positions()).toEqual({ ok: true, value: [] });
  const again = await exchange.submitOrder({ ...EXIT, clientOrderId: "exit-2" }, signNow(exchange));
  expect(again).toMatchObject({ phase: "rejected", outcome: { row: "NOTHING_TO_REDUCE", class: "ALREADY" } });
});

test("a read of positions that fails is an error, never an empty list", async () => {
  const exchange = await connectedTo(paper.url);
  for (const effect of [
    { kind: "http", status: 502 },
    { kind: "garbage" },
    { kind: "lost_request" },
  ] as const) {
    await paper.useFaults({ rules: [{ match: { path: "/fapi/v3/positionRisk" }, effect }] });
    expect(await exchange.positions()).toMatchObject({ ok: false, outcome: { retryable: true } });
  }
  await paper.useFaults({
    rules: [
      {
        match: { path: "/fapi/v3/positionRisk" },
        effect: { kind: "garbage", body: '[{"symbol":"BTCUSDT"}]' },
      },
    ],
  });
  expect(await exchange.positions()).toMatchObject({ ok: false, outcome: { row: "UNRECOGNISED" } });
});

test("in hedge mode a SELL on LONG closes without reduceOnly, which the venue would refuse", async () => {
  await paper.call("POST", "/fapi/v1/positionSide/dual", { dualSidePosition: "true" });
  const exchange = await connectedTo(paper.url);
  expect(exchange.account()?.hedgeMode).toBe(true);
  await exchange.submitOrder({ ...ENTRY, positionSide: "LONG" }, signNow(exchange));
  const closed = await exchange.submitOrder({ ...EXIT, positionSide: "LONG" }, signNow(exchange));
  expect(closed).toMatchObject({ phase: "accepted", order: { status: "FILLED", positionSide: "LONG" } });
  expect(await exchange.positions()).toEqual({ ok: true, value: [] });
});

test("leverage is set, and set again, and refused beyond what the venue has", async () => {
  const exchange = await connectedTo(paper.url);
  expect(await exchange.setLeverage("BTCUSDT", 7)).toEqual({ ok: true, value: 7 });
  expect(await exchange.setLeverage("BTCUSDT", 7)).toEqual({ ok: true, value: 7 });
  expect(await exchange.setLeverage("BTCUSDT", 500)).toMatchObject({ ok: false });
});

test("a protective stop rests until it is cancelled, and closes the position when the mark reaches it", async () => {
  const exchange = await connectedTo(paper.url);
  await exchange.submitOrder(ENTRY, signNow(exchange));
  const stop = {
    symbol: "BTCUSDT",
    side: "SELL",
    positionSide: "BOTH",
    triggerPrice: "59000",
    clientAlgoId: "stop-1",
  } as const;
  const placed = await exchange.placeAlgoOrder(stop, signNow(exchange));
  expect(placed).toMatchObject({ phase: "accepted", order: { clientAlgoId: "stop-1", closePosition: true } });
  expect(await exchange.openAlgoOrders("BTCUSDT")).toMatchObject({
    ok: true,
    value: [{ clientAlgoId: "stop-1", triggerPrice: "59000", orderType: "STOP_MARKET" }],
  });
  expect(await exchange.cancelAlgo("stop-1")).toEqual({ ok: true, value: null });
  expect(await exchange.cancelAlgo("stop-1")).toEqual({ ok: true, value: null });
  await exchange.placeAlgoOrder({ ...stop, clientAlgoId: "stop-2" }, signNow(exchange));
  expect(await exchange.cancelAllAlgo("BTCUSDT")).toEqual({ ok: true, value: null });
  expect(await exchange.openAlgoOrders()).toEqual({ ok: true, value: [] });
  await exchange.placeAlgoOrder({ ...stop, clientAlgoId: "stop-3" }, signNow(exchange));
  await paper.setPrice("BTCUSDT", "58900");
  expect(await exchange.positions("BTCUSDT")).toEqual({ ok: true, value: [] });
});

test("resting orders are listed and cancelled per symbol", async () => {
  const exchange = await connectedTo(paper.url);
  const limit = {
    symbol: "BTCUSDT",
    side: "BUY",
    type: "LIMIT",
    timeInForce: "GTC",
    quantity: "0.01",
    price: "59000",
  };
  await paper.call("POST", "/fapi/v1/order", { ...limit, newClientOrderId: "resting" });
  expect(await exchange.openOrders()).toMatchObject({
    ok: true,
    value: [{ symbol: "BTCUSDT" }],
  });
  expect(await exchange.cancelAll("BTCUSDT")).toEqual({ ok: true, value: null });
  expect(await exchange.openOrders("BTCUSDT")).toEqual({ ok: true, value: [] });
});

test("marks of one symbol or of all are read; the listen key is opened once", async () => {
  const exchange = await connectedTo(paper.url);
  const one = await exchange.premiumIndex("BTCUSDT");
  expect(one).toMatchObject({ ok: true, value: [{ symbol: "BTCUSDT" }] });
  const all = await exchange.premiumIndex();
  expect(all.ok && all.value.length).toBeGreaterThanOrEqual(6);
  const key = await exchange.openListenKey();
  expect(key.ok && key.value.length).toBeGreaterThan(10);
  expect(await exchange.openListenKey()).toEqual(key);
});

test("the probe tells refused credentials, and that they are taken again", async () => {
  const exchange = await connectedTo(paper.url);
  await paper.admin("POST", "credentials", { forbidden: true });
  expect(await exchange.probe()).toMatchObject({
    ok: false,
    outcome: { advice: "STOP_ENTRIES", code: -2015 },
  });
  await paper.admin("POST", "credentials", { forbidden: false });
  expect(await exchange.probe()).toEqual({
    ok: true,
    value: exchange.account() ?? { fingerprint: "", hedgeMode: true },
  });
});

test("what is asked for an entry leaves the exits' reserve alone", async () => {
  const exchange = await connectedTo(paper.url, { exitReservePct: 99 });
  const withheld = { outcome: { row: "WITHHELD" } };
  expect(await exchange.queryOrder("BTCUSDT", "none", "entry")).toMatchObject({
    kind: "unknown",
    ...withheld,
  });
  expect(await exchange.fillsOf("BTCUSDT", "1", "entry")).toMatchObject({ ok: false, ...withheld });
  expect(await exchange.setLeverage("BTCUSDT", 7)).toMatchObject({ ok: false, ...withheld });
  expect(await exchange.queryOrder("BTCUSDT", "none", "exit")).toEqual({ kind: "absent" });
  expect(await exchange.fillsOf("BTCUSDT", "1", "exit")).toMatchObject({ ok: true });
});

test("the probe finds a position mode that was changed meanwhile", async () => {
  const exchange = await connectedTo(paper.url);
  await paper.call("POST", "/fapi/v1/positionSide/dual", { dualSidePosition: "true" });
  expect(exchange.account()?.hedgeMode).toBe(false);
  expect(await exchange.probe()).toMatchObject({ ok: true, value: { hedgeMode: true } });
  expect(exchange.account()?.hedgeMode).toBe(true);
});

test("a wrong secret is refused as credentials, and connecting fails", async () => {
  const exchange = exchangeTo(paper.url, { apiSecret: "wrong" });
  expect(await exchange.connect()).toMatchObject({ ok: false, outcome: { row: "CREDENTIALS", code: -1022 } });
  expect(exchange.account()).toBeUndefined();
});

test("a venue whose clock is 90 s ahead is followed: orders carry its time", async () => {
  await paper.useFaults({ rules: [{ effect: { kind: "clock_skew", ms: 90_000 } }] });
  const exchange = await connectedTo(paper.url);
  expect(exchange.serverNowMs() - Date.now()).toBeWithin(89_000, 91_000);
  expect(await exchange.submitOrder(ENTRY, signNow(exchange))).toMatchObject({ phase: "accepted" });
});

test("a venue's clock that steps refuses one order; the clock is measured anew and the next is taken", async () => {
  const exchange = await connectedTo(paper.url);
  await paper.useFaults({ rules: [{ effect: { kind: "clock_skew", ms: 90_000 } }] });
  const refused = await exchange.submitOrder(ENTRY, signNow(exchange));
  expect(refused).toMatchObject({ phase: "rejected", retryable: true, outcome: { row: "CLOCK" } });
  expect(await exchange.syncClock()).toMatchObject({ ok: true });
  expect(await exchange.submitOrder(ENTRY, signNow(exchange))).toMatchObject({ phase: "accepted" });
});

test("the venue's own limits and counts fill the budget", async () => {
  await using strict = await startPaper({ settings: { PAPER_ORDER_LIMIT_10S: 5 } });
  await strict.setPrice("BTCUSDT", "60000");
  const exchange = await connectedTo(strict.url);
  const order = { weight: 0, orders: 1 };
  for (let sent = 1; sent <= 4; sent += 1) {
    expect(exchange.admit("entry", order)).toEqual({ kind: "ok" });
    await exchange.submitOrder({ ...ENTRY, clientOrderId: `entry-${sent}` }, signNow(exchange));
  }
  expect([exchange.admit("entry", order).kind, exchange.admit("exit", order).kind]).toEqual(["wait", "ok"]);
});

test("trades of the venue carry what fees and prices are computed from", async () => {
  const exchange = await connectedTo(paper.url);
  await exchange.submitOrder(ENTRY, signNow(exchange));
  const { body } = await paper.call("GET", "/fapi/v1/userTrades", { symbol: "BTCUSDT" });
  expect(venueTradeSchema.array().parse(body)).not.toEqual([]);
});

test.each([
  ["PAPER", "https://fapi.binance.com"],
  ["TESTNET", "https://fapi.binance.com"],
  ["LIVE", "http://127.0.0.1:8099"],
  ["LIVE", "https://demo-fapi.binance.com"],
] as const)("an adapter of mode %s at %s cannot be made", (mode, restUrl) => {
  expect(() => exchangeTo(restUrl, { mode })).toThrow(ModeHostError);
});

test("a contract whose name is not ASCII is asked for under a signature that holds", async () => {
  const exchange = await connectedTo(paper.url);
  const symbol = "币安人生USDT";
  const readings = await Promise.all([
    ...[exchange.positions(symbol), exchange.premiumIndex(symbol), exchange.openOrders(symbol)],
    ...[exchange.openAlgoOrders(symbol), exchange.cancelAll(symbol), exchange.cancelAllAlgo(symbol)],
    ...[exchange.setLeverage(symbol, 2), exchange.fillsOf(symbol, "1")],
  ]);
  const sent = await exchange.submitOrder({ ...ENTRY, symbol }, signNow(exchange));
  const asked = await exchange.queryOrder(symbol, "entry-1");
  const codes = [
    ...readings.map((reading) => (reading.ok ? null : reading.outcome.code)),
    sent.phase === "accepted" ? null : sent.outcome.code,
    asked.kind === "unknown" ? asked.outcome.code : null,
  ];
  expect(codes).not.toContain(-1022);
  expect(codes).toContain(-1121);
});
