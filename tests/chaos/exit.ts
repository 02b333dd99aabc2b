/**
 * `bun run chaos:exit`: kills and breaks the emergency chain in every way of the table and prints a timeline for each.
 * Ends with 1 when something that must hold does not.
 */
import { parseArgs } from "node:util";
import { commandLine } from "../../scripts/command-line.ts";
import { runScenarios } from "./exit/run-scenarios.ts";
import { scenarioName } from "./exit/scenario.ts";
import { SCENARIOS } from "./exit/scenarios.ts";

const USAGE = `usage: bun run chaos:exit [--only 1,5b] [--long]

  --only ROWS  these rows of the table alone
  --long       with the rows that take minutes
  rows: ${SCENARIOS.map(scenarioName).join(" ")}`;

const { only, long } = commandLine(
  USAGE,
  (args) =>
    parseArgs({ args, options: { only: { type: "string" }, long: { type: "boolean", default: false } } })
      .values,
);
process.exitCode = (await runScenarios(SCENARIOS, { only: only?.split(","), long })) ? 0 : 1;
