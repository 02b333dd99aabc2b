import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import { EXIT_CODES } from "../../contract/exit-codes.ts";
import { columns } from "../columns.ts";
import { type Report, standaloneCommand } from "../command.ts";
import { GATE_ROWS, PROOF_PRICES } from "../prove/gate-rows.ts";
import { proveGates, type RowProof } from "../prove/prove-gates.ts";
import { PipelineError, startThrowAwayPipeline } from "../prove/throw-away-pipeline.ts";
import { UsageError } from "../usage-error.ts";

/** What execution's unit reads. */
const GATES_FILE = "/etc/quantum/core_gates.env";

/** The gates' proof table, through compiled binaries of its own. */
export const proveGatesCommand = standaloneCommand({
  path: "prove gates",
  summary: "send the proof table through a throw-away pipeline: each gate holds its own row",
  options: [["--gates <file>", `the gates' settings (${GATES_FILE} where it is there, else the defaults)`]],
  notes: `Starts a private redis-server, the paper exchange, router and execution in a temporary folder, from the binaries
beside this one, and removes all of it. Touches nothing of the running system; needs no configuration.
Exit codes of its own: 0 every row holds · 1 one does not · 75 redis-server or a binary is missing or does not start.`,
  input: z.object({ gates: z.string().min(1).optional() }),
  async run(around, { gates }) {
    const file = gates ?? (existsSync(GATES_FILE) ? GATES_FILE : undefined);
    const from = file ?? "the contract's defaults";
    around.print(`gates: ${from}; starting redis-server, paper exchange, router and execution`);
    try {
      await using pipeline = await startThrowAwayPipeline(around, {
        gates: file === undefined ? {} : readGates(file),
        prices: PROOF_PRICES,
      });
      const proofs = await proveGates(around, pipeline);
      return reportOf(from, proofs);
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      const why = error.message;
      return { json: { proved: false, why }, lines: [why], exitCode: EXIT_CODES.dependencyAbsent };
    }
  },
});

/** The file as systemd hands it over: a comment behind a value stays, for execution itself to read. */
function readGates(file: string): Readonly<Record<string, string>> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(`${file}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  const lines = text.split("\n").map((line) => /^\s*([A-Z][A-Z0-9_]*)=(.*)$/.exec(line));
  return Object.fromEntries(
    lines.map((found) => [found?.[1] ?? "", found?.[2] ?? ""]).filter(([name]) => name),
  );
}

function reportOf(gates: string, proofs: readonly RowProof[]): Report {
  const failed = proofs.filter((proof) => !proof.holds).length;
  const complete = proofs.length === GATE_ROWS.length;
  const table = proofs.map(({ holds, what, expected, got, orders }) => [
    ...[holds ? "holds" : "FAILED", what, expected, got, String(orders)],
  ]);
  const proved = failed === 0 && complete;
  return {
    json: { proved, gates, rows: proofs },
    lines: [
      ...columns([["", "the valid trade, but for", "must end", "ended", "orders"], ...table]),
      "",
      complete ? `${proofs.length - failed} of ${proofs.length} rows hold` : "interrupted",
    ],
    ...(proved ? {} : { exitCode: EXIT_CODES.crash }),
  };
}
