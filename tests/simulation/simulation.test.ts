import { describe, expect, test } from "bun:test";
import { MUTATIONS } from "./mutations.ts";
import { huntMutations } from "./runner/hunt-mutations.ts";
import { CI_SEEDS, readOptions, STEPS } from "./runner/options.ts";
import { findingText } from "./runner/report.ts";
import { runSeeds } from "./runner/run-seeds.ts";

/** Of an ordinary machine's seconds; a busy one takes longer, and is no reason to fail. */
const LONG_MS = 600_000;
const options = { from: 1, seeds: CI_SEEDS, steps: STEPS, workers: 2, mutation: undefined };

/** Found within a few seeds each: one of the ledger, one of the switches, one of the emergency chain. */
const QUICK = ["ack-before-settle", "kill-outside-admission", "flatten-not-reduce-only"];

describe("the simulation", () => {
  test(
    `finds nothing broken in ${CI_SEEDS} seeds`,
    async () => {
      const results = await runSeeds(options);
      const found = results.filter(({ finding }) => finding !== undefined);
      expect(found.map((result) => findingText({ ...options, trace: false }, result)).join("\n")).toBe("");
      expect(results).toHaveLength(CI_SEEDS);
      // A run in which nothing is traded, or nobody panics, proves nothing.
      expect(results.reduce((sum, { executedOrders }) => sum + executedOrders, 0)).toBeGreaterThan(CI_SEEDS);
      expect(results.reduce((sum, { panics }) => sum + panics, 0)).toBeGreaterThan(CI_SEEDS / 20);
      expect(results.reduce((sum, { exitsJudged }) => sum + exitsJudged, 0)).toBeGreaterThan(CI_SEEDS / 20);
    },
    LONG_MS,
  );

  test(
    "runs a seed twice to the same trace, byte for byte",
    async () => {
      const few = { ...options, seeds: 8 };
      const [first, second] = [await runSeeds(few), await runSeeds({ ...few, workers: 1 })];
      expect(second.map(({ hash, steps }) => ({ hash, steps }))).toEqual(
        first.map(({ hash, steps }) => ({ hash, steps })),
      );
    },
    LONG_MS,
  );

  test(
    "finds bugs that are planted",
    async () => {
      const mutations = QUICK.flatMap((name) => MUTATIONS.get(name) ?? []);
      const hunts = await huntMutations(mutations, options);
      expect(hunts.filter(({ found }) => !found).map(({ line }) => line)).toEqual([]);
      expect(hunts).toHaveLength(QUICK.length);
    },
    LONG_MS,
  );
});

describe("the command line", () => {
  test("takes one seed as a run of one", () => {
    const { from, seeds, workers } = readOptions(["--seed", "7"]);
    expect({ from, seeds, workers }).toEqual({ from: 7, seeds: 1, workers: 1 });
  });

  test.each([
    ["--seed", "0"],
    ["--seeds", "many"],
    ["--steps", "1.5"],
  ])("refuses %s %s", (name, value) => {
    expect(() => readOptions([name, value])).toThrow("must be a whole number");
  });
});
