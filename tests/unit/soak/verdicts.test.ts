import { describe, expect, test } from "bun:test";
import { judge, type Series, STATED_BYTES } from "../../../scripts/soak/verdicts.ts";
import { seededRandom } from "../../../scripts/stack/seeded-random.ts";

const MINUTES = 60;
const MIB = 1024 * 1024;

/** A series of one life with a point a minute. */
function series(subject: string, measure: string, valueAt: (minute: number) => number, bornAt = 0): Series {
  const points = Array.from({ length: MINUTES }, (_, minute) => ({
    minute,
    life: 1,
    value: valueAt(minute),
  }));
  return { subject, measure, points: points.filter(({ minute }) => minute >= bornAt) };
}

const verdictOf = (all: readonly Series[], subject: string) =>
  judge(all, MINUTES).find((one) => one.subject === subject)?.trend?.verdict;

test.each([
  ["heap MiB", 10, 0.04, "grows"],
  ["heap MiB", 10, 0.005, "flat"],
  ["RSS MiB", 80, 0.3, "grows"],
  ["RSS MiB", 80, 0.05, "flat"],
  ["descriptors", 20, 0.3, "grows"],
  ["connections: router-local", 2, 0.1, "grows"],
  ["keys without an end", 30, 0.5, "grows"],
  ["keys: single keys", 1500, 20, "grows"],
  ["keys: single keys", 1500, 0.5, "flat"],
  ["length of quantum:stream:trade.intent", 10_000, 20, "grows"],
  ["pending: quantum:stream:trade.intent a group", 0, 1, "grows"],
] as const)("%s from %p by %p a minute is %s", (measure, from, aMinute, verdict) => {
  const random = seededRandom(3);
  const one = series("execution", measure, (minute) => from + aMinute * minute + random() * from * 0.005);
  expect(verdictOf([one], "execution")).toBe(verdict);
});

test("what the paper exchange keeps by contract is subtracted, and no more than that", () => {
  const stated = (STATED_BYTES.get("paper-exchange")?.bytes ?? 0) / MIB;
  const kept = series("paper-exchange", "kept", (minute) => 400 * minute);
  const heapWith = (times: number) =>
    series("paper-exchange", "heap MiB", (minute) => 6 + times * stated * 400 * minute);
  expect(verdictOf([kept, heapWith(1)], "paper-exchange")).toBe("flat");
  expect(verdictOf([kept, heapWith(1.5)], "paper-exchange")).toBe("grows");
});

test("nobody else's growth is excused by what the paper exchange keeps", () => {
  const kept = series("paper-exchange", "kept", (minute) => 400 * minute);
  const heap = series("execution", "heap MiB", (minute) => 10 + minute / 5);
  expect(verdictOf([kept, heap], "execution")).toBe("grows");
});

test("the first ten minutes of a life are its warm-up", () => {
  const warming = (minute: number) => 60 + 5 * Math.min(minute - 32, 9);
  expect(verdictOf([series("exit-brain", "RSS MiB", warming, 32)], "exit-brain")).toBe("flat");
  const growing = (minute: number) => 60 + 5 * (minute - 32);
  expect(verdictOf([series("exit-brain", "RSS MiB", growing, 32)], "exit-brain")).toBe("grows");
  expect(verdictOf([series("exit-brain", "RSS MiB", growing, 52)], "exit-brain")).toBeUndefined();
});

test("a measure that nobody has thought about is refused", () => {
  expect(() => judge([series("redis", "new", () => 1)], MINUTES)).toThrow("no tolerance for new");
});

describe("keys that expire", () => {
  const intents = (minute: number) => 100 * minute + (minute > 50 ? 2000 : 0);
  const added = series("redis", "added to quantum:stream:trade.intent", intents);
  const inTheirDay = (minute: number) => intents(minute) - intents(minute - 5);
  const keysOf = (valueAt: (minute: number) => number) => series("redis", "keys: order ledger", valueAt);
  const judged = (keys: Series) => judge([added, keys], MINUTES);

  test("may be as many as the load has made in a day of theirs, and are judged for each of its intents", () => {
    const verdicts = judged(keysOf((minute) => 0.9 * inTheirDay(minute)));
    expect(verdicts.map(({ measure, trend }) => [measure, trend?.verdict])).toEqual([
      ["keys for each intent: order ledger", "flat"],
    ]);
    expect(verdicts[0]?.trend?.start).toBeCloseTo(0.9);
  });

  test("grow when some of them outlive their day, however the load goes", () => {
    const leaked = (minute: number) => 0.05 * intents(minute);
    const verdicts = judged(keysOf((minute) => 0.9 * inTheirDay(minute) + leaked(minute)));
    expect(verdicts[0]?.trend?.verdict).toBe("grows");
  });
});
