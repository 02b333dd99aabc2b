import { expect, test } from "bun:test";
import { MarkBook } from "../../../lib/exchange/mark-book.ts";

/** A book whose clocks the test moves: ours and the venue's go on together. */
function openBook() {
  const time = { monotonicMs: 5000, venueMs: 1_700_000_000_000 };
  const exchange = { serverNowMs: () => time.venueMs, clockSkewMs: () => 20 };
  const book = new MarkBook(exchange, { monotonicMs: () => time.monotonicMs });
  const pass = (ms: number) => {
    time.monotonicMs += ms;
    time.venueMs += ms;
  };
  /** A price of `lagMs` ago arrives; returns the age that it is given. */
  const tell = (price: string, lagMs: number) => {
    book.receive("ETHUSDT", price, time.venueMs - lagMs);
    return book.markOf("ETHUSDT")?.ageMs;
  };
  return { book, time, pass, tell, price: () => book.markOf("ETHUSDT")?.price };
}

test.each([
  ["of the venue's second that runs", 0, 0],
  ["as old as a second and the clocks' error", 1020, 0],
  ["a millisecond older", 1021, 1],
  ["of a minute ago", 60_000, 58_980],
  ["stamped ahead", -5000, 0],
])("a price %s, by %d ms, is %d ms old when it arrives", (_, lagMs, ageMs) => {
  const { tell, book, pass } = openBook();
  expect(tell("3000", lagMs)).toBe(ageMs);
  pass(700);
  expect(book.markOf("ETHUSDT")?.ageMs).toBe(ageMs + 700);
  expect(book.silenceMs()).toBe(ageMs + 700);
});

test.each([
  ["a newer one", 0, "2900"],
  ["one of the same moment", 500, "2900"],
  ["an older one", 501, "3000"],
  ["a much older one", 60_000, "3000"],
])("a fresh price gives way to %s as its time says", (_, lagMs, price) => {
  const { tell, pass, price: known } = openBook();
  tell("3000", 400);
  pass(100);
  tell("2900", lagMs);
  expect(known()).toBe(price);
});

test("a price that is old itself gives way to whatever is fresher, also when the venue's clock was set back", () => {
  const { book, time, tell, pass, price } = openBook();
  tell("3000", 0);
  pass(2001);
  tell("2800", 60_000);
  expect(price()).toBe("3000");
  time.venueMs -= 30_000;
  expect(tell("2900", 0)).toBe(0);
  expect(price()).toBe("2900");
  expect(book.markOf("BTCUSDT")).toBeUndefined();
});

test("an older price is no news: it makes nothing look fresher", () => {
  const { book, tell, pass, time } = openBook();
  tell("3000", 0);
  pass(1500);
  expect(book.receive("ETHUSDT", "2900", time.venueMs - 1501)).toBeUndefined();
  expect(book.silenceMs()).toBe(1500);
});

test.each([["0"], ["-1"], ["NaN"], [""], ["1e999999"]])("%p is no price", (text) => {
  const { book, time } = openBook();
  expect(book.receive("ETHUSDT", text, time.venueMs)).toBeUndefined();
  expect(book.markOf("ETHUSDT")).toBeUndefined();
  expect(book.silenceMs()).toBe(Number.POSITIVE_INFINITY);
});
