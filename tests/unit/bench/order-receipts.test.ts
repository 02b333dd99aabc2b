import { describe, expect, test } from "bun:test";
import { exitLatenciesOf, latenciesOf } from "../../../scripts/bench/drive/order-receipts.ts";

/** A hundred orders set out at 0, one a ms; of those that arrive each takes 1 ms. */
function travelled(arrived: number) {
  const ids = Array.from({ length: 100 }, (_, at) => `order-${at}`);
  const departures = new Map(ids.map((id, at) => [id, at]));
  const received = new Map(ids.slice(0, arrived).map((id, at) => [id, at + 1]));
  return { departures, received };
}

describe("latencies of orders", () => {
  test("are of those that arrived, when nearly all did", () => {
    const { departures, received } = travelled(91);
    expect(latenciesOf(departures, received).count).toBe(91);
  });

  test("are none when too many never arrived", () => {
    const { departures, received } = travelled(89);
    expect(() => latenciesOf(departures, received)).toThrow("only 89 of 100 orders reached the exchange");
  });
});

describe("latencies of exits", () => {
  test("are of all of them", () => {
    const { departures, received } = travelled(100);
    expect(exitLatenciesOf(departures, received).quantile(0.99)).toBeCloseTo(1, 1);
  });

  test("are none when a single one never arrived: it would be the slowest", () => {
    const { departures, received } = travelled(99);
    expect(() => exitLatenciesOf(departures, received)).toThrow("only 99 of 100 exits reached the exchange");
  });
});
