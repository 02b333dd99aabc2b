import { expect, test } from "bun:test";
import { protectiveStopId } from "../../../lib/exchange/client-order-id.ts";
import { reconcile } from "../../../scripts/stack/reconcile.ts";

const HASH = "0123456789abcdef0123456789abcdef";
const nothing = { intents: [], results: [] };
const order = (clientOrderId: string) => ({
  ...{ symbol: "ETHUSDT", clientOrderId, executedQty: "1", status: "FILLED" },
});

test("a stop that the exit brain moved is explained, also when its id is no intent's", () => {
  const outcome = reconcile({ ...nothing, orders: [order(protectiveStopId(HASH))] });
  expect([outcome.problems, outcome.triggeredStops]).toEqual([[], 1]);
});

test("an order that is neither an intent's nor a stop is a problem", () => {
  const { problems } = reconcile({ ...nothing, orders: [order("somebody-else-1")] });
  expect(problems).toEqual(["order somebody-else-1 belongs to no intent"]);
});
