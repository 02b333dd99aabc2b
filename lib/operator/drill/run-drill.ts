import { accessSync, constants, existsSync } from "node:fs";
import { dirname } from "node:path";
import { EXIT_CODES } from "../../contract/exit-codes.ts";
import { haltFileStands } from "../../daemon/halt-file.ts";
import type { Exchange } from "../../exchange/exchange.ts";
import { clearHalt } from "../clear-halt.ts";
import type { Report } from "../command.ts";
import type { CommandContext } from "../command-context.ts";
import { readHalt } from "../read-safety.ts";
import { decideAndWait, outcomeText } from "../test-decision.ts";
import { UsageError } from "../usage-error.ts";
import { callDrillPanic } from "./call-drill-panic.ts";
import { type DrillEvidence, drillBuild, recordDrill, writeEvidence } from "./drill-evidence.ts";
import { modeObstacle, obstacles } from "./drill-obstacles.ts";
import { drillTrade } from "./drill-trade.ts";
import { judgeDrill } from "./judge-drill.ts";

export interface DrillOptions {
  readonly kind: "panic" | "brain";
  readonly symbol: string;
  readonly wait: number;
  readonly workerUrl: string;
  readonly keepHalt: boolean;
  readonly out: string | undefined;
}

/** How long the router and execution may take to decide on one decision, ms. */
const DECIDED_WITHIN_MS = 10_000;

/**
 * The monthly test of the emergency exit.
 *
 * 1. Never in LIVE, and nothing is done before everything that it needs was seen well and somebody agreed.
 * 2. The panic and the position that it closes go the ways they always go; nothing is short-circuited for the drill.
 * 3. What is said of the end was read anew from the venue, Redis and the router, not from the completion.
 * 4. Whatever it ends in is written down. Only one that passed clears the halt.
 */
export async function runDrill(context: CommandContext, options: DrillOptions): Promise<Report> {
  if (options.out !== undefined) checkPlaceOf(options.out);
  const forbidden = await modeObstacle(context);
  if (forbidden !== undefined) return refusal([forbidden], EXIT_CODES.configuration);
  context.print("looking at what the drill needs");
  const exchange = context.exchange();
  const connected = await exchange.connect();
  if (!connected.ok) return refusal([`the venue does not answer: ${connected.outcome.message}`]);
  const found = await obstacles(context);
  if (found.length > 0) return refusal(found);
  const open = await exchange.positions();
  if (!open.ok) return refusal([`positions are unreadable: ${open.outcome.message}`]);
  const trade = await drillTrade(exchange, options.symbol, exchange.serverNowMs());
  if (trade.kind === "none") return refusal([`${trade.why}; name another with --symbol`]);
  const held = open.value.map((one) => `${one.quantity} ${one.symbol}`);
  if (!(await context.confirm(questionOf(context, options, held.length > 0 ? held : [trade.words])))) {
    return { json: { drilled: false, why: "not confirmed" }, lines: [], exitCode: EXIT_CODES.usage };
  }
  if (held.length === 0) {
    context.print(`opening a position through the router: ${trade.words}`);
    const outcome = await decideAndWait(context, trade.decision, DECIDED_WITHIN_MS);
    if (outcome.result?.status !== "filled" && outcome.result?.status !== "partial") {
      return refusal([`no position could be opened: ${outcomeText(outcome)}`]);
    }
  }
  const positions = held.length > 0 ? held : [trade.words];
  const panic = await callDrillPanic(context, options);
  if (panic.kind === "none")
    return refusal([panic.why, `open, and guarded as before: ${positions.join(", ")}`]);
  const halt = await readHalt(context);
  const entry = await askForEntry(context, { exchange, symbol: options.symbol, halted: halt.halted });
  const after = await exchange.positions();
  const seen = {
    ...{ kind: options.kind, panic, interrupted: context.signal.aborted },
    openAfter: after.ok ? after.value.map((one) => one.symbol) : undefined,
    haltedBy: halt.halted ? halt.state?.event_id : undefined,
    haltFile: haltFileStands(context.haltFile),
    ...entry,
  };
  const faults = judgeDrill(seen);
  const { completion, timeline, marks } = panic;
  const evidence: DrillEvidence = {
    ...{ ts: context.redis.serverNowMs(), kind: options.kind, passed: faults.length === 0, faults },
    ...{
      event_id: panic.eventId,
      reason: panic.reason,
      mode: context.mode,
      who: context.who,
      build: drillBuild(),
    },
    ...{ account: connected.value.fingerprint, positions, timeline },
    positions_closed: completion?.positions_closed ?? 0,
    ...{ panic_after_ms: panic.panicAfterMs, halted_after_ms: marks.halted },
    ...{ first_close_after_ms: marks.firstClose, flat_after_ms: marks.flat },
    entry_verdict: entry.entryVerdict ?? "",
  };
  await recordDrill(context, evidence);
  if (options.out !== undefined) writeEvidence(options.out, evidence);
  return await ended(context, options, { evidence, flat: seen.openAfter?.length === 0 });
}

