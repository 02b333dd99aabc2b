import { expect, test } from "bun:test";
import { createOrderMethods } from "../../../lib/exchange/binance-orders.ts";
import type { OrderRequest } from "../../../lib/exchange/exchange.ts";
import { createSigner } from "../../../lib/exchange/sign-request.ts";
import { SECRET, stubVenue, transportTo } from "./stub-venue.ts";

const ORDER: OrderRequest = {
  kind: "entry",
  symbol: "BTCUSDT",
  side: "BUY",
  positionSide: "BOTH",
  quantity: "0.01",
  reduceOnly: false,
  clientOrderId: "a:b/c-1",
};
const SIGNING = { timestampMs: 1_699_999_999_123, recvWindowMs: 1234 };
const REPLY = {
  symbol: "BTCUSDT",
  orderId: 12,
  clientOrderId: "a:b/c-1",
  status: "FILLED",
  side: "BUY",
  positionSide: "BOTH",
  reduceOnly: false,
  origQty: "0.010",
  executedQty: "0.010",
  updateTime: 1_700_000_000_000,
};

function ordersAt(answer: object) {
  const venue = stubVenue(() => Response.json(answer));
  return { venue, orders: createOrderMethods(transportTo(venue.url).transport) };
}

test("an order is sent once, with the timestamp and window that were written down, signed over what is sent", async () => {
  const { venue, orders } = ordersAt(REPLY);
  await using _ = venue;
  const sent = await orders.submitOrder(ORDER, SIGNING);
  expect(sent).toMatchObject({ phase: "accepted", order: { orderId: "12", executedQuantity: "0.01" } });
  const payload =
    "symbol=BTCUSDT&side=BUY&positionSide=BOTH&type=MARKET&quantity=0.01&newClientOrderId=a%3Ab%2Fc-1" +
    "&newOrderRespType=RESULT&recvWindow=1234&timestamp=1699999999123";
  expect(venue.heard.map(({ method, body }) => [method, body])).toEqual([
    ["POST", `${payload}&signature=${createSigner(SECRET)(payload)}`],
  ]);
});

test.each([
  ["BOTH", true, "true"],
  ["BOTH", false, null],
  ["LONG", true, null],
  ["SHORT", true, null],
] as const)(
  "position side %s, reduce-only %p: reduceOnly is %p",
  async (positionSide, reduceOnly, expected) => {
    const { venue, orders } = ordersAt({ ...REPLY, positionSide });
    await using _ = venue;
    await orders.submitOrder({ ...ORDER, positionSide, reduceOnly }, SIGNING);
    expect(new URLSearchParams(venue.heard[0]?.body).get("reduceOnly")).toBe(expected);
  },
);

test.each([
  ["another client id", { ...REPLY, clientOrderId: "other" }],
  ["a status that the venue does not document", { ...REPLY, status: "MAYBE" }],
  ["a quantity that is no number", { ...REPLY, executedQty: "NaN" }],
  ["an empty object", {}],
])("an accepting answer with %s leaves the order in doubt", async (_what, answer) => {
  const { venue, orders } = ordersAt(answer);
  await using _ = venue;
  expect(await orders.submitOrder(ORDER, SIGNING)).toMatchObject({
    phase: "ambiguous",
    outcome: { row: "UNRECOGNISED", advice: "QUERY_ORDER" },
  });
});

test("a query that is answered with another order finds nothing, and does not call it absent", async () => {
  const { venue, orders } = ordersAt({ ...REPLY, clientOrderId: "other" });
  await using _ = venue;
  expect(await orders.queryOrder("BTCUSDT", "a:b/c-1")).toMatchObject({ kind: "unknown" });
  expect(venue.heard[0]?.url.searchParams.get("origClientOrderId")).toBe("a:b/c-1");
});

test("an id beyond 2^53 keeps its last digits", async () => {
  const text = JSON.stringify(REPLY).replace('"orderId":12', '"orderId":8389765506234511234');
  await using venue = stubVenue(() => new Response(text));
  const { submitOrder } = createOrderMethods(transportTo(venue.url).transport);
  expect(await submitOrder(ORDER, SIGNING)).toMatchObject({ order: { orderId: "8389765506234511234" } });
});

test("a protective stop closes the whole position at the mark price and names no quantity", async () => {
  const { venue, orders } = ordersAt({});
  await using _ = venue;
  await orders.placeAlgoOrder(
    { symbol: "BTCUSDT", side: "SELL", positionSide: "LONG", triggerPrice: "59000", clientAlgoId: "x-s" },
    SIGNING,
  );
  expect(Object.fromEntries(new URLSearchParams(venue.heard[0]?.body))).toMatchObject({
    algoType: "CONDITIONAL",
    type: "STOP_MARKET",
    side: "SELL",
    positionSide: "LONG",
    triggerPrice: "59000",
    workingType: "MARK_PRICE",
    closePosition: "true",
    clientAlgoId: "x-s",
    timestamp: "1699999999123",
  });
  expect(venue.heard[0]?.body).not.toContain("quantity");
});

test.each([
  [-2011, true],
  [-2013, true],
  [-1021, false],
] as const)("cancelling what the venue answers with %p succeeds: %p", async (code, ok) => {
  await using venue = stubVenue(() => Response.json({ code, msg: "m" }, { status: 400 }));
  const orders = createOrderMethods(transportTo(venue.url).transport);
  expect((await orders.cancelAlgo("x-s")).ok).toBe(ok);
});
