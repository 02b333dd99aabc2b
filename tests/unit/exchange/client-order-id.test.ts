import { expect, test } from "bun:test";
import { closeOrderId } from "../../../lib/emergency/worker/close-order-id.ts";
import {
  CLIENT_ORDER_ID,
  clientOrderId,
  isIntentOrderId,
  protectiveStopId,
} from "../../../lib/exchange/client-order-id.ts";

const HASH = "0123456789abcdef0123456789abcdef";

test("an intent id of our own stays readable in the venue's records", () => {
  expect(clientOrderId(HASH, 1)).toBe(`${HASH}-1`);
  expect(protectiveStopId(HASH)).toBe(`${HASH}-s`);
});

test.each(["x", HASH, "a".repeat(33), "an id with blanks & signs", "übung", "", "a".repeat(500)])(
  'every id of intent "%s" is one that the venue takes',
  (intentId) => {
    for (const attempt of [1, 10, 999, 1000, 50_000, 2 ** 40])
      expect(clientOrderId(intentId, attempt)).toMatch(CLIENT_ORDER_ID);
    expect(protectiveStopId(intentId)).toMatch(CLIENT_ORDER_ID);
  },
);

test("the same intent and attempt give the same id, another attempt or intent another", () => {
  const long = "z".repeat(40);
  expect(clientOrderId(long, 2)).toBe(clientOrderId(long, 2));
  const ids = [
    clientOrderId(long, 1),
    clientOrderId(long, 2),
    clientOrderId(`${long}z`, 1),
    clientOrderId("z-1", 1),
  ];
  expect(new Set([...ids, clientOrderId("z", 1), protectiveStopId("z")]).size).toBe(6);
});

test("attempts have no end, and no two of them, nor the stop, share an id", () => {
  const attempts = [...Array.from({ length: 3000 }, (_, at) => at + 1), 46_655, 46_656, 1_679_615, 2 ** 40];
  for (const intentId of [HASH, "z"]) {
    const ids = attempts.map((attempt) => clientOrderId(intentId, attempt));
    expect(new Set([...ids, protectiveStopId(intentId)]).size).toBe(attempts.length + 1);
    expect(ids.filter((id) => !CLIENT_ORDER_ID.test(id))).toEqual([]);
  }
});

test("an intent's orders are told from stops, a panic's closes and what a venue's app sends", () => {
  const attempts = [1, 2, 999, 1000, 2 ** 40].flatMap((n) => [clientOrderId(HASH, n), clientOrderId("z", n)]);
  expect(attempts.filter((id) => !isIntentOrderId(id))).toEqual([]);
  const panic = closeOrderId({ eventId: crypto.randomUUID(), symbol: "ETHUSDT", positionSide: "BOTH", n: 1 });
  const others = [panic, protectiveStopId(HASH), "web_Xy1-12", "autoclose-1629384729384", "adl_autoclose"];
  expect(others.filter(isIntentOrderId)).toEqual([]);
});

test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
  "attempt %p is a broken invariant",
  (attempt) => {
    expect(() => clientOrderId(HASH, attempt)).toThrow(RangeError);
  },
);
