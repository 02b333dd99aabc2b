/**
 * The short way of an entry: taken into the ledger and submitted by one call, where everything that this process can
 * say of it by itself lets it pass.
 *
 * 1 The call judges kill, halt, safe mode, age, cooldown and trade rate at that moment, as every submission.
 * 2 Nothing is sent to the venue and nothing is ended before the entry is in the ledger.
 * 3 Whatever would not pass, or would have to wait, goes the long way: the reasons and their precedence are those of
 *   executeEntry alone.
 */
import { beginOrder, type ReceiveReply, receiveOrder, type SubmitReply } from "../kernel/order-ledger.ts";
import { RedisReplyError } from "../redis/redis-errors.ts";
import type { Ending } from "./ending.ts";
import { planEntryAgain } from "./execute-entry.ts";
import type { ExecutionParts, Job } from "./execution-parts.ts";
import { askGates, judgeEntry, planEntry, type SoundEntry } from "./judge-entry.ts";
import { noteWouldHold } from "./note-would-hold.ts";
import { type RecentTrades, readRecentTrades } from "./recent-trades.ts";
import { budgetAllows, type OrderPlan, sendOrder, submissionOf } from "./send-order.ts";

export type BegunEntry =
  /** Nothing is submitted: where the long way goes on from. */
  | ReceiveReply
  /** New, and submitted; `finish` sends it, and says how it ended. */
  | { readonly kind: "begun"; finish(): Promise<Ending> };

interface AtOnce {
  readonly judged: SoundEntry;
  readonly plan: OrderPlan;
}

/** As if nothing had been traded: the two gates that look at it are asked by the call. */
const NO_TRADES = { lastTradeMs: null, tradesLast10Min: 0 } as const;

/** Undefined: this entry goes the long way from the start. Rejects as `receiveOrder` does. */
export function beginEntry(parts: ExecutionParts, job: Job): Promise<BegunEntry> | undefined {
  const atOnce = planAtOnce(parts, job);
  return atOnce && begin(parts, job, atOnce);
}

function planAtOnce(parts: ExecutionParts, job: Job): AtOnce | undefined {
  const { intent } = job;
  try {
    const judged = judgeEntry(parts, intent);
    if (judged.kind === "ended") return undefined;
    const trades = { nowMs: parts.redis.serverNowMs(), ...NO_TRADES };
    if (askGates(parts, intent, { ...judged.sound, ...trades }).verdict === "held") return undefined;
    const planned = planEntry(parts, intent, judged);
    if (planned.kind === "ended" || parts.entriesStopped() !== undefined) return undefined;
    const ready = parts.leverageStands(intent) && budgetAllows(parts, job);
    return ready ? { judged, plan: planned.plan } : undefined;
  } catch {
    // A mistake of ours shows again on the long way, where the ledger counts it.
    return undefined;
  }
}

async function begin(parts: ExecutionParts, job: Job, { judged, plan }: AtOnce): Promise<BegunEntry> {
  const { intent, source } = job;
  const submission = submissionOf(parts, job, plan, 1);
  const { signedAtMs } = submission;
  // Audit names what it lets pass, by the numbers before this entry is one of them: read ahead of the call.
  const recent = parts.rules.gates === "audit" ? readRecentTrades(parts, intent.symbol) : undefined;
  const trades = recent?.catch(() => undefined);
  let reply: SubmitReply | ReceiveReply;
  try {
    reply = await beginOrder(parts.redis, parts.keys, { ...submission, kind: "entry", source });
  } catch (error) {
    // Refused before it ran. What is known of the intent, above all an order in doubt, is seen to all the same.
    if (!(error instanceof RedisReplyError && error.code === "OOM")) throw error;
    return receiveOrder(parts.redis, parts.keys, { intentId: intent.intent_id, owner: parts.owner, source });
  }
  // The long way says why: a gate that holds comes before what denies, and has its numbers.
  if (reply.kind === "held" || reply.kind === "denied" || reply.kind === "expired") return { kind: "new" };
  if (reply.kind !== "submitting") return reply;
  const submitted = { signedAtMs, reply };
  const finish = async () => {
    // The request first: what audit has to say is said while it is on its way.
    const planAgain = () => planEntryAgain(parts, job);
    const sending = sendOrder(parts, job, { plan, planAgain }, { made: 0, submitted });
    const [ending] = await Promise.all([sending, noteAudit(parts, job, judged, trades)]);
    return ending;
  };
  return { kind: "begun", finish };
}

async function noteAudit(
  parts: ExecutionParts,
  job: Job,
  { sound }: SoundEntry,
  trades: Promise<RecentTrades | undefined> | undefined,
): Promise<void> {
  if (trades === undefined) return;
  const recent = (await trades) ?? { nowMs: parts.redis.serverNowMs(), ...NO_TRADES };
  const word = askGates(parts, job.intent, { ...sound, ...recent });
  if (word.verdict === "held") return;
  for (const would of word.wouldHold) noteWouldHold(parts, job, would.reason, would.detail);
}
