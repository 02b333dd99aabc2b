import { afterAll, beforeAll, expect, test } from "bun:test";
import { USDMClient, WebsocketClient } from "binance";
import { type PaperFixture, startPaper } from "../../support/paper-exchange.ts";
import { waitUntil } from "../../support/wait-until.ts";

// The `binance` package from npm, unchanged: only its base URLs are ours.
let paper: PaperFixture;
let client: USDMClient;
const KEYS = { api_key: "paper", api_secret: "paper" };
const quiet = { trace: () => undefined, info: () => undefined, error: () => undefined };

beforeAll(async () => {
  paper = await startPaper();
  client = new USDMClient({ ...KEYS, baseUrl: paper.url });
  await paper.setPrice("BTCUSDT", "60000");
});
afterAll(() => paper[Symbol.asyncDispose]());

/** The code of the error a call ends with. */
async function codeOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => "no error",
    (error: unknown) => (typeof error === "object" && error !== null && "code" in error ? error.code : error),
  );
}

test("markets come with their filters", async () => {
  const info = await client.getExchangeInfo();
  const btc = info.symbols.find((symbol) => symbol.symbol === "BTCUSDT");
  expect(btc?.filters.map((filter) => filter.filterType)).toEqual([
    "PRICE_FILTER",
    "LOT_SIZE",
    "MARKET_LOT_SIZE",
    "MAX_NUM_ORDERS",
    "MAX_NUM_ALGO_ORDERS",
    "MIN_NOTIONAL",
    "PERCENT_PRICE",
  ]);
  expect((await client.getServerTime()) - Date.now()).toBeLessThan(1000);
});

test("balances name the account", async () => {
  for (const balances of [await client.getBalanceV3(), await client.getBalance()]) {
    expect(balances[0]).toMatchObject({
      accountAlias: "PaperAccount",
      asset: "USDT",
      balance: "100000.00000000",
    });
  }
});

test("leverage is set and shown", async () => {
  const set = await client.setLeverage({ symbol: "BTCUSDT", leverage: 5 });
  expect(set).toEqual({ symbol: "BTCUSDT", leverage: 5, maxNotionalValue: "480000000" });
  const [position] = await client.getPositions({ symbol: "BTCUSDT" });
  expect(position?.leverage).toBe("5");
});

test("a market order opens a position, a reduce-only one closes it", async () => {
  const opened = await client.submitNewOrder({
    symbol: "BTCUSDT",
    side: "BUY",
    type: "MARKET",
    quantity: 0.02,
    newOrderRespType: "RESULT",
  });
  expect(opened).toMatchObject({ status: "FILLED", executedQty: "0.020" });
  expect(opened).not.toHaveProperty("avgPrice");
  const order = await client.getOrder({ symbol: "BTCUSDT", orderId: opened.orderId });
  expect(order).toMatchObject({ avgPrice: "60000.10000", cumQuote: "1200.00200" });
  const [held] = await client.getPositionsV3({ symbol: "BTCUSDT" });
  expect(held).toMatchObject({ positionAmt: "0.020", entryPrice: "60000.10", positionSide: "BOTH" });
  await client.submitNewOrder({
    symbol: "BTCUSDT",
    side: "SELL",
    type: "MARKET",
    quantity: 0.02,
    reduceOnly: "true",
  });
  expect(await client.getPositionsV3({ symbol: "BTCUSDT" })).toEqual([]);
  const trades = await client.getAccountTrades({ symbol: "BTCUSDT" });
  expect(trades.map((trade) => [trade.side, trade.qty, trade.realizedPnl])).toEqual([
    ["BUY", "0.020", "0.00000000"],
    ["SELL", "0.020", "-0.00200000"],
  ]);
});

test("a limit order rests and is cancelled", async () => {
  const order = await client.submitNewOrder({
    symbol: "BTCUSDT",
    side: "BUY",
    type: "LIMIT",
    quantity: 0.01,
    price: 59000,
    timeInForce: "GTC",
  });
  expect(order.status).toBe("NEW");
  expect((await client.getAllOpenOrders({ symbol: "BTCUSDT" })).map((one) => one.orderId)).toEqual([
    order.orderId,
  ]);
  const cancelled = await client.cancelOrder({ symbol: "BTCUSDT", orderId: order.orderId });
  expect(cancelled.status).toBe("CANCELED");
  expect(await codeOf(client.cancelOrder({ symbol: "BTCUSDT", orderId: order.orderId }))).toBe(-2011);
  expect(await codeOf(client.getOrder({ symbol: "BTCUSDT", origClientOrderId: "nobody" }))).toBe(-2013);
});

test("a stop lives on the algo endpoints, closes its position, and is refused on the plain path", async () => {
  await client.submitNewOrder({ symbol: "BTCUSDT", side: "BUY", type: "MARKET", quantity: 0.02 });
  const stop = await client.submitNewAlgoOrder({
    algoType: "CONDITIONAL",
    symbol: "BTCUSDT",
    side: "SELL",
    type: "STOP_MARKET",
    triggerPrice: "59000",
    closePosition: "true",
  });
  const open = await client.getOpenAlgoOrders({ symbol: "BTCUSDT" });
  expect(open.map((algo) => [algo.algoId, algo.algoStatus])).toEqual([[stop.algoId, "NEW"]]);
  await paper.setPrice("BTCUSDT", "58999");
  const done = await client.getAlgoOrder({ algoId: stop.algoId });
  expect(done).toMatchObject({ algoStatus: "FINISHED", actualPrice: "58999.00000" });
  expect(await client.getPositionsV3()).toEqual([]);
  await paper.setPrice("BTCUSDT", "60000");
  const old = { symbol: "BTCUSDT", side: "SELL", type: "STOP_MARKET", stopPrice: 58000 } as const;
  expect(await codeOf(client.submitNewOrder({ ...old, closePosition: "true" }))).toBe(-4120);
});

