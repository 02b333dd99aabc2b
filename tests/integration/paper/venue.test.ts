import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { z } from "zod";
import { type PaperFixture, signedQuery, startPaper } from "../../support/paper-exchange.ts";
import { waitUntil } from "../../support/wait-until.ts";

let paper: PaperFixture;
beforeAll(async () => {
  paper = await startPaper({ settings: { PAPER_EXTRA_SYMBOLS: 3, PAPER_ACCOUNT_ALIAS: "Alias7" } });
});
afterAll(() => paper[Symbol.asyncDispose]());
afterEach(async () => {
  await paper.admin("POST", "credentials", { apiKey: "paper", apiSecret: "paper" });
  await paper.admin("POST", "reset");
});

const MARKET = { symbol: "BTCUSDT", side: "BUY", type: "MARKET", quantity: "0.01" };

test("an unknown path or method is answered in the venue's words", async () => {
  const body = { code: -5000, msg: "Path /fapi/v1/nothing, Method GET is invalid" };
  expect(await paper.call("GET", "/fapi/v1/nothing")).toMatchObject({ status: 404, body });
  expect((await paper.call("PUT", "/fapi/v1/order")).status).toBe(404);
});

test("parameters in a form body count as those in the query", async () => {
  const response = await fetch(`${paper.url}/fapi/v1/order`, {
    method: "POST",
    headers: { "X-MBX-APIKEY": "paper", "content-type": "application/x-www-form-urlencoded" },
    body: signedQuery({ ...MARKET, newOrderRespType: "RESULT" }),
  });
  expect([response.status, await response.json()]).toMatchObject([200, { status: "FILLED" }]);
});

test("ACK shows the order as accepted, RESULT as it ended", async () => {
  const ack = await paper.call("POST", "/fapi/v1/order", MARKET);
  expect(ack.body).toMatchObject({ status: "NEW", executedQty: "0.000", cumQty: "0.000" });
  const result = await paper.call("POST", "/fapi/v1/order", { ...MARKET, newOrderRespType: "RESULT" });
  expect(result.body).toMatchObject({ status: "FILLED", executedQty: "0.010", cumQty: "0.010" });
});

test("order/test says what an order would be told, and places nothing", async () => {
  expect((await paper.call("POST", "/fapi/v1/order/test", MARKET)).body).toEqual({});
  const small = await paper.call("POST", "/fapi/v1/order/test", { ...MARKET, quantity: "0.001" });
  expect(small.body).toMatchObject({ code: -4164 });
  expect(await paper.read("state")).toMatchObject({ orders: [], fills: [] });
});

test("orders carry used weight and order counts in their headers, reads only the weight", async () => {
  const order = await paper.call("POST", "/fapi/v1/order", MARKET);
  expect(order.headers.get("x-mbx-order-count-10s")).toBe("1");
  expect(order.headers.get("x-mbx-order-count-1m")).toBe("1");
  const read = await paper.call("GET", "/fapi/v3/account");
  expect(read.headers.get("x-mbx-order-count-1m")).toBeNull();
  expect(Number(read.headers.get("x-mbx-used-weight-1m"))).toBeGreaterThanOrEqual(5);
});

test("limits that are exceeded end in 429, then 418, with Retry-After", async () => {
  await using small = await startPaper({ settings: { PAPER_WEIGHT_LIMIT_1M: 10, PAPER_BAN_AFTER: 2 } });
  const statuses: number[] = [];
  let last: Headers | undefined;
  for (let count = 0; count < 6; count += 1) {
    const reply = await small.call("GET", "/fapi/v3/account");
    statuses.push(reply.status);
    last = reply.headers;
  }
  expect(statuses).toEqual([200, 200, 429, 429, 418, 418]);
  expect(Number(last?.get("retry-after"))).toBeGreaterThan(100);
});

test("credentials are rotated and forbidden", async () => {
  await paper.admin("POST", "credentials", { forbidden: true });
  expect(await paper.call("GET", "/fapi/v3/account")).toMatchObject({ status: 401, body: { code: -2015 } });
  await paper.admin("POST", "credentials", { forbidden: false });
  expect((await paper.call("GET", "/fapi/v3/account")).status).toBe(200);
  await paper.admin("POST", "credentials", { apiKey: "next", apiSecret: "other" });
  expect(await paper.call("GET", "/fapi/v3/account")).toMatchObject({ status: 401, body: { code: -2015 } });
});

test("the account alias does not change with the key", async () => {
  await paper.admin("POST", "credentials", { apiKey: "paper", apiSecret: "paper", keepOld: true });
  expect((await paper.call("GET", "/fapi/v2/balance")).body).toMatchObject([{ accountAlias: "Alias7" }]);
});

