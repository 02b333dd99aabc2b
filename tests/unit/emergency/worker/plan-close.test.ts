import { describe, expect, test } from "bun:test";
import Big from "big.js";
import fc from "fast-check";
import { closeOrderId } from "../../../../lib/emergency/worker/close-order-id.ts";
import type { SignedOrder } from "../../../../lib/emergency/worker/panic-memory.ts";
import { type OpenLeg, planClose } from "../../../../lib/emergency/worker/plan-close.ts";
import { CLIENT_ORDER_ID } from "../../../../lib/exchange/client-order-id.ts";
import type { SymbolRules } from "../../../../lib/exchange/symbol-rules.ts";
import { ETH_RULES } from "../../../support/symbol-rules.ts";

const EVENT = "65624972-f7da-4bf2-a29f-681548bb9b2c";
const leg = (change: Partial<OpenLeg> = {}): OpenLeg => ({
  ...{ symbol: "ETHUSDT", positionSide: "BOTH", quantity: "0.5" },
  ...change,
});
const order = (change: Partial<SignedOrder> = {}): SignedOrder => ({
  ...{ clientOrderId: "c", n: 1, quantity: "0.5", signedVenueMs: 0, recvWindowMs: 2000, outcome: "accepted" },
  ...change,
});
const plan = (of: OpenLeg, sent: readonly SignedOrder[] = [], rules: SymbolRules | null = ETH_RULES) =>
  planClose({ eventId: EVENT, leg: of, rules, sent });

describe("the close of a position", () => {
  test.each([
    ["a long", leg(), { side: "SELL", positionSide: "BOTH", quantity: "0.5" }],
    ["a short", leg({ quantity: "-0.5" }), { side: "BUY", positionSide: "BOTH", quantity: "0.5" }],
    ["a hedge long", leg({ positionSide: "LONG" }), { side: "SELL", positionSide: "LONG", quantity: "0.5" }],
    [
      "a hedge short",
      leg({ positionSide: "SHORT", quantity: "-0.5" }),
      { side: "BUY", positionSide: "SHORT", quantity: "0.5" },
    ],
  ] as const)("is a reduce-only market order against %s", (_, of, expected) => {
    const close = plan(of);
    expect(close).toMatchObject({ kind: "send", orders: [{ ...expected, n: 1, reduceOnly: true }] });
  });

  test("is split where one market order may not hold it", () => {
    const close = plan(leg({ quantity: "4500" }));
    if (close.kind !== "send") throw new Error(close.kind);
    expect(close.orders.map(({ n, quantity }) => [n, quantity])).toEqual([
      [1, "2000"],
      [2, "2000"],
      [3, "500"],
    ]);
  });

  test.each([
    ["without rules", leg({ quantity: "0.12345" }), null, "0.12345"],
    ["below the smallest quantity", leg({ quantity: "0.0004" }), ETH_RULES, "0.0004"],
  ])("goes as it is %s: the venue judges", (_, of, rules, quantity) => {
    expect(plan(of, [], rules)).toMatchObject({ kind: "send", orders: [{ quantity }] });
  });

  test("waits while an earlier order is in doubt, and asks for that one", () => {
    const doubt = order({ n: 2, outcome: "open" });
    expect(plan(leg(), [order(), doubt])).toEqual({ kind: "resolve", orders: [doubt] });
  });

  test("takes a new client id after every order that is settled", () => {
    const sent = [order({ n: 1, outcome: "rejected" }), order({ n: 2, outcome: "absent" })];
    expect(plan(leg(), sent)).toMatchObject({ kind: "send", orders: [{ n: 3 }] });
  });

  test("never enlarges a position, whatever its quantity and filters", () => {
    const decimal = fc
      .integer({ min: 1, max: 50_000_000 })
      .map((value) => new Big(value).div(1000).toFixed());
    const input = fc.record({ quantity: decimal, short: fc.boolean(), max: decimal, hedge: fc.boolean() });
    fc.assert(
      fc.property(input, ({ quantity, short, max, hedge }) => {
        const rules = { ...ETH_RULES, marketLot: { ...ETH_RULES.marketLot, max } };
        const positionSide = hedge ? (short ? "SHORT" : "LONG") : "BOTH";
        const close = plan(leg({ positionSide, quantity: short ? `-${quantity}` : quantity }), [], rules);
        if (close.kind !== "send") return false;
        const sum = close.orders.reduce((all, one) => all.plus(one.quantity), new Big(0));
        const reduces = close.orders.every((one) => one.side === (short ? "BUY" : "SELL") && one.reduceOnly);
        const ids = new Set(close.orders.map(({ clientOrderId }) => clientOrderId));
        return sum.lte(quantity) && reduces && ids.size === close.orders.length;
      }),
    );
  });
});

describe("the client id of a close", () => {
  test("is the same for the same panic, position and number, and differs otherwise", () => {
    const of = { eventId: EVENT, symbol: "ETHUSDT", positionSide: "BOTH", n: 1 };
    expect(closeOrderId(of)).toBe(closeOrderId({ ...of }));
    const others = [
      { ...of, n: 2 },
      { ...of, symbol: "BTCUSDT" },
      { ...of, positionSide: "LONG" },
      { ...of, eventId: crypto.randomUUID() },
    ];
    expect(new Set([of, ...others].map(closeOrderId)).size).toBe(5);
  });

  test("is what the venue takes, up to the last number", () => {
    const longest = closeOrderId({
      eventId: EVENT,
      symbol: "1000000MOGUSDT",
      positionSide: "SHORT",
      n: 99_999,
    });
    expect(longest).toMatch(CLIENT_ORDER_ID);
    expect(() => closeOrderId({ eventId: EVENT, symbol: "X", positionSide: "BOTH", n: 0 })).toThrow(
      RangeError,
    );
  });
});
