import { afterAll, beforeAll, expect, test } from "bun:test";
import { z } from "zod";
import { type PaperFixture, startPaper } from "../../support/paper-exchange.ts";
import { waitUntil } from "../../support/wait-until.ts";

/** The part of a client that these tests use. The package's own declarations do not pass our strict check. */
interface CcxtClient {
  readonly options: Record<string, unknown>;
  readonly urls: { readonly api?: unknown };
  loadHttpProxyAgent(): Promise<unknown>;
  close(): Promise<unknown>;
  loadMarkets(): Promise<Record<string, unknown>>;
  fetchBalance(): Promise<Record<string, unknown>>;
  setLeverage(leverage: number, symbol: string): Promise<unknown>;
  fetchLeverage(symbol: string): Promise<unknown>;
  fetchPositionMode(symbol: string): Promise<unknown>;
  fetchLeverageTiers(symbols: string[]): Promise<Record<string, unknown[]>>;
  fetchTicker(symbol: string): Promise<unknown>;
  fetchOrderBook(symbol: string, limit: number): Promise<{ bids: number[][] }>;
  fetchOHLCV(symbol: string, timeframe: string): Promise<number[][]>;
  fetchFundingRate(symbol: string): Promise<unknown>;
  fetchFundingRateHistory(symbol: string, since: undefined, limit: number): Promise<unknown[]>;
  createOrder(...order: readonly unknown[]): Promise<{ id: string }>;
  fetchOrder(id: string, symbol: string): Promise<unknown>;
  cancelOrder(id: string, symbol: string, params?: object): Promise<unknown>;
  fetchOpenOrders(
    symbol: string,
    since?: undefined,
    limit?: undefined,
    params?: object,
  ): Promise<{ id: string }[]>;
  fetchOrders(symbol: string): Promise<unknown[]>;
  fetchPositions(symbols: string[]): Promise<unknown[]>;
  fetchMyTrades(symbol: string): Promise<{ side: string; amount: number; takerOrMaker: string }[]>;
  watchOrders(symbol: string): Promise<unknown[]>;
  watchMarkPrice(symbol: string): Promise<unknown>;
}
type CcxtClass = new (config: Record<string, unknown>) => CcxtClient;
type ErrorClass = new (message: string) => Error;

const isFunction = (value: unknown) => typeof value === "function";
const ccxt = z
  .object({
    pro: z.object({ binanceusdm: z.custom<CcxtClass>(isFunction) }),
    ExchangeError: z.custom<ErrorClass>(isFunction),
  })
  .parse(require("ccxt"));

// The package from npm, unchanged: only its URLs are ours.
const SYMBOL = "BTC/USDT:USDT";
let paper: PaperFixture;
let client: CcxtClient;

beforeAll(async () => {
  paper = await startPaper();
  await paper.setPrice("BTCUSDT", "60000");
  client = new ccxt.pro.binanceusdm({ apiKey: "paper", secret: "paper", enableRateLimit: false });
  client.options["fetchCurrencies"] = false;
  redirect(client.urls, paper);
  // What the client asks of its users on plain ws:// addresses.
  await client.loadHttpProxyAgent();
});
afterAll(async () => {
  await client.close();
  await paper[Symbol.asyncDispose]();
});

/** The client's own table of addresses, with the futures ones led here. */
function redirect(urls: { api?: unknown }, to: PaperFixture): void {
  const { api } = urls;
  if (typeof api !== "object" || api === null) throw new Error("the client has no table of addresses");
  const table = new Map(Object.entries(api));
  for (const [name, address] of table) {
    if (name.startsWith("fapi")) {
      Object.assign(api, { [name]: String(address).replace("https://fapi.binance.com", to.url) });
    }
  }
  Object.assign(table.get("ws"), { future: `${to.wsUrl}/ws` });
}

async function failureOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => "no failure",
    (error: unknown) => error,
  );
}

test("markets have the venue's precisions and limits", async () => {
  const markets = await client.loadMarkets();
  expect(markets[SYMBOL]).toMatchObject({
    id: "BTCUSDT",
    linear: true,
    precision: { amount: 0.001, price: 0.1 },
    limits: { cost: { min: 100 } },
  });
  expect(Object.keys(markets).length).toBe(6);
});

test("balance, leverage, margin and position mode", async () => {
  expect((await client.fetchBalance())["USDT"]).toEqual({ free: 100_000, used: 0, total: 100_000 });
  await client.setLeverage(10, SYMBOL);
  expect(await client.fetchLeverage(SYMBOL)).toMatchObject({ longLeverage: 10, marginMode: "cross" });
  expect(await client.fetchPositionMode(SYMBOL)).toMatchObject({ hedged: false });
  expect((await client.fetchLeverageTiers([SYMBOL]))[SYMBOL]?.length).toBe(12);
});

