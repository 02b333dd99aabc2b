import { describe, expect, test } from "bun:test";
import {
  CLIENT_ORDER_ID,
  isProtectiveStopId,
  protectiveStopId,
} from "../../../lib/exchange/client-order-id.ts";
import { decideProtectiveStop, type ProtectiveStopInput } from "../../../lib/exits/decide-protective-stop.ts";
import { LONG_PLAN, SHORT_PLAN } from "./exit-fixtures.ts";

const rules = { tickSize: "0.1", priceMin: "0.1", priceMax: "100000" };
const ofEntry = { clientAlgoId: protectiveStopId(LONG_PLAN.intentId), triggerPrice: "95" };
const trailing = { ...LONG_PLAN, trailPercent: "2", extreme: "100" };

function decide(change: Partial<ProtectiveStopInput> = {}) {
  return decideProtectiveStop({
    plan: LONG_PLAN,
    entryInFlight: false,
    exiting: false,
    resting: [ofEntry],
    rules,
    mark: "100",
    stepPct: "0.5",
    ...change,
  });
}

/** The stop that is wanted, as if none rested. */
function wanted(change: Partial<ProtectiveStopInput>) {
  const decision = decide({ resting: [], ...change });
  if (decision.kind !== "place") throw new Error(decision.kind);
  return decision.stop;
}

test("the stop that execution placed with the entry is kept", () => {
  expect(decide()).toEqual({ kind: "keep", triggerPrice: "95" });
});

test("a stop that is missing is placed, under the id that execution gives it", () => {
  expect(decide({ resting: [] })).toEqual({ kind: "place", stop: ofEntry });
});

test("a stop that is missing while an exit is under way is not placed any more", () => {
  expect(decide({ resting: [], exiting: true })).toEqual({ kind: "none", why: "EXITING" });
});

test.each([
  ["a long's down to the tick would be later, so up", LONG_PLAN, "95.04", "95.1"],
  ["a short's up would be later, so down", SHORT_PLAN, "104.96", "104.9"],
] as const)(
  "the trigger lies on the tick and never beyond the stop: %s",
  (_what, plan, stopLoss, trigger) => {
    expect(wanted({ plan: { ...plan, stopLoss } }).triggerPrice).toBe(trigger);
  },
);

test.each([
  ["the symbol's rules are not known", { rules: undefined }],
  ["the price filter forbids it", { rules: { ...rules, priceMin: "96" } }],
])("there is no trigger when %s", (_what, change) => {
  expect(decide({ resting: [], ...change })).toEqual({ kind: "none", why: "NO_TRIGGER" });
});

describe("a trailing stop", () => {
  test("that is tighter than the plan's stop is the one that rests", () => {
    expect(wanted({ plan: trailing }).triggerPrice).toBe("98");
    expect(wanted({ plan: { ...trailing, stopLoss: "99" } }).triggerPrice).toBe("99");
  });

  test("is followed once it has moved by the step", () => {
    const resting = [wanted({ plan: trailing })];
    const moved = (extreme: string) => decide({ plan: { ...trailing, extreme }, resting });
    // 98.49 is rounded up to 98.5, 0.5 % of the mark above 98.
    expect(moved("100.4")).toMatchObject({ kind: "keep", triggerPrice: "98" });
    expect(moved("100.5")).toMatchObject({
      kind: "replace",
      stop: { triggerPrice: "98.5" },
      standing: resting,
    });
  });

  test("takes over from the entry's stop", () => {
    expect(decide({ plan: trailing })).toMatchObject({ kind: "replace", stop: { triggerPrice: "98" } });
  });

  test("never loosens, also when its best mark is lost", () => {
    const resting = [wanted({ plan: { ...trailing, extreme: "110" } })];
    expect(decide({ plan: trailing, resting })).toEqual({ kind: "keep", triggerPrice: "107.8" });
  });

  test("of another plan is replaced, although it is tighter", () => {
    const resting = [wanted({ plan: { ...trailing, openedAtMs: 1, extreme: "110" } })];
    expect(decide({ plan: trailing, resting })).toMatchObject({ kind: "replace" });
  });
});