test("extra symbols are contracts like the others", async () => {
  const info = z
    .object({ symbols: z.array(z.object({ symbol: z.string() })) })
    .parse((await paper.call("GET", "/fapi/v1/exchangeInfo")).body);
  expect(info.symbols.map((one) => one.symbol).slice(6)).toEqual(["SIM001USDT", "SIM002USDT", "SIM003USDT"]);
  const order = { ...MARKET, symbol: "SIM002USDT", quantity: "10", newOrderRespType: "RESULT" };
  expect((await paper.call("POST", "/fapi/v1/order", order)).body).toMatchObject({ status: "FILLED" });
});

test("the state lists every order ever accepted, positions, fills and balances", async () => {
  await paper.setPrice("BTCUSDT", "60000");
  await paper.call("POST", "/fapi/v1/order", { ...MARKET, newClientOrderId: "first" });
  await paper.call("POST", "/fapi/v1/order", { ...MARKET, newClientOrderId: "first", side: "SELL" });
  await paper.call("POST", "/fapi/v1/order", { ...MARKET, quantity: "0.001" });
  expect(await paper.read("state")).toMatchObject({
    orders: [
      { clientOrderId: "first", side: "BUY", status: "FILLED", avgPrice: "60000.10000" },
      { clientOrderId: "first", side: "SELL", status: "FILLED", avgPrice: "60000.00000" },
    ],
    positions: [],
    fills: [
      { side: "BUY", price: "60000.10" },
      { side: "SELL", price: "60000.00", realizedPnl: "-0.00100000" },
    ],
    balances: [{ accountAlias: "Alias7", asset: "USDT", balance: "99999.51899960" }],
  });
});

test("the newest order of a client id is the one that is found", async () => {
  await paper.call("POST", "/fapi/v1/order", { ...MARKET, newClientOrderId: "twice" });
  await paper.call("POST", "/fapi/v1/order", { ...MARKET, newClientOrderId: "twice", side: "SELL" });
  const found = await paper.call("GET", "/fapi/v1/order", { symbol: "BTCUSDT", origClientOrderId: "twice" });
  expect(found.body).toMatchObject({ side: "SELL" });
});

test("requests are counted, and each order's arrival is stamped", async () => {
  const beforeMs = Date.now();
  await paper.call("POST", "/fapi/v1/order", { ...MARKET, newClientOrderId: "stamped" });
  const report = z
    .object({
      ordersReceived: z.number(),
      endpoints: z.record(z.string(), z.record(z.string(), z.number())),
      orders: z.array(z.object({ clientOrderId: z.string(), receivedAtMs: z.number(), status: z.number() })),
    })
    .parse(await paper.read("requests"));
  expect(report.endpoints["POST /fapi/v1/order"]).toEqual({ "200": 1 });
  expect(report.orders).toMatchObject([{ clientOrderId: "stamped", status: 200 }]);
  expect(report.orders[0]?.receivedAtMs).toBeGreaterThan(beforeMs - 2);
  expect(report.orders[0]?.receivedAtMs).toBeLessThan(Date.now() + 2);
});

test("a price set by hand holds until it is released", async () => {
  await using moving = await startPaper({ settings: { PAPER_SPEED: 1000 } });
  await moving.setPrice("BTCUSDT", "50000");
  const bid = async () => {
    const body = (await moving.call("GET", "/fapi/v1/ticker/bookTicker", { symbol: "BTCUSDT" })).body;
    return z.object({ bidPrice: z.string() }).parse(body).bidPrice;
  };
  const eth = async () =>
    JSON.stringify((await moving.call("GET", "/fapi/v1/ticker/price", { symbol: "ETHUSDT" })).body);
  const first = await eth();
  await waitUntil("another symbol moved on", async () => (await eth()) !== first);
  expect(await bid()).toBe("50000.00");
  await moving.admin("POST", "market", { release: "BTCUSDT" });
  await waitUntil("it moved again", async () => (await bid()) !== "50000.00");
});

test.each([
  ["market", { symbol: "BTCUSDT", price: "-1" }],
  ["market", { symbol: "BTCUSDT" }],
  ["market", { symbol: "NOPEUSDT", price: "1" }],
  ["credentials", { apiKey: "" }],
  ["streams", { action: "dance" }],
])("a wrong body to /paper/%s is refused", async (what, body) => {
  expect((await paper.admin("POST", what, body)).status).toBe(400);
});

test("a control that does not exist is 404, and a body that is no JSON is 400", async () => {
  expect((await fetch(`${paper.url}/paper/nothing`)).status).toBe(404);
  const response = await fetch(`${paper.url}/paper/faults`, { method: "POST", body: "{" });
  expect(response.status).toBe(400);
});
