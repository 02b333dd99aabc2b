import { expect, test } from "bun:test";
import { scenarioName } from "./exit/scenario.ts";
import { SCENARIOS } from "./exit/scenarios.ts";

/** Of the table of faults. */
const ROWS = 19;

/** The quick rows of the table of faults; `bun run chaos:exit` runs them all. */
const quick = SCENARIOS.filter((one) => one.quick).map((one) => [scenarioName(one), one.title, one] as const);

test.each(quick)("row %s holds: %s", async (_row, _title, scenario) => {
  const timeline = await scenario.run();
  expect(timeline.length).toBeGreaterThan(1);
});

test("every row of the table has a scenario, and none is there twice", () => {
  const names = SCENARIOS.map(scenarioName);
  expect(new Set(names).size).toBe(names.length);
  const rows = new Set(SCENARIOS.map((one) => one.row));
  expect([...rows].sort((a, b) => a - b)).toEqual(Array.from({ length: ROWS }, (_, at) => at + 1));
});
