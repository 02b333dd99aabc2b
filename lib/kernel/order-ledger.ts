import type { Keys } from "../contract/keys.ts";
import type { DenyReason, HoldReason } from "../contract/reasons.ts";
import { callFunction, type FunctionCaller, UnexpectedReplyError } from "./function-call.ts";
import { isOrderState, type OrderState } from "./order-states.ts";

/** Who moves an order: instance and random boot id. After a restart the same instance is another owner. */
export type Owner = string;

/** An order as the ledger has it. */
export interface LedgerOrder {
  readonly state: OrderState;
  readonly owner: Owner;
  /** 0 before the first submission. */
  readonly attempt: number;
  /** Failures of the handler so far. */
  readonly failures: number;
  readonly clientOrderId: string;
  /** The timestamp that was sent with the latest attempt (venue's clock, epoch ms); 0 before the first. */
  readonly signedAtMs: number;
  readonly recvWindowMs: number;
  readonly side: string;
  readonly quantity: string;
  /** What the venue said when it refused the latest attempt for good, though it may have it; "" when it did not. */
  readonly refusal: string;
  /** "" before the first submission. */
  readonly symbol: string;
  /** "" before the first submission. */
  readonly kind: string;
  /** Stream and id of the entry that the intent was received from, a blank between. */
  readonly entry: string;
  /** The intent's JSON from the first submission until it is settled; else "". */
  readonly intent: string;
}

/** Where an intent was read from, so that it can be acknowledged with its settlement. */
export interface IntentSource {
  readonly stream: string;
  readonly group: string;
  readonly entryId: string;
}

export type ReceiveReply =
  | { readonly kind: "new" }
  | { readonly kind: "resumed"; readonly order: LedgerOrder }
  /** It had ended before; the redelivery is acknowledged now. */
  | { readonly kind: "settled" }
  /** Another entry with the same intent id. */
  | { readonly kind: "duplicate" };

/** A call that another owner, or an illegal move, prevented: the caller must drop the intent. */
export class OrderFencedError extends Error {
  readonly code = "ORDER_FENCED";
  readonly hint = "another process took this intent over, or it has ended; nothing is to be done here";
  constructor(intentId: string, reply: readonly string[]) {
    super(`order ${intentId} may not be moved: ${reply.join(" ")}`);
    this.name = "OrderFencedError";
  }
}

const NOT_OURS = new Set(["FENCED", "ILLEGAL", "ABSENT"]);

/** Throws OrderFencedError for a reply that says the order is not the caller's to move. */
export function assertOurs(intentId: string, reply: readonly string[]): void {
  if (NOT_OURS.has(reply[0] ?? "")) throw new OrderFencedError(intentId, reply);
}

function readOrder(flat: readonly string[]): LedgerOrder {
  const fields = new Map<string, string>();
  for (let at = 0; at + 1 < flat.length; at += 2) fields.set(flat[at] ?? "", flat[at + 1] ?? "");
  const text = (name: string) => fields.get(name) ?? "";
  const state = text("state");
  if (!isOrderState(state)) throw new UnexpectedReplyError("ledger", flat);
  return {
    state,
    owner: text("owner"),
    attempt: Number(fields.get("attempt") ?? 0),
    failures: Number(fields.get("failures") ?? 0),
    clientOrderId: text("client_order_id"),
    signedAtMs: Number(fields.get("signed_at") ?? 0),
    recvWindowMs: Number(fields.get("recv_window") ?? 0),
    side: text("side"),
    quantity: text("quantity"),
    refusal: text("refusal"),
    symbol: text("symbol"),
    kind: text("kind"),
    entry: text("entry"),
    intent: text("intent"),
  };
}

/** Reads an order without touching it; undefined when the ledger does not have it. */
export async function readLedgerOrder(
  redis: Pick<FunctionCaller, "command">,
  keys: Keys,
  intentId: string,
): Promise<LedgerOrder | undefined> {
  const reply = await redis.command(["HGETALL", `${keys.orderLedgerPrefix}${intentId}`]);
  return Array.isArray(reply) && reply.length > 0 ? readOrder(reply.map(String)) : undefined;
}

