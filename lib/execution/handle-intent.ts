/**
 * One entry of an intent stream, from its reading to its one result.
 *
 * 1 Whatever happens here, the entry is acknowledged only by the call that settles it.
 * 2 An order that may be at the venue is resolved before anything else is decided, also one that Redis forgot.
 * 3 A fault of Redis ends the handling; what is resumed later goes on from the ledger, not from memory.
 * 4 Dead letters are only for entries: an exit, or an order that may be at the venue, is never put aside.
 * 5 What is wrong with one entry alone, a key of the wrong type above all, keeps no other from being handled.
 */
import { blockedOrderId, orderlessResult } from "../contract/execution-result.ts";
import { realId } from "../contract/intent-id.ts";
import { STATISTICS } from "../contract/statistics.ts";
import { decodeIntent, isExit, type TradeIntent } from "../contract/trade-intent.ts";
import { CallExpiredError } from "../kernel/function-call.ts";
import {
  countOrderFailure,
  type IntentSource,
  type LedgerOrder,
  OrderFencedError,
  type ReceiveReply,
  receiveOrder,
} from "../kernel/order-ledger.ts";
import { settleStray } from "../kernel/settle-order.ts";
import { RedisReplyError } from "../redis/redis-errors.ts";
import { type BegunEntry, beginEntry } from "./begin-entry.ts";
import { bookFills } from "./book-fills.ts";
import { denied, type Ending } from "./ending.ts";
import { executeEntry } from "./execute-entry.ts";
import { executeExit } from "./execute-exit.ts";
import { type ExecutionParts, type Job, JobPostponed } from "./execution-parts.ts";
import { bookRecalled, mayBeForgotten, recallOrder } from "./recall-order.ts";
import { type RecentTrades, readRecentTrades } from "./recent-trades.ts";
import { resumeOrder } from "./resume-order.ts";
import { settleIntent } from "./settle-intent.ts";

