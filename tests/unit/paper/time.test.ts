import { expect, test } from "bun:test";
import { setHedgeMode, setMarginType } from "../../../lib/paper/engine/account-settings.ts";
import { accepted, BUY, limit, openTestVenue, SELL } from "./test-venue.ts";

const HOUR_MS = 3_600_000;

test("longs pay funding to shorts every eight hours, on the mark price", () => {
  const venue = openTestVenue({ PAPER_FUNDING_PCT: "0.01" });
  setHedgeMode(venue.state, true);
  accepted(venue.order({ ...BUY, positionSide: "LONG", quantity: "0.3" }));
  accepted(venue.order({ ...SELL, symbol: "ETHUSDT", positionSide: "SHORT", quantity: "2" }));
  venue.pass(8 * HOUR_MS - 1);
  expect(venue.state.wallet.toFixed()).toBe("100000");
  venue.events();
  venue.pass(1);
  expect(venue.state.wallet.toFixed()).toBe("99998.7");
  expect(venue.state.incomes.map((row) => row.income.toFixed())).toEqual(["0", "0", "-1.8", "0.5"]);
  expect(venue.events().map((event) => event.e)).toEqual(["ACCOUNT_UPDATE", "ACCOUNT_UPDATE"]);
});

test("the user stream tells of funding by the balance, and by the position where its margin is isolated", () => {
  const venue = openTestVenue({ PAPER_FUNDING_PCT: "0.01" });
  expect(
    setMarginType(venue.state, venue.symbol("ETHUSDT"), { marginType: "ISOLATED", nowMs: venue.nowMs }),
  ).toBeUndefined();
  accepted(venue.order({ ...BUY, quantity: "0.3" }));
  accepted(venue.order({ ...SELL, symbol: "ETHUSDT", quantity: "2" }));
  venue.events();
  venue.pass(8 * HOUR_MS);
  const [crossed, isolated] = venue.events();
  expect(crossed).toMatchObject({ e: "ACCOUNT_UPDATE", a: { m: "FUNDING_FEE", B: [{ bc: "-1.80000000" }] } });
  expect(crossed).not.toHaveProperty("a.P");
  expect(isolated).toHaveProperty("a.P.0.s", "ETHUSDT");
});

test("funding that fell due several times is charged each time", () => {
  const venue = openTestVenue({ PAPER_FUNDING_PCT: "0.01" });
  accepted(venue.order({ ...BUY, quantity: "0.3" }));
  venue.pass(25 * HOUR_MS);
  expect(venue.state.wallet.toFixed()).toBe("99994.6");
});

test("a countdown that is not renewed cancels the symbol's orders, protective ones too, and closes nothing", () => {
  const venue = openTestVenue();
  accepted(venue.order({ ...BUY, quantity: "0.3" }));
  const resting = accepted(venue.order(limit("BUY", "0.1", "59000")));
  const stop = accepted(
    venue.algo({ side: "SELL", type: "STOP_MARKET", triggerPrice: "58000", closePosition: "true" }),
  );
  const other = accepted(venue.order({ ...limit("BUY", "1", "2400"), symbol: "ETHUSDT" }));
  venue.state.countdowns.set("BTCUSDT", venue.nowMs + 120_000);
  venue.pass(119_999);
  expect(resting.status).toBe("NEW");
  venue.pass(1);
  expect([resting.status, stop.status, other.status]).toEqual(["CANCELED", "CANCELED", "NEW"]);
  expect(venue.state.openLegs.size).toBe(1);
});
