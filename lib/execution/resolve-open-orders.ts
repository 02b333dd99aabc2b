/**
 * Orders in doubt whose stream entry is gone: trimmed by a stranger, or deleted. Nobody will ever be handed their intent
 * again, and an entry among them keeps its symbol reserved.
 *
 * 1. Nothing is sent for them but the stop, or the rest of an exit, of what the venue did execute.
 * 2. An order is taken only where its entry is not in the stream, this process has not got it in work, and its owner is
 *    of this instance or does not beat. Whoever is wrong about that is fenced, and no harm is done.
 * 3. What the ledger kept of the intent settles it. An order of before it kept any is settled by the order alone: without
 *    a plan, so that the exit brain gives its position the default one.
 */
import { GROUPS } from "../contract/groups.ts";
import { decodeIntent, type TradeIntent } from "../contract/trade-intent.ts";
import { type LedgerOrder, OrderFencedError, readLedgerOrder, receiveOrder } from "../kernel/order-ledger.ts";
import { isTerminal } from "../kernel/order-states.ts";
import { isRedisTrouble } from "../redis/redis-errors.ts";
import { rejected } from "./ending.ts";
import { type ExecutionParts, type Job, JobPostponed } from "./execution-parts.ts";
import { resumeOrder } from "./resume-order.ts";
import { settleIntent } from "./settle-intent.ts";

/** Between two looks at a Redis that did not go away (ms): a stranger's trim is rare, and no order waits for it. */
const LOOK_EVERY_MS = 30_000;
const TICK_MS = 1000;
/** Oldest first; more are looked at when these have ended. */
const LISTED_MAX = 200;

/** Looks at the start, whenever Redis returns, and every 30 s, until the signal aborts. Never rejects. */
export async function resolveOpenOrders(parts: ExecutionParts, signal: AbortSignal): Promise<void> {
  const underWay = new Set<Promise<void>>();
  let connectedMs: number | undefined;
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    const sinceMs = parts.redisSinceMs();
    const nowMs = parts.clock.monotonicMs();
    if (sinceMs !== connectedMs || nowMs - lookedAtMs >= LOOK_EVERY_MS) {
      const looked = await look(parts, underWay, signal);
      if (looked) [connectedMs, lookedAtMs] = [sinceMs, nowMs];
    }
    await parts.clock.sleep(TICK_MS, signal);
  }
  await Promise.all(underWay);
}

/** Starts on every order that nobody else ends; false when Redis did not answer to the end. */
async function look(
  parts: ExecutionParts,
  underWay: Set<Promise<void>>,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const reply = await parts.redis.command(["ZRANGE", parts.keys.openOrders, "0", String(LISTED_MAX - 1)]);
    for (const intentId of Array.isArray(reply) ? reply.map(String) : []) {
      const left = await leftOrder(parts, intentId, signal).catch((error: unknown) =>
        told(parts, intentId, error),
      );
      // Asked last, in one go with taking it: a handling that ended meanwhile has ended the order, too.
      if (left === undefined || parts.inHand.has(intentId)) continue;
      const ended = endOne(parts, left).finally(() => underWay.delete(ended));
      underWay.add(ended);
    }
    return true;
  } catch (error) {
    if (parts.isRedisOutage(error)) return false;
    told(parts, "", error);
    return true;
  }
}

/** What is wrong with one order keeps no other from its end; a Redis that is out of service does. */
function told(parts: ExecutionParts, intentId: string, error: unknown): undefined {
  if (parts.isRedisOutage(error)) throw error;
  parts.observe.failed();
  parts.log.error({ err: error, intent_id: intentId }, "an open order cannot be looked at");
}

interface LeftOrder {
  readonly job: Job;
  /** Whether the ledger had its intent. */
  readonly kept: boolean;
}

/** The order as a job, where nobody else will end it. */
async function leftOrder(
  parts: ExecutionParts,
  intentId: string,
  signal: AbortSignal,
): Promise<LeftOrder | undefined> {
  const { redis, keys } = parts;
  const order = await readLedgerOrder(redis, keys, intentId);
  if (order === undefined || isTerminal(order.state)) return undefined;
  const [stream = "", entryId = ""] = order.entry.split(" ");
  const found = await redis.command(["XRANGE", stream, entryId, entryId]);
  if (!Array.isArray(found) || found.length > 0 || (await ownerBeats(parts, order))) return undefined;
  const kind = order.kind === "exit" ? "exit" : "entry";
  const group = stream === keys.exitIntentStream ? GROUPS.executionExits : GROUPS.executionIntents;
  const kept = decodeIntent({ data: order.intent });
  const intent = kept.kind === "intent" ? kept.intent : byTheOrder(intentId, order);
  if (intent === undefined) return undefined;
  const source = { stream, group, entryId };
  return { job: { intent, kind, source, signal, wouldHold: new Set() }, kept: kept.kind === "intent" };
}

async function ownerBeats(parts: ExecutionParts, { owner }: LedgerOrder): Promise<boolean> {
  const [instance, bootId] = owner.split(":");
  // Of one instance one process lives, by the lock on its state folder: this one. The beat of the last may still be there.
  if (instance === parts.owner.split(":")[0]) return false;
  return (
    (await parts.redis.command(["HGET", `${parts.keys.rolePrefix}execution:${instance}`, "boot_id"])) ===
    bootId
  );
}

/** What an order says of its intent: neither its stop nor its target, nor what it was decided by. */
function byTheOrder(intentId: string, order: LedgerOrder): TradeIntent | undefined {
  const { symbol, side: action, quantity, signedAtMs: ts_ms } = order;
  const known = { intent_id: intentId, symbol, action, quantity, ts_ms, reduce_only: order.kind === "exit" };
  const decoded = decodeIntent({ data: JSON.stringify(known) });
  return decoded.kind === "intent" ? decoded.intent : undefined;
}

/** Takes it over and settles it. What goes wrong is said, and it is looked at again later. */
async function endOne(parts: ExecutionParts, { job, kept }: LeftOrder): Promise<void> {
  const { intent_id: intentId, symbol } = job.intent;
  parts.inHand.add(intentId);
  try {
    const { redis, keys, owner } = parts;
    const received = await receiveOrder(redis, keys, { intentId, owner, source: job.source });
    if (received.kind !== "resumed") return;
    parts.log.warn(
      { intent_id: intentId, symbol, kept },
      `INTENT_GONE | ${symbol} is settled by the venue's word`,
    );
    const ending = await resumeOrder(parts, job, received.order);
    await settleIntent(parts, job, ending ?? rejected("INTENT_GONE"));
  } catch (error) {
    if (error instanceof OrderFencedError || error instanceof JobPostponed || isRedisTrouble(error)) return;
    parts.observe.failed();
    parts.log.error(
      { err: error, intent_id: intentId, symbol },
      "settling an order without its intent failed",
    );
  } finally {
    parts.inHand.delete(intentId);
  }
}
