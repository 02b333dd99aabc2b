/**
 * `bun run chaos:trading`: the long run of the kill -9 chaos, on the binaries in dist/.
 */
import { parseArgs } from "node:util";
import { commandLine } from "../../scripts/command-line.ts";
import { wholeOption } from "../../scripts/whole-option.ts";
import { BINARIES } from "../support/pipeline.ts";
import { runTradingChaos } from "./trading-chaos.ts";

const USAGE = `usage: bun run chaos:trading [--kills N] [--decisions N] [--seed N]

Router, execution and Redis are killed while decisions flow; every intent must have one order and one result.

  --kills N      default 200
  --decisions N  default 2000
  --seed N       of the decisions and of the kills; default: by the clock, printed`;

const chaos = commandLine(USAGE, (args) => {
  const { values } = parseArgs({
    args,
    options: {
      kills: { type: "string", default: "200" },
      decisions: { type: "string", default: "2000" },
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
    },
  });
  return {
    kills: wholeOption("kills", values.kills),
    decisions: wholeOption("decisions", values.decisions),
    seed: wholeOption("seed", values.seed, { min: 0 }),
  };
});
const outcome = await runTradingChaos({
  ...chaos,
  binaries: BINARIES,
  say: (line) => process.stdout.write(`${line}\n`),
});
const { byStatus, problems, ...numbers } = outcome;
process.stdout.write(
  `${Bun.inspect({ seed: chaos.seed, ...numbers, byStatus: Object.fromEntries(byStatus) })}\n`,
);
for (const problem of problems) process.stdout.write(`BROKEN  ${problem}\n`);
process.exitCode = problems.length === 0 && outcome.intents === outcome.distinct ? 0 : 1;
