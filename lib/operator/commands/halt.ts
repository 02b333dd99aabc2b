import { rmSync } from "node:fs";
import { z } from "zod";
import { EXIT_CODES } from "../../contract/exit-codes.ts";
import { haltFileStands } from "../../daemon/halt-file.ts";
import { transaction } from "../../redis/transaction.ts";
import { operatorCommand, type Report } from "../command.ts";
import type { Desk } from "../desk.ts";
import { readHalt } from "../read-safety.ts";

/** Whether trading is halted, by whom and why. */
export const haltStatusCommand = operatorCommand({
  path: "halt status",
  summary: "whether a panic has halted trading, and why",
  input: z.object({}),
  async run(desk) {
    const { halted, readable, state } = await readHalt(desk);
    const file = haltFileStands(desk.haltFile);
    const json = { halted: halted || file, redis: { halted, readable, ...state }, halt_file: file };
    if (!halted && !file) return { json, lines: ["not halted"] };
    const since = state === undefined ? "" : ` since ${new Date(Number(state.ts)).toISOString()}`;
    return {
      json,
      lines: [
        `halted${since}: ${readable ? (state?.reason ?? "no reason given") : `${desk.keys.tradingState} is unreadable`}`,
        ...(state === undefined ? [] : [`by ${state.source}, panic ${state.event_id}`]),
        ...(file ? [`the halt file ${desk.haltFile} stands`] : []),
        "clear it with: quantumctl halt clear --why '…'",
      ],
    };
  },
});

/**
 * Clears the halt, also without the emergency exit worker. Refused while positions are open or unreadable,
 * unless forced: what the panic left open would stand beside new entries.
 */
export const haltClearCommand = operatorCommand({
  path: "halt clear",
  summary: "let entries pass again after a panic",
  options: [
    ["--why <text>", "what was found and mended; goes to the audit stream"],
    ["--force", "also while positions are open or unreadable"],
  ],
  input: z.object({
    why: z.string("say why: --why 'what was found and mended'").min(3).max(512),
    force: z.boolean().default(false),
  }),
  question: ({ force }) =>
    force ? "Clear the halt although positions may be open?" : "Clear the halt, so that entries pass again?",
  async run(desk, { why, force }) {
    const before = await readHalt(desk);
    if (!before.halted && !haltFileStands(desk.haltFile)) {
      return { json: { cleared: false, halted: false }, lines: ["nothing to clear: not halted"] };
    }
    const obstacle = force ? undefined : await openPositions(desk);
    if (obstacle !== undefined) return refusal(obstacle);
    if (!before.readable) {
      const hint = `${desk.keys.tradingState} is no hash: look at it, then DEL it with redis-cli`;
      return refusal(hint);
    }
    await clear(desk, why);
    return {
      json: { cleared: true, halted: false },
      lines: ["cleared: entries pass again if trading is armed"],
    };
  },
});

function refusal(why: string): Report {
  return {
    json: { cleared: false, halted: true, why },
    lines: [`refused: ${why}`],
    exitCode: EXIT_CODES.crash,
  };
}

/** Why the halt should stay, or undefined when the venue says that nothing is open. */
async function openPositions(desk: Desk): Promise<string | undefined> {
  const exchange = desk.exchange();
  const connected = await exchange.connect();
  const positions = connected.ok ? await exchange.positions() : connected;
  if (!positions.ok) return `positions are unreadable (${positions.outcome.message}); --force clears anyway`;
  if (positions.value.length === 0) return undefined;
  const symbols = positions.value.map((position) => position.symbol).join(", ");
  return `positions are open (${symbols}); close them first, or --force`;
}

/** The hash and its audit entry as one; the file last, so that a failure leaves the halt standing. */
async function clear(desk: Desk, why: string): Promise<void> {
  const now = String(desk.redis.serverNowMs());
  await transaction(desk.redis, [
    ["HSET", desk.keys.tradingState, "halted", "false", "cleared_by", desk.who, "cleared_at", now],
    [
      ...["XADD", desk.keys.auditStream, "*", "ts", now, "role", "quantumctl", "instance", desk.instance],
      ...["who", desk.who, "what", `halt cleared: ${why}`, "before", "halted", "after", "cleared"],
    ],
  ]);
  rmSync(desk.haltFile, { force: true });
}