/** receive_v1: takes an intent into the ledger, or finds how far it is. */
export async function receiveOrder(
  caller: FunctionCaller,
  keys: Keys,
  order: { readonly intentId: string; readonly owner: Owner; readonly source: IntentSource },
): Promise<ReceiveReply> {
  const reply = await callFunction(caller, "receive_v1", {
    keys: [
      `${keys.orderLedgerPrefix}${order.intentId}`,
      keys.openOrders,
      order.source.stream,
      `${keys.statsPrefix}execution`,
    ],
    args: [order.intentId, order.owner, order.source.group, order.source.entryId],
  });
  const received = readReceived(reply);
  if (received === undefined) throw new UnexpectedReplyError("receive_v1", reply);
  return received;
}

function readReceived(reply: readonly string[]): ReceiveReply | undefined {
  if (reply[0] === "NEW") return { kind: "new" };
  if (reply[0] === "SETTLED") return { kind: "settled" };
  if (reply[0] === "DUPLICATE") return { kind: "duplicate" };
  if (reply[0] === "RESUMED") return { kind: "resumed", order: readOrder(reply.slice(1)) };
  return undefined;
}

/** What a submission writes into the ledger and is judged by. */
export interface Submission {
  readonly intentId: string;
  readonly owner: Owner;
  readonly kind: "entry" | "exit";
  /** One more than the ledger's, or the same to sign a request anew that was refused for its timestamp. */
  readonly attempt: number;
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly signedAtMs: number;
  readonly recvWindowMs: number;
  readonly side: string;
  readonly quantity: string;
  /** The decision's own time (epoch ms). */
  readonly decidedAtMs: number;
  readonly ageMaxMs: number;
  readonly holdMinMs: number;
  readonly tradesMax: number;
  readonly gates: "enforce" | "audit";
  /** The intent's JSON; absent: should its stream lose it, it cannot be settled by it. */
  readonly document?: string;
}

export type SubmitReply =
  /** The request may be sent now; `wouldHold` is what audit mode let pass. */
  | { readonly kind: "submitting"; readonly wouldHold: HoldReason | undefined }
  | { readonly kind: "denied"; readonly reason: DenyReason }
  | { readonly kind: "held"; readonly reason: HoldReason }
  | { readonly kind: "expired" };

function slotReason(text: string | undefined): HoldReason | undefined {
  return text === "COOLDOWN" || text === "RATE_LIMIT" ? text : undefined;
}

function stopReason(text: string | undefined): DenyReason | undefined {
  return text === "KILL_SWITCH" || text === "TRADING_HALTED" || text === "SAFE_MODE_ENABLED"
    ? text
    : undefined;
}

/**
 * submit_v1: moves an order into SUBMITTING if an entry is allowed at this very moment, and reserves its
 * gate slot. Only after `submitting` may the request be sent, with exactly `signedAtMs`. Throws
 * OrderFencedError when the order is another owner's. A server that is out of memory refuses an entry's
 * submission, never an exit's.
 */
export async function submitOrder(
  caller: FunctionCaller,
  keys: Keys,
  order: Submission,
): Promise<SubmitReply> {
  const name = order.kind === "exit" ? "submit_exit_v1" : "submit_v1";
  const call = submissionCall(keys, order);
  const reply = await callFunction(caller, name, { ...call, args: [...call.args, ...documentOf(order)] });
  assertOurs(order.intentId, reply);
  const submitted = readSubmitted(reply);
  if (submitted === undefined) throw new UnexpectedReplyError(name, reply);
  return submitted;
}

/**
 * begin_v1: takes an entry into the ledger and, when it is new, submits its first attempt, as one. A reply of
 * `submitOrder` means that it was new; of `receiveOrder`, that nothing was submitted. A server that is out of memory
 * refuses it before anything is written.
 */