export interface IntentEntry {
  readonly id: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** `later`: it stays pending and is handed out again. */
export type Handled = "done" | "later";

interface ReadFrom {
  readonly stream: string;
  readonly group: string;
  readonly signal: AbortSignal;
}

/** Handles one entry. Throws only errors of the Redis connection. */
export async function handleIntent(
  parts: ExecutionParts,
  entry: IntentEntry,
  from: ReadFrom,
): Promise<Handled> {
  try {
    return await handle(parts, entry, from);
  } catch (error) {
    if (!(error instanceof RedisReplyError) || parts.isRedisOutage(error)) throw error;
    parts.observe.failed();
    parts.log.error(
      { err: error, stream: from.stream, entry: entry.id },
      "Redis refuses what an intent needs",
    );
    return "later";
  }
}

async function handle(parts: ExecutionParts, entry: IntentEntry, from: ReadFrom): Promise<Handled> {
  const source: IntentSource = { stream: from.stream, group: from.group, entryId: entry.id };
  const decoded = decodeIntent(entry.fields);
  if (decoded.kind === "undecodable") {
    await settleUnreadable(parts, source, entry, decoded.reason);
    return "done";
  }
  const { intent } = decoded;
  const kind = isExit(intent) ? "exit" : "entry";
  const job: Job = { intent, kind, source, signal: from.signal, wouldHold: new Set() };
  const { intent_id: intentId } = intent;
  // The ledger fences processes, not two entries of one intent in the same one: a Redis that forgot the first of them,
  // or an engine that publishes twice, makes such.
  if (parts.inHand.has(intentId)) return "later";
  parts.inHand.add(intentId);
  try {
    // The ledger has it like any other: a redelivery, or a second one of this id, must not end it again.
    const refusal = decoded.kind === "intent" ? undefined : denied("NOT_A_NUMBER", decoded.reason);
    await progress(parts, job, refusal);
    return "done";
  } catch (error) {
    return await afterFailure(parts, job, entry, error);
  } finally {
    parts.inHand.delete(intentId);
  }
}

async function progress(parts: ExecutionParts, job: Job, refusal: Ending | undefined): Promise<void> {
  const { intent, source } = job;
  const forgotten = refusal === undefined && mayBeForgotten(parts, job);
  const recalling = forgotten ? recallOrder(parts, job, 1) : undefined;
  // An exit is taken into the ledger while it is asked about.
  void recalling?.catch(() => undefined);
  // Waits only where it is asked: a turn for nothing would send the lane's next read before the entry begins.
  const begins =
    job.kind === "entry" && refusal === undefined && (recalling && (await recalling)) === undefined;
  const atOnce = begins ? beginEntry(parts, job) : undefined;
  const { received, trades } =
    atOnce === undefined ? receive(parts, job) : { received: atOnce, trades: undefined };
  const start: BegunEntry = await received;
  if (start.kind === "settled") return;
  if (start.kind === "duplicate") return settleDuplicate(parts, source, intent);
  if (start.kind === "begun") return settleIntent(parts, job, await start.finish());
  const order = start.kind === "resumed" ? start.order : undefined;
  const made = order?.attempt ?? 0;
  const resumed = order && (await resumeOrder(parts, job, order));
  const recalled = made === 0 ? await recalling : undefined;
  const known = resumed ?? refusal ?? (recalled && (await bookRecalled(parts, job, recalled)));
  // What the ledger has is not what it had: the attempt after its last may have been made.
  const next = !known && forgotten && made > 0 ? await recallOrder(parts, job, made + 1) : undefined;
  const again = next && (await bookFills(parts, job, next.order, { fresh: false, recalled: true }));
  await settleIntent(parts, job, known || again || (await execute(parts, job, { order, trades })));
}

/** Takes the intent into the ledger; an entry's trades are read in the same round trip. */
function receive(
  parts: ExecutionParts,
  { intent, kind, source }: Job,
): { readonly received: Promise<ReceiveReply>; readonly trades: Promise<RecentTrades> | undefined } {
  const { intent_id: intentId } = intent;
  const received = receiveOrder(parts.redis, parts.keys, { intentId, owner: parts.owner, source });
  const trades = kind === "entry" ? readRecentTrades(parts, intent.symbol) : undefined;
  // Whoever needs them awaits them, and has their failure: nobody else must.
  void trades?.catch(() => undefined);
  return { received, trades };
}

function execute(
  parts: ExecutionParts,
  job: Job,
  {
    order,
    trades,
  }: { readonly order: LedgerOrder | undefined; readonly trades: Promise<RecentTrades> | undefined },
): Promise<Ending> {
  if (job.kind === "exit") return executeExit(parts, job, order);
  const made = order?.attempt ?? 0;
  // Resolving a resumed order takes its time: what was read before it is old.
  return executeEntry(parts, job, { made, trades: order === undefined ? trades : undefined });
}

/** What becomes of an entry whose handling threw. Errors of the connection go on to the consumer. */
async function afterFailure(
  parts: ExecutionParts,
  job: Job,
  entry: IntentEntry,
  error: unknown,
): Promise<Handled> {
  const { intent_id: intentId, symbol } = job.intent;
  const why = error instanceof Error ? error.message : String(error);
  if (error instanceof OrderFencedError) {
    parts.log.warn({ intent_id: intentId, symbol, why }, "another process has this intent");
    return "done";
  }
  if (error instanceof JobPostponed || error instanceof CallExpiredError) return "later";
  if (parts.isRedisOutage(error)) throw error;
  parts.observe.failed();
  parts.log.error({ err: error, intent_id: intentId, symbol }, "handling an intent failed");
  const counted = await countOrderFailure(parts.redis, parts.keys, { intentId, owner: parts.owner, why });
  const givenUp = (counted?.failures ?? 0) >= parts.rules.failuresMax && counted?.state === "RECEIVED";
  if (job.kind === "exit" || !givenUp) return "later";
  await settleIntent(parts, job, denied("HANDLER_FAILED", why), {
    reason: why,
    raw: JSON.stringify(entry.fields),
  });
  return "done";
}

async function settleDuplicate(
  parts: ExecutionParts,
  source: IntentSource,
  intent: TradeIntent,
): Promise<void> {
  parts.log.info({ intent_id: intent.intent_id, symbol: intent.symbol }, "DUPLICATE_ORDER_SKIP");
  await settleStray(parts.redis, parts.streams, {
    source,
    result: orderlessResult(
      { ...intent, intent_id: realId(intent.intent_id) ?? "" },
      { status: "duplicate", orderId: "", reason: "DUPLICATE", nowMs: parts.redis.serverNowMs() },
    ),
    counted: STATISTICS.outcome("duplicate"),
    statsKey: `${parts.keys.statsPrefix}execution`,
    deadLetter: undefined,
  });
}

async function settleUnreadable(
  parts: ExecutionParts,
  source: IntentSource,
  entry: IntentEntry,
  reason: string,
): Promise<void> {
  parts.log.warn({ entry: entry.id, reason }, "DEAD_LETTER");
  await settleStray(parts.redis, parts.streams, {
    source,
    result: orderlessResult(undefined, {
      status: "denied",
      orderId: blockedOrderId("INVALID"),
      reason: `INVALID: ${reason}`,
      nowMs: parts.redis.serverNowMs(),
    }),
    counted: STATISTICS.deadLetters,
    statsKey: `${parts.keys.statsPrefix}execution`,
    deadLetter: { reason, raw: JSON.stringify(entry.fields) },
  });
}
