import { denied, type Ending } from "./ending.ts";
import type { ExecutionParts, Job } from "./execution-parts.ts";
import { askGates, judgeEntry, numbersText, type PlannedEntry, planEntry } from "./judge-entry.ts";
import { noteWouldHold } from "./note-would-hold.ts";
import { type RecentTrades, readRecentTrades } from "./recent-trades.ts";
import { sendOrder } from "./send-order.ts";

/**
 * An entry after `made` attempts: denied, held or expired by us, or sent and ended by the venue. `trades` is their
 * reading if it is under way already.
 */
export async function executeEntry(
  parts: ExecutionParts,
  job: Job,
  begun: { readonly made: number; readonly trades: Promise<RecentTrades> | undefined },
): Promise<Ending> {
  const prepared = await prepareEntry(parts, job, begun.trades);
  return prepared.kind === "ended" ? prepared.ending : sendOrder(parts, job, prepared.plan, begun);
}

async function prepareEntry(
  parts: ExecutionParts,
  job: Job,
  trades: Promise<RecentTrades> | undefined,
): Promise<PlannedEntry> {
  const { intent } = job;
  const ended = (ending: Ending): PlannedEntry => ({ kind: "ended", ending });
  const judged = judgeEntry(parts, intent);
  if (judged.kind === "ended") return judged;
  const recent = await (trades ?? readRecentTrades(parts, intent.symbol));
  const word = askGates(parts, intent, { ...judged.sound, ...recent });
  if (word.verdict === "held")
    return ended({ state: "HELD", reason: word.reason, detail: numbersText(word.detail) });
  for (const would of word.wouldHold) noteWouldHold(parts, job, would.reason, would.detail);
  const planned = planEntry(parts, intent, judged);
  if (planned.kind === "ended") return planned;
  const stopped = parts.entriesStopped();
  if (stopped !== undefined) return ended(denied(stopped));
  const failure = await parts.ensureLeverage(intent.symbol, intent.leverage);
  return failure === undefined ? planned : ended(denied("LEVERAGE_FAILED", failure));
}