test("conditional orders are cancelled one by one and all at once", async () => {
  const stop = {
    algoType: "CONDITIONAL",
    symbol: "BTCUSDT",
    side: "SELL",
    type: "STOP_MARKET",
    quantity: "0.01",
  } as const;
  const first = await client.submitNewAlgoOrder({ ...stop, triggerPrice: "59000" });
  await client.submitNewAlgoOrder({ ...stop, triggerPrice: "58000" });
  expect(await client.cancelAlgoOrder({ algoId: first.algoId })).toMatchObject({ msg: "success" });
  await client.cancelAllAlgoOpenOrders({ symbol: "BTCUSDT" });
  expect(await client.getOpenAlgoOrders({ symbol: "BTCUSDT" })).toEqual([]);
});

test("the position mode changes, and hedge positions stand side by side", async () => {
  expect(await client.getCurrentPositionMode()).toEqual({ dualSidePosition: false });
  await client.setPositionMode({ dualSidePosition: "true" });
  expect(await codeOf(client.setPositionMode({ dualSidePosition: "true" }))).toBe(-4059);
  const order = { symbol: "BTCUSDT", type: "MARKET", quantity: 0.01 } as const;
  await client.submitNewOrder({ ...order, side: "BUY", positionSide: "LONG" });
  await client.submitNewOrder({ ...order, side: "SELL", positionSide: "SHORT" });
  const held = await client.getPositionsV3();
  expect(held.map((leg) => [leg.positionSide, leg.positionAmt])).toEqual([
    ["LONG", "0.010"],
    ["SHORT", "-0.010"],
  ]);
  await client.submitNewOrder({ ...order, side: "SELL", positionSide: "LONG" });
  await client.submitNewOrder({ ...order, side: "BUY", positionSide: "SHORT" });
  await client.setPositionMode({ dualSidePosition: "false" });
});

test("the dead man's switch is armed and disarmed", async () => {
  const armed = await client.setCancelOrdersOnTimeout({ symbol: "BTCUSDT", countdownTime: 120_000 });
  expect(armed).toEqual({ symbol: "BTCUSDT", countdownTime: "120000" });
  const disarmed = await client.setCancelOrdersOnTimeout({ symbol: "BTCUSDT", countdownTime: 0 });
  expect(disarmed.countdownTime).toBe("0");
});

test("account, brackets, commissions, income and market data are readable", async () => {
  const account = await client.getAccountInformationV3();
  expect(account.totalMarginBalance).toBe(account.totalWalletBalance);
  expect((await client.getAccountInformation()).positions.length).toBe(6);
  const [brackets] = await client.getNotionalAndLeverageBrackets({ symbol: "BTCUSDT" });
  expect(brackets).toMatchObject({ symbol: "BTCUSDT" });
  expect(await client.getAccountCommissionRate({ symbol: "BTCUSDT" })).toMatchObject({
    takerCommissionRate: "0.000400",
  });
  const income = await client.getIncomeHistory({ symbol: "BTCUSDT", incomeType: "COMMISSION" });
  expect(income.length).toBeGreaterThan(5);
  expect(await client.getMarkPrice({ symbol: "BTCUSDT" })).toMatchObject({ markPrice: "60000.00000000" });
  expect((await client.getOrderBook({ symbol: "BTCUSDT", limit: 5 })).asks.length).toBe(5);
  expect(await client.getSymbolOrderBookTicker({ symbol: "BTCUSDT" })).toMatchObject({
    bidPrice: "60000.00",
  });
});

test("the user stream tells of orders, fills, account and conditional orders", async () => {
  const heard: string[] = [];
  const stream = new WebsocketClient(
    { ...KEYS, beautify: true, wsUrl: paper.wsUrl, restOptions: { baseUrl: paper.url } },
    quiet,
  );
  stream.on("formattedMessage", (message) => {
    if ("eventType" in message) heard.push(String(message.eventType));
  });
  const opened = Promise.withResolvers<void>();
  stream.on("open", () => opened.resolve());
  await stream.subscribeUsdFuturesUserDataStream();
  await opened.promise;
  const sent = { symbol: "BTCUSDT", type: "MARKET", quantity: 0.01 } as const;
  await client.submitNewOrder({ ...sent, side: "BUY" });
  await waitUntil("the fill was heard", () => heard.includes("ACCOUNT_UPDATE"));
  expect(heard).toEqual(["ORDER_TRADE_UPDATE", "ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE"]);
  await client.submitNewAlgoOrder({
    algoType: "CONDITIONAL",
    symbol: "BTCUSDT",
    side: "SELL",
    type: "STOP_MARKET",
    triggerPrice: "59000",
    closePosition: "true",
  });
  await waitUntil("the stop was heard of", () => heard.includes("ALGO_UPDATE"));
  await client.setLeverage({ symbol: "BTCUSDT", leverage: 7 });
  await waitUntil("the leverage was heard of", () => heard.includes("ACCOUNT_CONFIG_UPDATE"));
  stream.closeAll(true);
});
