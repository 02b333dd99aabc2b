import { z } from "zod";
import {
  type ExecutionResult,
  RESULT_STATUSES,
  type ResultStatus,
} from "../../lib/contract/execution-result.ts";
import { clientOrderId, isProtectiveStopId } from "../../lib/exchange/client-order-id.ts";

/** An order as `GET /paper/state` lists it: every one that the venue ever accepted. */
export const acceptedOrderSchema = z.looseObject({
  symbol: z.string(),
  clientOrderId: z.string(),
  status: z.string(),
  executedQty: z.string(),
});
export type AcceptedOrder = z.infer<typeof acceptedOrderSchema>;

export interface PublishedIntent {
  readonly intentId: string;
  /** `follow_up`: an exit that execution published with the end of another intent. */
  readonly kind: "entry" | "exit" | "follow_up";
}

/** What went through the pipeline, read from both ends of it. */
export interface PipelineRecord {
  readonly intents: readonly PublishedIntent[];
  readonly results: readonly ExecutionResult[];
  readonly orders: readonly AcceptedOrder[];
}

export interface Reconciliation {
  readonly byStatus: ReadonlyMap<ResultStatus, number>;
  /** Orders at the venue that filled, wholly or in part. */
  readonly executedOrders: number;
  /** Orders that protective stops became; they are explained by their entry and have no result. */
  readonly triggeredStops: number;
  /** What does not add up, in plain words; empty is the proof. */
  readonly problems: readonly string[];
}

/** More attempts than any intent makes within its age. */
const ATTEMPTS_LOOKED_FOR = 40;

/**
 * Proves that every intent became exactly one order or one recorded non-order, and has exactly one result.
 * Attempts that the venue did not execute do not count as orders; every executed order must be explained.
 */
export function reconcile(record: PipelineRecord): Reconciliation {
  const problems: string[] = [];
  const intentOf = new Map<string, string>();
  for (const { intentId } of record.intents) {
    for (let attempt = 1; attempt <= ATTEMPTS_LOOKED_FOR; attempt += 1) {
      intentOf.set(clientOrderId(intentId, attempt), intentId);
    }
  }
  // Not by intents alone: a stop that the exit brain moved has an id of its level.
  const isStop = (order: AcceptedOrder) => isProtectiveStopId(order.clientOrderId);
  const executed = new Map<string, AcceptedOrder[]>();
  for (const order of record.orders) {
    if (isStop(order)) continue;
    const intentId = intentOf.get(order.clientOrderId);
    if (intentId === undefined) problems.push(`order ${order.clientOrderId} belongs to no intent`);
    else if (Number(order.executedQty) > 0)
      executed.set(intentId, [...(executed.get(intentId) ?? []), order]);
  }
  const results = Map.groupBy(record.results, (result) => result.intent_id);
  const published = Map.groupBy(record.intents, (intent) => intent.intentId);
  for (const [intentId, entries] of published) {
    // The exit brain publishes again, under the same id, what a hung Redis may or may not have taken.
    if (entries.length > 1 && entries.some(({ kind }) => kind === "entry"))
      problems.push(`intent ${intentId} was published ${entries.length} times`);
    problems.push(...problemsOf(intentId, results.get(intentId) ?? [], executed.get(intentId) ?? []));
  }
  for (const intentId of results.keys()) {
    if (!published.has(intentId))
      problems.push(`a result of ${intentId || "an unreadable entry"} without its intent`);
  }
  const count = (status: ResultStatus) => record.results.filter((result) => result.status === status).length;
  return {
    byStatus: new Map(RESULT_STATUSES.map((status) => [status, count(status)])),
    executedOrders: [...executed.values()].flat().length,
    triggeredStops: record.orders.filter(isStop).length,
    problems,
  };
}

function problemsOf(
  intentId: string,
  results: readonly ExecutionResult[],
  executed: readonly AcceptedOrder[],
): readonly string[] {
  const problems: string[] = [];
  const own = results.filter((result) => result.status !== "duplicate");
  if (own.length !== 1) problems.push(`intent ${intentId} has ${own.length} results`);
  if (executed.length > 1) problems.push(`intent ${intentId} was executed ${executed.length} times`);
  const [result, order] = [own[0], executed[0]];
  const filled = result?.status === "filled" || result?.status === "partial";
  if (result !== undefined && filled !== (order !== undefined)) {
    const venue = order === undefined ? "has no fill of it" : "executed it";
    problems.push(`intent ${intentId} ended ${result.status}, the venue ${venue}`);
  }
  if (filled && order !== undefined && order.clientOrderId !== result?.client_order_id) {
    problems.push(
      `intent ${intentId} names order ${result?.client_order_id}, the venue ${order.clientOrderId}`,
    );
  }
  if (filled && order !== undefined && Number(order.executedQty) !== Number(result?.quantity)) {
    problems.push(`intent ${intentId} booked ${result?.quantity}, the venue executed ${order.executedQty}`);
  }
  return problems;
}
