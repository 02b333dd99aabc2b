/**
 * `bun run chaos:backlog`: the long run, on the binaries in dist/.
 */
import { parseArgs } from "node:util";
import { commandLine } from "../../scripts/command-line.ts";
import { wholeOption } from "../../scripts/whole-option.ts";
import { BINARIES } from "../support/pipeline.ts";
import { runBacklog } from "./backlog-chaos.ts";

const USAGE = `usage: bun run chaos:backlog [--decisions N] [--backlog N]

Execution is stopped while decisions flow: the router refuses what is too much, and nothing admitted is lost.

  --decisions N  default 50000
  --backlog N    intents that may wait; default 1000`;

const { decisions, backlogMax } = commandLine(USAGE, (args) => {
  const { values } = parseArgs({
    args,
    options: {
      decisions: { type: "string", default: "50000" },
      backlog: { type: "string", default: "1000" },
    },
  });
  return {
    decisions: wholeOption("decisions", values.decisions),
    backlogMax: wholeOption("backlog", values.backlog),
  };
});
const outcome = await runBacklog({
  decisions,
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
