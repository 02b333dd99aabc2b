import { z } from "zod";
import { EXIT_CODES } from "../../contract/exit-codes.ts";
import { haltFileStands } from "../../daemon/halt-file.ts";
import { clearHalt } from "../clear-halt.ts";
import { operatorCommand, type Report } from "../command.ts";
import { readHalt } from "../read-safety.ts";

/** Whether trading is halted, by whom and why. */
export const haltStatusCommand = operatorCommand({
  path: "halt status",
  summary: "whether a panic has halted trading, and why",
  notes: "Without Redis it says what the halt file says.",
  input: z.object({}),
  redis: "as it is",
  async run(context) {
    const file = haltFileStands(context.haltFile);
    if (context.redis.state.kind !== "ready") return withoutRedis(context.haltFile, file);
    const { halted, readable, state } = await readHalt(context);
    const json = { halted: halted || file, redis: { halted, readable, ...state }, halt_file: file };
    if (!halted && !file) return { json, lines: ["not halted"] };
    const stands = halted ? state : undefined;
    const since = Number(stands?.ts) > 0 ? ` since ${new Date(Number(stands?.ts)).toISOString()}` : "";
    const why = readable
      ? (stands?.reason ?? "no reason in Redis")
      : `${context.keys.tradingState} is unreadable`;
    return {
      json,
      lines: [
        `halted${since}: ${why}`,
        ...(stands === undefined ? [] : [`by ${stands.source}, panic ${stands.event_id || "(none)"}`]),
        ...(file ? [`the halt file ${context.haltFile} stands`] : []),
        "clear it with: quantumctl halt clear --why '…'",
      ],
    };
  },
});

/** Halted by the file, or not known: Redis may have a halt that this machine's file does not stand for. */
function withoutRedis(path: string, file: boolean): Report {
  return {
    json: { halted: file ? true : null, redis: null, halt_file: file },
    lines: [
      file ? `halted: the halt file ${path} stands` : "no halt file",
      "Redis is not there: what it says of the halt is not known; no entry passes while it is away",
    ],
    exitCode: EXIT_CODES.dependencyAbsent,
  };
}

/** Clears the halt, also without the emergency exit worker. */
export const haltClearCommand = operatorCommand({
  path: "halt clear",
  summary: "let entries pass again after a panic",
  options: [
    ["--why <text>", "what was found and mended; goes to the audit stream"],
    ["--force", "also while positions are open or unreadable, or a panic is not answered"],
  ],
  notes: "Run it where the halt file is. Exit code 1: refused, the halt stands.",
  input: z.object({
    why: z.string("say why: --why 'what was found and mended'").min(3).max(200),
    force: z.boolean().default(false),
  }),
  question: ({ force }) =>
    force ? "Clear the halt although positions may be open?" : "Clear the halt, so that entries pass again?",
  async run(context, by) {
    const done = await clearHalt(context, by);
    switch (done.kind) {
      case "not_halted":
        return { json: { cleared: false, halted: false }, lines: ["nothing to clear: not halted"] };
      case "refused":
        return {
          json: { cleared: false, halted: true, why: done.why },
          lines: [`refused: ${done.why}`],
          exitCode: EXIT_CODES.crash,
        };
      case "file_stands":
        return {
          json: { cleared: false, halted: true, why: done.why },
          lines: [
            `cleared in Redis, but the halt file stands: ${done.why}`,
            "the emergency exit worker takes it away within seconds; else repeat with sudo",
          ],
          exitCode: EXIT_CODES.crash,
        };
      case "cleared":
        return {
          json: { cleared: true, halted: false },
          lines: ["cleared: entries pass again if trading is armed"],
        };
    }
  },
});
