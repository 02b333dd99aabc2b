import { z } from "zod";
import type { Reply } from "../redis/resp.ts";
import type { PlainReply } from "../venue/venue-faults.ts";
import type { Findings } from "./findings.ts";
import { functionCall, replyParts, SUBMITS } from "./function-calls.ts";
import type { IntentBook } from "./intent-book.ts";
import type { OrderCall } from "./order-call.ts";

const acceptedSchema = z.object({ executedQty: z.string(), status: z.string() });

export interface OrderLimits {
  readonly intentAgeMsMax: number;
  readonly recvWindowMs: number;
  readonly tradesMax: number;
  readonly holdMsMin: number;
}

const NOT_EXECUTED = new Set(["HELD", "DENIED", "EXPIRED", "REJECTED"]);

/** The most that a request may be late at the venue beyond its window. */
const SKEW_MS = 1000;
const TRADES_WINDOW_MS = 600_000;

/** Invariants 1, 4 and 5 at the venue's own door: what it executed, when, and for which intent. */
export class OrderWatch {
  readonly #findings: Findings;
  readonly #book: IntentBook;
  readonly #limits: OrderLimits;
  readonly #nowUs: () => number;
  readonly #executed = new Map<string, string[]>();
  #entries: { readonly atMs: number; readonly symbol: string; readonly request: string }[] = [];
  /** When the ledger took the submission of each request, virtual µs. */
  readonly #submittedUs = new Map<string, number>();
  /** Requests whose submission Redis has forgotten. */
  readonly #forgotten = new Set<string>();
  /** Requests whose slot and time Redis has forgotten. */
  readonly #uncounted = new Set<string>();
  /** Intents that ended as not executed, as what. */
  readonly #endedAs = new Map<string, { readonly state: string; readonly atUs: number }>();
  executedOrders = 0;

  constructor(parts: {
    readonly findings: Findings;
    readonly book: IntentBook;
    readonly limits: OrderLimits;
    readonly nowUs: () => number;
  }) {
    this.#findings = parts.findings;
    this.#book = parts.book;
    this.#limits = parts.limits;
    this.#nowUs = parts.nowUs;
  }

  /** Redis forgot what the trade rate and the cooldowns were counted by, and how intents had ended. */
  stateLost(): void {
    this.#entries = [];
    this.#endedAs.clear();
    for (const request of this.#submittedUs.keys()) this.#uncounted.add(request);
  }

  /** Of what was submitted after that moment nothing is known any more: it may be sent once more. */
  rolledBack(toUs: number): void {
    for (const [request, atUs] of this.#submittedUs) {
      if (atUs <= toUs) continue;
      this.#forgotten.add(request);
      this.#uncounted.add(request);
    }
    this.#entries = this.#entries.filter(({ request }) => !this.#uncounted.has(request));
    for (const [intentId, { atUs }] of this.#endedAs) if (atUs > toUs) this.#endedAs.delete(intentId);
  }

  after(command: readonly string[], reply: Reply): void {
    const call = functionCall(command);
    const said = replyParts(reply)[0];
    if (call !== undefined && SUBMITS.has(call.name) && said === "SUBMITTING") {
      this.#submittedUs.set(`${call.args[4]} ${call.args[6]}`, this.#nowUs());
    }
    if (call?.name !== "settle_v1" || said !== "OK") return;
    const [intentId = "", , , , state = ""] = call.args;
    if (!NOT_EXECUTED.has(state)) return;
    this.#endedAs.set(intentId, { state, atUs: this.#nowUs() });
    this.#compare(intentId);
  }

  /** The result says what the venue did, whichever was first. */
  #compare(intentId: string): void {
    const requests = this.#executed.get(intentId) ?? [];
    const ended = this.#endedAs.get(intentId);
    if (ended === undefined || !requests.some((request) => !this.#forgotten.has(request))) return;
    this.#findings.report(
      1,
      `intent ${intentId} ended ${ended.state}, and was executed as ${requests.join(", ")}`,
    );
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
    const before = this.#executed.get(intentId) ?? [];
    const request = `${order.clientOrderId} ${order.timestampMs}`;
    // What a proxy sends twice is executed twice by this venue: the same request, which nobody here sent again.
    if (before.includes(request)) return;
    this.executedOrders += 1;
    this.#executed.set(intentId, [...before, request]);
    this.#compare(intentId);
    // The request whose submission was forgotten may also arrive after the one that was sent in its stead.
    if ([...before, request].filter((one) => !this.#forgotten.has(one)).length > 1) {
      this.#findings.report(1, `intent ${intentId} was executed as ${before.join(", ")} and ${request}`);
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
    if (last !== undefined && nowMs - last.atMs < holdMsMin) {
      this.#findings.report(5, `${order.symbol} was entered ${nowMs - last.atMs} ms after the entry before`);
    }
    const request = `${order.clientOrderId} ${order.timestampMs}`;
    if (!this.#uncounted.has(request)) this.#entries.push({ atMs: nowMs, symbol: order.symbol, request });
    const recent = this.#entries.filter(({ atMs }) => nowMs - atMs < TRADES_WINDOW_MS).length;
    if (recent > tradesMax)
      this.#findings.report(5, `${recent} entries were executed in 10 minutes, of ${tradesMax}`);
  }
}
