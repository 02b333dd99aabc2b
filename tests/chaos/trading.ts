/**
 * `bun run chaos:trading`: the long run of the kill -9 chaos, on the binaries in dist/.
 * `--kills N`, `--decisions N`, `--seed N`.
 */
import { parseArgs } from "node:util";
import { wholeOption } from "../../scripts/whole-option.ts";
import { BINARIES } from "../support/pipeline.ts";
import { runTradingChaos } from "./trading-chaos.ts";

const { values } = parseArgs({
  args: Bun.argv.slice(2),
  options: {
    kills: { type: "string", default: "200" },
    decisions: { type: "string", default: "2000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
  },
});
const outcome = await runTradingChaos({
  kills: wholeOption("kills", values.kills),
  decisions: wholeOption("decisions", values.decisions),
  seed: wholeOption("seed", values.seed, { min: 0 }),
  binaries: BINARIES,
  say: (line) => process.stdout.write(`${line}\n`),
});
const { byStatus, problems, ...numbers } = outcome;
process.stdout.write(
  `${Bun.inspect({ seed: values.seed, ...numbers, byStatus: Object.fromEntries(byStatus) })}\n`,
);
for (const problem of problems) process.stdout.write(`BROKEN  ${problem}\n`);
process.exitCode = problems.length === 0 && outcome.intents === outcome.distinct ? 0 : 1;
