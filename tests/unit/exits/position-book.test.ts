import { describe, expect, test } from "bun:test";
import { bookOf, FAILED, position } from "./book-fixtures.ts";

test("nothing is known before the first reading", () => {
  expect(bookOf().book.view()).toBeUndefined();
});

test("positions are known by symbol, in hedge mode by symbol and side", async () => {
  const { read, book } = bookOf();
  const hedged = [
    position({ positionSide: "LONG" }),
    position({ positionSide: "SHORT", quantity: "-0.2" }),
    position({ symbol: "ETHUSDT", quantity: "-3" }),
  ];
  await read({ ok: true, value: hedged });
  expect([...(book.view()?.positions.values() ?? [])]).toMatchObject([
    { key: "BTCUSDT:LONG", side: "LONG", quantity: "0.5" },
    { key: "BTCUSDT:SHORT", side: "SHORT", quantity: "0.2" },
    { key: "ETHUSDT", side: "SHORT", quantity: "3" },
  ]);
});

test("a failed reading is not zero positions", async () => {
  const { read, book, now, open } = bookOf();
  await read({ ok: true, value: [position()] });
  now.ms = 2000;
  await read(FAILED);
  expect(open()).toEqual({ BTCUSDT: "0.5" });
  expect(book.view()).toMatchObject({ lastRead: false, askedAtMs: 1000 });
  now.ms = 3000;
  await read({ ok: true, value: [] });
  expect(book.view()).toMatchObject({ lastRead: true, askedAtMs: 3000 });
});

test("a late answer does not overwrite one that was asked for later", async () => {
  const { book, now, answers, open } = bookOf();
  const early = book.refresh();
  now.ms = 2000;
  const late = book.refresh();
  answers[1]?.({ ok: true, value: [] });
  await late;
  answers[0]?.({ ok: true, value: [position()] });
  await early;
  expect(open()).toEqual({});
});

test("a reading that hangs does not keep others from being tried, and they are bounded", async () => {
  const { book, answers } = bookOf();
  for (let n = 0; n < 5; n += 1) void book.refresh();
  expect(answers.length).toBe(3);
});

describe("the stream", () => {
  test("adds what happened after the reading was asked for", async () => {
    const { read, now, event, open } = bookOf();
    await read({ ok: true, value: [position()] });
    now.ms = 1100;
    event("0.3", 1100);
    event("-2", 1100, "ETHUSDT");
    expect(open()).toEqual({ BTCUSDT: "0.3", ETHUSDT: "2" });
    event("0", 1101);
    expect(open()).toEqual({ ETHUSDT: "2" });
  });

  test("gives way to a reading that was asked for later", async () => {
    const { read, now, event, open } = bookOf();
    await read({ ok: true, value: [] });
    now.ms = 1100;
    event("0.3", 1100);
    now.ms = 1200;
    await read({ ok: true, value: [position({ quantity: "0.7", updateTimeMs: 1150 })] });
    expect(open()).toEqual({ BTCUSDT: "0.7" });
  });

  test("gives way to a reading that knows of something later", async () => {
    const { book, now, answers, event, open } = bookOf();
    const reading = book.refresh();
    now.ms = 1050;
    event("0.3", 1040);
    answers[0]?.({ ok: true, value: [position({ quantity: "0.1", updateTimeMs: 1045 })] });
    await reading;
    expect(open()).toEqual({ BTCUSDT: "0.1" });
  });
});

describe("a position that is flat", () => {
  test("closed when the stream said so", async () => {
    const { read, book, now, event } = bookOf();
    await read({ ok: true, value: [position()] });
    now.ms = 1500;
    event("0", 1490);
    now.ms = 2000;
    await read({ ok: true, value: [] });
    const view = book.view();
    expect(view && book.takeFlat("BTCUSDT", view)).toEqual({ closedAtMs: 1490, seenAtMs: 1993 });
  });

  test("closed, as far as anyone knows, when a reading first showed it: as early as the clock may be wrong", async () => {
    const { read, book, now } = bookOf();
    now.ms = 2000;
    await read({ ok: true, value: [] });
    const view = book.view();
    expect(view && book.takeFlat("BTCUSDT", view)).toEqual({ closedAtMs: 1993, seenAtMs: 1993 });
  });

  test("and opened again since is not taken for closed then", async () => {
    const { read, book, now, event } = bookOf();
    await read({ ok: true, value: [position()] });
    now.ms = 1100;
    event("0", 1100);
    now.ms = 1200;
    await read({ ok: true, value: [position({ updateTimeMs: 1150 })] });
    for (now.ms = 5000; now.ms <= 7000; now.ms += 1000) await read({ ok: true, value: [] });
    const view = book.view();
    expect(view && book.takeFlat("BTCUSDT", view)).toEqual({ closedAtMs: 4993, seenAtMs: 4993 });
  });
});

describe("a reading of which a row could not be read", () => {
  const ETH = position({ symbol: "ETHUSDT", quantity: "-3", updateTimeMs: 900 });

  test("shows what it names, ends nothing, and has failed", async () => {
    const { book, now, read, open } = bookOf();
    await read({ ok: true, value: [position()] });
    now.ms = 1100;
    await read({ ...FAILED, sound: [ETH] });
    expect(open()).toEqual({ BTCUSDT: "0.5", ETHUSDT: "3" });
    expect(book.view()).toMatchObject({ lastRead: false, askedAtMs: 1000 });
    for (now.ms = 1200; now.ms <= 3200; now.ms += 1000) await read({ ok: true, value: [position()] });
    expect(open()).toEqual({ BTCUSDT: "0.5" });
  });

  test("changes a position that it names, unless the stream has said something later of it", async () => {
    const { now, read, event, open } = bookOf();
    await read({ ok: true, value: [position(), ETH] });
    now.ms = 1100;
    event("0", 1090, "ETHUSDT");
    await read({ ...FAILED, sound: [position({ quantity: "0.2", updateTimeMs: 1050 }), ETH] });
    expect(open()).toEqual({ BTCUSDT: "0.2" });
  });

  test("that was begun before a whole one says nothing any more", async () => {
    const { book, now, answers, open } = bookOf();
    const late = book.refresh();
    now.ms = 1100;
    const whole = book.refresh();
    answers[1]?.({ ok: true, value: [] });
    await whole;
    now.ms = 1200;
    answers[0]?.({ ...FAILED, sound: [position()] });
    await late;
    expect(open()).toEqual({});
  });

  test("says nothing before a whole one: what it does not name may be open as well", async () => {
    const { book, read } = bookOf();
    await read({ ...FAILED, sound: [ETH] });
    expect(book.view()).toBeUndefined();
  });
});
