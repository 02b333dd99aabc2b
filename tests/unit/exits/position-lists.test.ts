import { describe, expect, test } from "bun:test";
import { bookOf, FAILED, position } from "./book-fixtures.ts";

describe("a list that may lag", () => {
  test("does not undo what the stream has told since, nor for two seconds what it told before", async () => {
    const { read, now, event, open } = bookOf();
    await read({ ok: true, value: [position(), position({ symbol: "ETHUSDT" })] });
    now.ms = 1100;
    event("0", 1100);
    event("0.2", 1100, "ETHUSDT");
    event("0.1", 1100, "XRPUSDT");
    const told = { ETHUSDT: "0.2", XRPUSDT: "0.1" };
    expect(open()).toEqual(told);
    for (const ms of [1200, 2200, 3000]) {
      now.ms = ms;
      await read({ ok: true, value: [position(), position({ symbol: "ETHUSDT" })] });
      expect(open()).toEqual(told);
    }
    now.ms = 3200;
    await read({ ok: true, value: [position(), position({ symbol: "ETHUSDT" })] });
    expect(open()).toEqual({ BTCUSDT: "0.5", ETHUSDT: "0.5" });
  });

  test("ends no position alone, however late it comes", async () => {
    const { read, book, now, open } = bookOf();
    await read({ ok: true, value: [position()] });
    now.ms = 60_000;
    await read({ ok: true, value: [] });
    expect(open()).toEqual({ BTCUSDT: "0.5" });
    expect(book.view()).toMatchObject({ missing: new Set(["BTCUSDT"]) });
    // Its price is of no reading any more.
    expect(book.view()?.positions.get("BTCUSDT")?.markPrice).toBeNull();
    now.ms = 61_000;
    await read({ ok: true, value: [position()] });
    expect(book.view()).toMatchObject({ missing: new Set() });
    now.ms = 63_000;
    await read({ ok: true, value: [] });
    expect(open()).toEqual({ BTCUSDT: "0.5" });
  });

  test("ends a position together with those of the next two seconds", async () => {
    const { read, now, open } = bookOf();
    await read({ ok: true, value: [position()] });
    for (const [ms, left] of [
      [2000, 1],
      [3999, 1],
      [4000, 0],
    ] as const) {
      now.ms = ms;
      await read({ ok: true, value: [] });
      expect(Object.keys(open()).length).toBe(left);
    }
  });

  test("counts for nothing while readings fail, and anew when the stream speaks of the position", async () => {
    const { read, now, event, open } = bookOf();
    await read({ ok: true, value: [position()] });
    now.ms = 2000;
    await read({ ok: true, value: [] });
    now.ms = 5000;
    await read(FAILED);
    expect(open()).toEqual({ BTCUSDT: "0.5" });
    event("0.4", 5000);
    now.ms = 6000;
    await read({ ok: true, value: [] });
    expect(open()).toEqual({ BTCUSDT: "0.4" });
  });
});

describe("what is gone for certain", () => {
  test("is told by the reading that was first without it", async () => {
    const { read, book, now } = bookOf();
    const confirmed = () => book.view()?.confirmed?.askedAtMs;
    for (const [ms, since] of [
      [1000, undefined],
      [2000, undefined],
      [3000, 1000],
      [4500, 2000],
      [60_000, 4500],
    ] as const) {
      now.ms = ms;
      await read({ ok: true, value: [] });
      expect(confirmed()).toBe(since);
    }
  });

  test("includes the stream's zero, which is known until it is confirmed", async () => {
    const { read, book, now, event } = bookOf();
    await read({ ok: true, value: [position()] });
    event("0", 1001);
    for (const [ms, known] of [
      [1100, 1],
      [3000, 1],
      [3101, 0],
    ] as const) {
      now.ms = ms;
      await read({ ok: true, value: [] });
      expect(book.view()?.flatAtMs.size).toBe(known);
    }
  });
});