export async function beginOrder(
  caller: FunctionCaller,
  keys: Keys,
  order: Submission & { readonly kind: "entry"; readonly source: IntentSource },
): Promise<SubmitReply | Exclude<ReceiveReply, { kind: "new" }>> {
  const { source } = order;
  const call = submissionCall(keys, order);
  const reply = await callFunction(caller, "begin_v1", {
    keys: [...call.keys, source.stream, `${keys.statsPrefix}execution`],
    args: [...call.args, source.group, source.entryId, ...documentOf(order)],
  });
  const begun = readSubmitted(reply) ?? readReceived(reply);
  if (begun === undefined || begun.kind === "new") throw new UnexpectedReplyError("begin_v1", reply);
  return begun;
}

const documentOf = ({ document }: Submission) => (document === undefined ? [] : [document]);

function submissionCall(keys: Keys, order: Submission) {
  return {
    keys: [
      `${keys.orderLedgerPrefix}${order.intentId}`,
      keys.openOrders,
      keys.kill,
      keys.tradingState,
      keys.safeMode,
      keys.gateTrades,
      keys.gateInFlight,
      `${keys.gateLastTradePrefix}${order.symbol}`,
    ],
    args: [
      order.intentId,
      order.owner,
      order.kind,
      String(order.attempt),
      order.clientOrderId,
      order.symbol,
      String(order.signedAtMs),
      String(order.recvWindowMs),
      order.side,
      order.quantity,
      String(order.decidedAtMs),
      String(order.ageMaxMs),
      String(order.holdMinMs),
      String(order.tradesMax),
      order.gates,
    ],
  };
}

function readSubmitted(reply: readonly string[]): SubmitReply | undefined {
  if (reply[0] === "SUBMITTING") return { kind: "submitting", wouldHold: slotReason(reply[1]) };
  if (reply[0] === "AGED") return { kind: "expired" };
  const held = reply[0] === "HELD" ? slotReason(reply[1]) : undefined;
  if (held !== undefined) return { kind: "held", reason: held };
  const stopped = reply[0] === "DENIED" ? stopReason(reply[1]) : undefined;
  return stopped === undefined ? undefined : { kind: "denied", reason: stopped };
}

/**
 * mark_unknown_v1: SUBMITTING → UNKNOWN. `refusal` is kept for whoever resolves it: not executed, it has ended so.
 * `forgotten`, the attempt that the venue has and this ledger has lost: RECEIVED → UNKNOWN. Throws
 * OrderFencedError when it is not ours or in another state.
 */
export async function markOrderUnknown(
  caller: FunctionCaller,
  keys: Keys,
  order: {
    readonly intentId: string;
    readonly owner: Owner;
    readonly why: string;
    readonly refusal?: string | undefined;
    readonly forgotten?: Pick<LedgerOrder, "attempt" | "clientOrderId" | "signedAtMs" | "recvWindowMs">;
  },
): Promise<void> {
  const { forgotten } = order;
  const attempt =
    forgotten === undefined
      ? []
      : [forgotten.attempt, forgotten.clientOrderId, forgotten.signedAtMs, forgotten.recvWindowMs];
  const reply = await callFunction(caller, "mark_unknown_v1", {
    keys: [`${keys.orderLedgerPrefix}${order.intentId}`],
    args: [order.owner, order.why, order.refusal ?? "", ...attempt.map(String)],
  });
  assertOurs(order.intentId, reply);
}

/** fail_v1: counts a failure of the handler in the ledger; undefined when the ledger has no such order. */
export async function countOrderFailure(
  caller: FunctionCaller,
  keys: Keys,
  order: { readonly intentId: string; readonly owner: Owner; readonly why: string },
): Promise<{ readonly failures: number; readonly state: OrderState } | undefined> {
  const reply = await callFunction(caller, "fail_v1", {
    keys: [`${keys.orderLedgerPrefix}${order.intentId}`],
    args: [order.owner, order.why],
  });
  if (reply[0] === "ABSENT") return undefined;
  assertOurs(order.intentId, reply);
  const state = reply[2] ?? "";
  if (!isOrderState(state)) throw new UnexpectedReplyError("fail_v1", reply);
  return { failures: Number(reply[1]), state };
}