describe("another plan", () => {
  test.each([["94.9"], ["95.1"]])("with its stop at %s replaces the stop, whatever the step", (stopLoss) => {
    expect(decide({ plan: { ...LONG_PLAN, stopLoss } })).toMatchObject({
      kind: "replace",
      stop: { triggerPrice: stopLoss },
      standing: [ofEntry],
    });
  });

  test("with the same stop keeps what rests", () => {
    expect(decide({ plan: { ...LONG_PLAN, intentId: "f".repeat(32) } })).toMatchObject({ kind: "keep" });
  });
});

describe("a default plan that is not recorded yet", () => {
  const byDefault = { ...LONG_PLAN, intentId: "f".repeat(32), stopLoss: "93", defaultStop: "93" };

  test("keeps a tighter stop of another plan, and replaces a looser one", () => {
    expect(decide({ plan: byDefault })).toEqual({ kind: "keep", triggerPrice: "95" });
    const loose = { ...ofEntry, triggerPrice: "92" };
    expect(decide({ plan: byDefault, resting: [loose] })).toMatchObject({
      kind: "replace",
      stop: { triggerPrice: "93" },
    });
  });

  test("of a short does the same the other way round, and takes no stop without a price for one", () => {
    const plan = { ...byDefault, side: "SHORT", stopLoss: "107", defaultStop: "107" } as const;
    const at = (triggerPrice: string) => decide({ plan, resting: [{ ...ofEntry, triggerPrice }] });
    expect(at("105")).toEqual({ kind: "keep", triggerPrice: "105" });
    for (const price of ["108", "0"]) expect(at(price)).toMatchObject({ stop: { triggerPrice: "107" } });
  });

  test("has one stop placed where there is none", () => {
    expect(decide({ plan: byDefault, resting: [] })).toMatchObject({
      kind: "place",
      stop: { triggerPrice: "93" },
    });
  });
});

describe("while an entry is being settled", () => {
  const looser = { ...LONG_PLAN, intentId: "f".repeat(32), stopLoss: "93" };

  test("its stop does not give way to the looser one of the plan before", () => {
    expect(decide({ plan: looser, entryInFlight: true })).toEqual({ kind: "keep", triggerPrice: "95" });
    expect(decide({ plan: looser })).toMatchObject({ kind: "replace", stop: { triggerPrice: "93" } });
  });

  test("a stop is tightened and placed all the same", () => {
    expect(decide({ plan: { ...looser, stopLoss: "96" }, entryInFlight: true })).toMatchObject({
      kind: "replace",
      stop: { triggerPrice: "96" },
    });
    expect(decide({ entryInFlight: true, resting: [] })).toMatchObject({ kind: "place" });
  });
});

test("of two stops of ours one is left", () => {
  const second = { clientAlgoId: protectiveStopId("other"), triggerPrice: "95" };
  expect(decide({ resting: [ofEntry, second] })).toEqual({
    kind: "replace",
    stop: ofEntry,
    standing: [ofEntry, second],
  });
});

test("a stop that somebody else placed is left alone", () => {
  const theirs = { clientAlgoId: "web_abc", triggerPrice: "50" };
  expect(isProtectiveStopId("web_abc")).toBe(false);
  expect(decide({ resting: [theirs] })).toEqual({ kind: "keep", triggerPrice: "50" });
});

test("every id is one the venue takes, and ours", () => {
  for (const { clientAlgoId } of [wanted({}), wanted({ plan: trailing })]) {
    expect(clientAlgoId).toMatch(CLIENT_ORDER_ID);
    expect(isProtectiveStopId(clientAlgoId)).toBe(true);
  }
});
