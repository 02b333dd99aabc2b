import { z } from "zod";
import type { PlainReply } from "../venue/venue-faults.ts";
import type { Findings } from "./findings.ts";
import type { IntentBook } from "./intent-book.ts";
import type { OrderCall } from "./order-call.ts";

const acceptedSchema = z.object({ executedQty: z.string(), status: z.string() });

export interface OrderLimits {
  readonly intentAgeMsMax: number;
  readonly recvWindowMs: number;
  readonly tradesMax: number;
  readonly holdMsMin: number;
}

/** The most that a request may be late at the venue beyond its window. */
const SKEW_MS = 1000;
const TRADES_WINDOW_MS = 600_000;

/** Invariants 1, 4 and 5 at the venue's own door: what it executed, when, and for which intent. */
export class OrderWatch {
  readonly #findings: Findings;
  readonly #book: IntentBook;
  readonly #limits: OrderLimits;
  readonly #executed = new Map<string, string[]>();
  readonly #entries: { readonly atMs: number; readonly symbol: string }[] = [];
  executedOrders = 0;

  constructor(parts: {
    readonly findings: Findings;
    readonly book: IntentBook;
    readonly limits: OrderLimits;
  }) {
    this.#findings = parts.findings;
    this.#book = parts.book;
    this.#limits = parts.limits;
  }

  /** Redis forgot what the trade rate and the cooldowns were counted by. */
  stateLost(): void {
    this.#entries.length = 0;
  }

  /** True when it was executed, wholly or in part. */
  served(order: OrderCall, reply: PlainReply, nowMs: number): boolean {
    if (reply.status !== 200) return false;
    const accepted = acceptedSchema.safeParse(JSON.parse(reply.body));
    if (!accepted.success || Number(accepted.data.executedQty) === 0) return false;
    if (order.intentId !== undefined) this.#executedFor(order.intentId, order, nowMs);
    return true;
  }

  #executedFor(intentId: string, order: OrderCall, nowMs: number): void {
    this.executedOrders += 1;
    const before = this.#executed.get(intentId) ?? [];
    this.#executed.set(intentId, [...before, order.clientOrderId]);
    if (before.length > 0) {
      this.#findings.report(
        1,
        `intent ${intentId} was executed as ${before.join(", ")} and ${order.clientOrderId}`,
      );
    }
    const [booked] = this.#book.byId.get(intentId) ?? [];
    if (booked === undefined) {
      this.#findings.report(1, `order ${order.clientOrderId} belongs to no published intent`);
      return;
    }
    if (booked.kind === "exit" && !order.reduces) {
      this.#findings.report(3, `exit ${intentId} was sent as an order that may enlarge`);
    }
    if (booked.kind === "entry") this.#entry(order, nowMs, nowMs - booked.decidedAtMs);
  }

  #entry(order: OrderCall, nowMs: number, ageMs: number): void {
    const { intentAgeMsMax, recvWindowMs, tradesMax, holdMsMin } = this.#limits;
    if (ageMs > intentAgeMsMax + recvWindowMs + SKEW_MS) {
      this.#findings.report(4, `intent ${order.intentId} was executed at the age of ${ageMs} ms`);
    }
    const last = this.#entries.findLast(({ symbol }) => symbol === order.symbol);
    if (last !== undefined && nowMs - last.atMs < holdMsMin - SKEW_MS) {
      this.#findings.report(5, `${order.symbol} was entered ${nowMs - last.atMs} ms after the entry before`);
    }
    this.#entries.push({ atMs: nowMs, symbol: order.symbol });
    const recent = this.#entries.filter(({ atMs }) => nowMs - atMs < TRADES_WINDOW_MS).length;
    if (recent > tradesMax)
      this.#findings.report(5, `${recent} entries were executed in 10 minutes, of ${tradesMax}`);
  }
}