test("prices, book, bars and funding", async () => {
  expect(await client.fetchTicker(SYMBOL)).toMatchObject({ last: 60_000 });
  expect((await client.fetchOrderBook(SYMBOL, 5)).bids[0]?.[0]).toBe(60_000);
  expect((await client.fetchOHLCV(SYMBOL, "1m")).at(-1)?.[4]).toBe(60_000);
  expect(await client.fetchFundingRate(SYMBOL)).toMatchObject({ fundingRate: 0.0001, markPrice: 60_000 });
  expect((await client.fetchFundingRateHistory(SYMBOL, undefined, 3)).length).toBe(3);
});

test("market in, position, fills, reduce-only market out", async () => {
  const opened = await client.createOrder(SYMBOL, "market", "buy", 0.01);
  expect(opened).toMatchObject({ status: "closed", filled: 0.01 });
  expect(await client.fetchOrder(opened.id, SYMBOL)).toMatchObject({
    average: 60_000.1,
    status: "closed",
  });
  const [held] = await client.fetchPositions([SYMBOL]);
  expect(held).toMatchObject({ side: "long", contracts: 0.01, entryPrice: 60_000.1 });
  await client.createOrder(SYMBOL, "market", "sell", 0.01, undefined, { reduceOnly: true });
  expect(await client.fetchPositions([SYMBOL])).toEqual([]);
  const fills = await client.fetchMyTrades(SYMBOL);
  expect(fills.map((fill) => [fill.side, fill.amount, fill.takerOrMaker])).toEqual([
    ["buy", 0.01, "taker"],
    ["sell", 0.01, "taker"],
  ]);
});

test("a limit order rests, is listed and is cancelled", async () => {
  const order = await client.createOrder(SYMBOL, "limit", "buy", 0.01, 59_000);
  expect((await client.fetchOpenOrders(SYMBOL)).map((one) => one.id)).toEqual([order.id]);
  expect(await client.cancelOrder(order.id, SYMBOL)).toMatchObject({ status: "canceled" });
  expect(await client.fetchOpenOrders(SYMBOL)).toEqual([]);
});

test("a stop closes the position, a trailing order is listed and cancelled", async () => {
  await client.createOrder(SYMBOL, "market", "buy", 0.01);
  await client.createOrder(SYMBOL, "market", "sell", 0.01, undefined, {
    stopLossPrice: 59_000,
    reduceOnly: true,
  });
  const trailing = await client.createOrder(SYMBOL, "market", "sell", 0.01, undefined, {
    trailingPercent: 5,
    reduceOnly: true,
  });
  expect((await client.fetchOpenOrders(SYMBOL, undefined, undefined, { stop: true })).length).toBe(2);
  await client.cancelOrder(trailing.id, SYMBOL, { stop: true });
  await paper.setPrice("BTCUSDT", "58999");
  expect(await client.fetchPositions([SYMBOL])).toEqual([]);
  const orders = await client.fetchOrders(SYMBOL);
  expect(orders.at(-1)).toMatchObject({ status: "closed", side: "sell", average: 58_999 });
  await paper.setPrice("BTCUSDT", "60000");
});

test("errors come out as the client's own, with the venue's code and text", async () => {
  // Its finer classes it knows only by the real venue's host name.
  const tooMuch = await failureOf(client.createOrder(SYMBOL, "market", "buy", 100));
  expect(tooMuch).toBeInstanceOf(ccxt.ExchangeError);
  expect(String(tooMuch)).toContain('{"code":-2019,"msg":"Margin is insufficient."}');
  expect(String(await failureOf(client.fetchOrder("1", SYMBOL)))).toContain("-2013");
});

test("orders and mark prices are watched", async () => {
  const orders = client.watchOrders(SYMBOL);
  const marks = client.watchMarkPrice(SYMBOL);
  await waitUntil("the user stream is open", async () => {
    const placed = await client.createOrder(SYMBOL, "limit", "buy", 0.01, 59_000);
    await client.cancelOrder(placed.id, SYMBOL);
    return Promise.race([orders.then(() => true), Bun.sleep(50)]);
  });
  expect((await orders)[0]).toMatchObject({ symbol: SYMBOL, side: "buy" });
  expect(await marks).toMatchObject({ markPrice: 60_000 });
});
