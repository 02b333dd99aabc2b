import { styleText } from "node:util";
import { z } from "zod";
import { EXIT_CODES } from "../../contract/exit-codes.ts";
import { columns } from "../columns.ts";
import { operatorCommand } from "../command.ts";
import { examine } from "../doctor/examine.ts";
import type { Finding } from "../doctor/finding.ts";

const COLOURS = { ok: "green", warning: "yellow", fault: "red" } as const;

/** Looks at everything that has to be right, and says what to do about what is not. */
export const doctorCommand = operatorCommand({
  path: "doctor",
  summary: "check configuration, permissions, Redis, clock, credentials, units and versions",
  options: [["--quiet", "leave out what is fine"]],
  notes: "Goes on where Redis is away. Exit code 1: at least one fault (a warning alone is 0).",
  input: z.object({ quiet: z.boolean().default(false) }),
  redis: "as it is",
  async run(context, { quiet }) {
    const all = await examine(context);
    const count = (verdict: Finding["verdict"]) => all.filter((one) => one.verdict === verdict).length;
    const [faults, warnings] = [count("fault"), count("warning")];
    const shown = all.filter((one) => !quiet || one.verdict !== "ok");
    const lines = columns(
      shown.map(({ verdict, check, what, hint }) => [
        verdict,
        check,
        what + (hint === "" ? "" : ` → ${hint}`),
      ]),
    ).map((line, at) => coloured(line, shown[at]?.verdict ?? "ok"));
    return {
      json: { faults, warnings, findings: shown },
      lines: [...lines, "", `${faults} faults, ${warnings} warnings, ${count("ok")} fine`],
      ...(faults === 0 ? {} : { exitCode: EXIT_CODES.crash }),
    };
  },
});

function coloured(line: string, verdict: Finding["verdict"]): string {
  return styleText(COLOURS[verdict], verdict) + line.slice(verdict.length);
}
