import { describe, expect, test } from "bun:test";
import { decideHaltSync } from "../../../../lib/emergency/worker/decide-halt-sync.ts";
import { decideIntake } from "../../../../lib/emergency/worker/decide-intake.ts";
import { decideRound, settledInMs } from "../../../../lib/emergency/worker/decide-round.ts";
import { planCancels } from "../../../../lib/emergency/worker/plan-cancels.ts";

describe("after a round, a panic", () => {
  const clean = { settledInMs: 0, openingOrders: 0, openPositions: 0, sent: 0, troubles: 0 };

  test("is flat when positions and orders read zero after everything has settled", () => {
    expect(decideRound(clean)).toEqual({ kind: "flat" });
  });

  test.each([
    ["positions could not be read", { openPositions: undefined }, { kind: "again", pause: true }],
    ["a position was closed", { openPositions: 1, sent: 1 }, { kind: "again", pause: false }],
    ["a close failed", { openPositions: 1, sent: 1, troubles: 1 }, { kind: "again", pause: true }],
    ["a position waits for an order in doubt", { openPositions: 1 }, { kind: "again", pause: true }],
    ["something may still arrive", { settledInMs: 700 }, { kind: "verify", inMs: 700 }],
    ["orders were not read", { openingOrders: undefined }, { kind: "verify", inMs: 0 }],
    ["an order was there that could open", { openingOrders: 1 }, { kind: "verify", inMs: 0 }],
    ["a cancel failed", { troubles: 1 }, { kind: "again", pause: true }],
  ] as const)("is not flat when %s", (_, change, expected) => {
    expect(decideRound({ ...clean, ...change })).toEqual(expected);
  });
});

describe("everything that was under way has settled", () => {
  const base = { recvWindowMs: 2000, skewMs: 20, venueNowMs: 10_000, inDoubt: [] };

  test("a receive window, the clock's skew and the positions' lag after the halt", () => {
    expect(settledInMs({ ...base, haltAgeMs: 0 })).toBe(4020);
    expect(settledInMs({ ...base, haltAgeMs: 4019 })).toBe(1);
    expect(settledInMs({ ...base, haltAgeMs: 4020 })).toBe(0);
  });

  test("not before a close in doubt can arrive no more", () => {
    const inDoubt = [{ signedVenueMs: 9500, recvWindowMs: 4000 }];
    expect(settledInMs({ ...base, haltAgeMs: 60_000, inDoubt })).toBe(3520);
  });
});

describe("a panic from the stream", () => {
  const fresh = {
    ...{ done: false, known: false, id: "1000-3" },
    ...{ installedBeforeMs: undefined, installedThrough: undefined, clearedThrough: undefined },
  };

  test.each([
    ["is run when nothing speaks against it", {}, { kind: "run" }],
    ["is run when it is old and nobody processed it", { id: "1-0" }, { kind: "run" }],
    ["is run when it was added after the boundary", { installedBeforeMs: 1000 }, { kind: "run" }],
    ["is not run again when it is over", { done: true, known: true }, { kind: "done" }],
    [
      "goes on when it was accepted before, cleared or not",
      { known: true, clearedThrough: "2000-0" },
      { kind: "run" },
    ],
    [
      "is refused when it is older than the installation",
      { installedBeforeMs: 1001 },
      { kind: "refuse", reason: "BEFORE_INSTALL" },
    ],
    [
      "is refused when it was there before the installation",
      { installedBeforeMs: 1001, installedThrough: "1000-3" },
      { kind: "refuse", reason: "BEFORE_INSTALL" },
    ],
    [
      "is run when it came after the installation, by a clock that was set back",
      { installedBeforeMs: 1001, installedThrough: "1000-2" },
      { kind: "run" },
    ],
    [
      "is refused when a halt was cleared after it",
      { clearedThrough: "1000-3" },
      { kind: "refuse", reason: "HALT_CLEARED_SINCE" },
    ],
    ["is run when it came after the clearing", { clearedThrough: "1000-2" }, { kind: "run" }],
  ] as const)("%s", (_, change, expected) => {
    expect(decideIntake({ ...fresh, ...change })).toEqual(expected);
  });
});

describe("halt file and Redis", () => {
  const halted = {
    reading: { redis: "halted", panicRecorded: true, clearedBy: "" },
    file: "own",
    running: "no",
    haltStands: true,
    haltConfirmed: true,
  } as const;
  const reset = { ...halted.reading, redis: "reset" } as const;
  const absent = { ...halted.reading, redis: "absent" } as const;
  const lost = { redis: "absent", panicRecorded: false, clearedBy: "" } as const;

  test.each([
    ["agree: nothing to do", {}, "none"],
    ["halted, no file: it is put", { file: "absent" }, "put-file"],
    ["halted by hand, no panic: the file is put", { file: "absent", haltStands: false }, "put-file"],
    ["reset: accepted", { reading: reset }, "accept-reset"],
    ["deleted: accepted", { reading: absent }, "accept-reset"],
    ["unreadable: nothing is touched", { reading: { ...reset, redis: "unreadable" } }, "none"],
    ["reset, never confirmed: the file stays", { reading: absent, haltConfirmed: false }, "none"],
    [
      "never confirmed, and no file: it is put",
      { reading: absent, haltConfirmed: false, file: "absent" },
      "put-file",
    ],
    ["Redis lost the panic itself: halted again", { reading: lost }, "write-again"],
    ["reset in time of a run: the file stays", { reading: reset, running: "in time" }, "none"],
    ["reset without a name while late: the file stays", { reading: reset, running: "late" }, "none"],
    [
      "reset by name while late: taken over",
      { reading: { ...reset, clearedBy: "me" }, running: "late" },
      "abandon",
    ],
    ["not halted, a foreign file: it stays", { reading: absent, haltStands: false, file: "foreign" }, "none"],
    ["not halted, a file of ours is left: it goes", { reading: reset, haltStands: false }, "accept-reset"],
    ["not halted, no file: nothing to do", { reading: absent, haltStands: false, file: "absent" }, "none"],
  ] as const)("%s", (_, change, expected) => {
    expect(decideHaltSync({ ...halted, ...change })).toBe(expected);
  });
});

describe("of the orders that rest", () => {
  const algo = (symbol: string, clientAlgoId: string, closePosition: boolean) => ({
    ...{ symbol, clientAlgoId, closePosition },
  });

  test("every plain one goes by its symbol, conditional ones by id, and stops of whole positions are kept", () => {
    const plan = planCancels({
      orders: [{ symbol: "A" }, { symbol: "A" }, { symbol: "B" }],
      algoOrders: [algo("A", "stop", true), algo("C", "entry", false)],
    });
    expect(plan).toEqual({
      symbols: ["A", "B"],
      conditional: [{ symbol: "C", clientAlgoId: "entry" }],
      stops: [{ symbol: "A", clientAlgoId: "stop" }],
    });
  });
});
