import { describe, expect, test } from "bun:test";
import { createAccountMethods } from "../../../lib/exchange/binance-account.ts";
import { createOrderMethods } from "../../../lib/exchange/binance-orders.ts";
import { soundRows } from "../../../lib/exchange/sound-rows.ts";
import type { VenueTransport } from "../../../lib/exchange/venue-transport.ts";

/** A venue whose every answer is this. */
function answering(json: unknown): VenueTransport {
  const reply = { ok: true, json, askedAtMs: 0, receivedAtMs: 1 } as const;
  return { send: async () => reply };
}

const position = (change: object) => ({
  ...{ symbol: "ETHUSDT", positionSide: "BOTH", positionAmt: "0.5", entryPrice: "3000", markPrice: "3001" },
  ...{ unRealizedProfit: "0.5", updateTime: 7, ...change },
});
const positionsOf = (json: unknown) => createAccountMethods(answering(json)).positions();
const ODD = { ok: false, outcome: { row: "UNRECOGNISED" } } as const;

describe("a list of positions", () => {
  test.each([
    ["unRealizedProfit", "", { unrealisedPnlUsd: null }],
    ["unRealizedProfit", null, { unrealisedPnlUsd: null }],
    ["markPrice", "NaN", { markPrice: null }],
    ["markPrice", undefined, { markPrice: null }],
    ["entryPrice", {}, { entryPrice: "0" }],
    ["updateTime", "now", { updateTimeMs: 0 }],
  ])("is read where %s is %p, which no close needs", async (field, value, expected) => {
    const reading = await positionsOf([position({ [field]: value })]);
    expect(reading).toMatchObject({ ok: true, value: [{ symbol: "ETHUSDT", quantity: "0.5", ...expected }] });
  });

  test.each([
    ["its symbol", { symbol: 7 }],
    ["its side", { positionSide: "NEITHER" }],
    ["its amount", { positionAmt: "" }],
    ["an amount that is none", { positionAmt: "Infinity" }],
  ])(
    "is not read wholly where a row lacks %s, and gives the other rows all the same",
    async (_name, change) => {
      const flat = position({ symbol: "SOLUSDT", positionAmt: "0.0" });
      const reading = await positionsOf([position({ symbol: "BTCUSDT", ...change }), position({}), flat]);
      expect(reading).toMatchObject(ODD);
      expect(soundRows(reading)?.map(({ symbol }) => symbol)).toEqual(["ETHUSDT"]);
    },
  );

  test("that is none gives no rows", async () => {
    const reading = await positionsOf({});
    expect([reading.ok, soundRows(reading)]).toEqual([false, undefined]);
  });
});

describe("a list of resting orders", () => {
  test("is read whatever the venue says of them, for they are cancelled by symbol", async () => {
    const orders = createOrderMethods(
      answering([{ symbol: "BTCUSDT", status: "PENDING_NEW", origQty: "?" }]),
    );
    expect(await orders.openOrders()).toEqual({ ok: true, value: [{ symbol: "BTCUSDT" }] });
  });

  test("is not read wholly where one has no symbol", async () => {
    const orders = createOrderMethods(answering([{}, { symbol: "BTCUSDT" }]));
    const reading = await orders.openOrders();
    expect(reading).toMatchObject({ ...ODD, sound: [{ symbol: "BTCUSDT" }] });
  });

  test("gives the conditional ones that can be cancelled, though one of them cannot", async () => {
    const sound = {
      ...{ symbol: "BTCUSDT", algoId: 1, clientAlgoId: "q", algoStatus: "NEW", orderType: "STOP_MARKET" },
      ...{ side: "SELL", positionSide: "BOTH", triggerPrice: "?", quantity: "", closePosition: true },
      reduceOnly: true,
    };
    const { clientAlgoId: _, ...nameless } = sound;
    const reading = await createOrderMethods(answering([nameless, sound])).openAlgoOrders();
    expect(reading).toMatchObject({ ...ODD, sound: [{ clientAlgoId: "q", triggerPrice: null }] });
  });
});