/** What the router says of an entry now. Never asked where nothing would deny it: it would open a position. */
async function askForEntry(
  context: CommandContext,
  by: { readonly exchange: Exchange; readonly symbol: string; readonly halted: boolean },
): Promise<{ readonly entryVerdict: string | undefined; readonly entryText: string }> {
  if (!by.halted || context.signal.aborted)
    return { entryVerdict: undefined, entryText: "not asked for one" };
  const trade = await drillTrade(by.exchange, by.symbol, by.exchange.serverNowMs());
  if (trade.kind === "none") return { entryVerdict: undefined, entryText: trade.why };
  context.print("asking for an entry, which has to be denied");
  const outcome = await decideAndWait(context, trade.decision, DECIDED_WITHIN_MS);
  return { entryVerdict: outcome.verdict, entryText: outcomeText(outcome) };
}

/** Before anything is done: evidence that cannot be written is found out too late. Throws UsageError. */
function checkPlaceOf(out: string): void {
  if (existsSync(out)) throw new UsageError(`--out: ${out} is there already; evidence is never overwritten`);
  try {
    accessSync(dirname(out), constants.W_OK);
  } catch (cause) {
    throw new UsageError(`--out: nothing can be written in ${dirname(out)}`, { cause });
  }
}

function questionOf(context: CommandContext, { kind }: DrillOptions, positions: readonly string[]): string {
  const how = kind === "panic" ? "call a panic" : "stop the exit brain";
  return `Drill on ${context.mode}: ${how}, close EVERY position (${positions.join(", ")}) at market and halt trading?`;
}

function refusal(
  why: readonly string[],
  exitCode: typeof EXIT_CODES.crash | typeof EXIT_CODES.configuration = EXIT_CODES.crash,
): Report {
  return {
    json: { drilled: false, why },
    lines: ["no drill:", ...why.map((one) => `  ${one}`)],
    exitCode,
  };
}

async function ended(
  context: CommandContext,
  options: DrillOptions,
  { evidence, flat }: { readonly evidence: DrillEvidence; readonly flat: boolean },
): Promise<Report> {
  if (!evidence.passed) {
    return {
      json: { drilled: true, halt: "stands", ...evidence },
      lines: [
        "the drill FAILED; it is in the audit stream, and the halt stands:",
        ...evidence.faults.map((fault) => `  ${fault}`),
      ],
      exitCode: flat ? EXIT_CODES.crash : EXIT_CODES.panicIncomplete,
    };
  }
  const { event_id, positions_closed: closed, flat_after_ms: flatMs, entry_verdict: verdict } = evidence;
  context.print(
    `passed: ${closed} closed, flat after ${flatMs} ms, entries denied (${verdict}); written down`,
  );
  const clear =
    !options.keepHalt && (await context.confirm("Clear the halt now, so that entries pass again?"));
  const done = clear
    ? await clearHalt(context, { why: `drill ${event_id} passed`, force: false })
    : undefined;
  const halt = done?.kind === "cleared" ? "cleared" : "stands";
  const why =
    done !== undefined && "why" in done
      ? `refused: ${done.why}`
      : "clear it with: quantumctl halt clear --why '…'";
  return {
    json: { drilled: true, halt, ...evidence },
    lines: [halt === "cleared" ? "the halt is cleared" : `the halt stands; ${why}`],
  };
}
