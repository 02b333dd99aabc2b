/**
 * `bun run chaos:backlog`: the long run, on the binaries in dist/. `--decisions N`, `--backlog N`.
 */
import { parseArgs } from "node:util";
import { wholeOption } from "../../scripts/whole-option.ts";
import { BINARIES } from "../support/pipeline.ts";
import { runBacklog } from "./backlog-chaos.ts";

const { values } = parseArgs({
  args: Bun.argv.slice(2),
  options: {
    decisions: { type: "string", default: "50000" },
    backlog: { type: "string", default: "1000" },
  },
});
const backlogMax = wholeOption("backlog", values.backlog);
const outcome = await runBacklog({
  decisions: wholeOption("decisions", values.decisions),
  backlogMax,
  binaries: BINARIES,
  say: (line) => process.stdout.write(`${line}\n`),
});
const { verdicts, byStatus, misjudged, problems, ...numbers } = outcome;
const told = { ...numbers, verdicts: Object.fromEntries(verdicts), byStatus: Object.fromEntries(byStatus) };
process.stdout.write(`${Bun.inspect(told)}\n`);
for (const problem of [...problems, ...misjudged]) process.stdout.write(`BROKEN  ${problem}\n`);
const bounded = outcome.admitted === backlogMax + 1 && outcome.trimmed === 0;
process.exitCode = bounded && problems.length + misjudged.length === 0 ? 0 : 1;
