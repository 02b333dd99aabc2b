import { heapSize } from "bun:jsc";
import { expect, test } from "bun:test";
import { cancelAllAlgos } from "../../../lib/paper/engine/cancel-order.ts";
import { STATED_BYTES } from "../../../scripts/soak/verdicts.ts";
import { accepted, BUY, openTestVenue, SELL } from "./test-venue.ts";

const venue = openTestVenue({ PAPER_BALANCE_USD: "100000000" });

/** An entry, its stop, and the exit, by ids as long as ours. */
function roundTrip(): void {
  const id = () => crypto.randomUUID().replaceAll("-", "");
  venue.pass(50);
  accepted(venue.order({ ...BUY, quantity: "0.013", newClientOrderId: id() }));
  const stop = { type: "STOP_MARKET", side: "SELL", closePosition: "true", triggerPrice: "50000.1" };
  accepted(venue.algo({ ...stop, clientAlgoId: id() }));
  accepted(venue.order({ ...SELL, quantity: "0.013", reduceOnly: "true", newClientOrderId: id() }));
  cancelAllAlgos(venue.state, venue.symbol(), venue.nowMs);
  venue.events();
}

/** Bytes of the heap that are in use after so many more. */
function heapAfter(trips: number): number {
  for (let left = trips; left > 0; left -= 1) roundTrip();
  Bun.gc(true);
  return heapSize();
}

test("the venue keeps every order and stop in no more bytes than the soak is told", () => {
  const before = heapAfter(500);
  const bytes = (heapAfter(2000) - before) / (2000 * 3);
  expect(venue.state.ordersById.size + venue.state.algosById.size).toBe(2500 * 3);
  expect(bytes).toBeWithin(200, STATED_BYTES.get("paper-exchange")?.bytes ?? 0);
});
