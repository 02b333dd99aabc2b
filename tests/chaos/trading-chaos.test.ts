import { expect, test } from "bun:test";
import { BINARIES } from "../support/pipeline.ts";
import { runTradingChaos } from "./trading-chaos.ts";

test("under 20 kills at random moments every intent has one order or one non-order, and one result", async () => {
  const seed = Math.floor(Math.random() * 1_000_000);
  const outcome = await runTradingChaos({
    kills: 20,
    decisions: 400,
    seed,
    binaries: BINARIES,
  });
  expect({ seed, problems: outcome.problems }).toEqual({ seed, problems: [] });
  expect({ seed, intents: outcome.intents }).toEqual({ seed, intents: outcome.distinct });
  expect(outcome.killedMeanwhile).toBeGreaterThan(10);
  expect(outcome.executedOrders).toBeGreaterThan(20);
}, 180_000);
