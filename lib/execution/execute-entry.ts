import { denied, type Ending } from "./ending.ts";
import type { ExecutionParts, Job } from "./execution-parts.ts";
import { askGates, judgeEntry, numbersText, planEntry, type SoundEntry } from "./judge-entry.ts";
import { noteWouldHold } from "./note-would-hold.ts";
import { type RecentTrades, readRecentTrades } from "./recent-trades.ts";
import { type Planned, sendOrder } from "./send-order.ts";

const ended = (ending: Ending): Planned => ({ kind: "ended", ending });

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
  if (prepared.kind === "ended") return prepared.ending;
  return sendOrder(parts, job, { plan: prepared.plan, planAgain: () => planEntryAgain(parts, job) }, begun);
}

/** An entry that waited to be sent again: what it was judged and planned by is not true any more. */
export async function planEntryAgain(parts: ExecutionParts, job: Job): Promise<Planned> {
  const judged = judgeEntry(parts, job.intent);
  return judged.kind === "ended" ? judged : makeReady(parts, job, judged);
}

async function prepareEntry(
  parts: ExecutionParts,
  job: Job,
  trades: Promise<RecentTrades> | undefined,
): Promise<Planned> {
  const { intent } = job;
  const judged = judgeEntry(parts, intent);
  if (judged.kind === "ended") return judged;
  const recent = await (trades ?? readRecentTrades(parts, intent.symbol));
  const word = askGates(parts, intent, { ...judged.sound, ...recent });
  if (word.verdict === "held")
    return ended({ state: "HELD", reason: word.reason, detail: numbersText(word.detail) });
  for (const would of word.wouldHold) noteWouldHold(parts, job, would.reason, would.detail);
  return makeReady(parts, job, judged);
}

/** The order, if nothing stops it and the venue has its leverage. */
async function makeReady(parts: ExecutionParts, { intent }: Job, judged: SoundEntry): Promise<Planned> {
  const planned = planEntry(parts, intent, judged);
  if (planned.kind === "ended") return planned;
  const stopped = parts.entriesStopped();
  if (stopped !== undefined) return ended(denied(stopped));
  const failure = await parts.ensureLeverage(intent);
  return failure === undefined ? planned : ended(denied("LEVERAGE_FAILED", failure));
}
