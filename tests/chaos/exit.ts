/**
 * Kills and breaks the emergency chain in every way of the table and prints a timeline for each:
 * `bun run chaos:exit [--only 1,5b] [--long]`. Ends with 1 when something that must hold does not.
 */
import { parseArgs } from "node:util";
import { runScenarios } from "./exit/run-scenarios.ts";
import { SCENARIOS } from "./exit/scenarios.ts";

const { values } = parseArgs({
  options: { only: { type: "string" }, long: { type: "boolean", default: false } },
});
process.exitCode = (await runScenarios(SCENARIOS, { only: values.only?.split(","), long: values.long }))
  ? 0
  : 1;
