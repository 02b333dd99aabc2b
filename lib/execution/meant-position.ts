/**
 * The position that an exit is meant for, as the plans have it.
 *
 * 1 An exit that names when its position was opened, that has waited for one to be listed, or that is sent again, closes
 *   no other.
 * 2 A plan that matched and is gone since was its position's: whatever is open by now was opened later.
 * 3 What was sent before a process died was meant for what was open then, on the side that it closed.
 * 4 An exit so old that its ledger may have expired may have been executed long ago, and be read again because its group
 *   was deleted: it closes nothing that was decided after it.
 * 5 A plan that cannot be read, does not say when it began or was forgotten by Redis denies nothing.
 */
import { countTextSchema } from "../contract/count-text.ts";
import { FUTURE_MAX_MS } from "../contract/instant.ts";
import { LIFETIMES_SEC } from "../contract/lifetimes.ts";
import { adoptionId, planSuffix } from "../contract/position-plan.ts";
import type { TradeIntent } from "../contract/trade-intent.ts";
import type { PositionSide } from "../exchange/exchange.ts";
import { POSITION_LAG_MS_MAX } from "../exchange/position-lag.ts";
import type { LedgerOrder } from "../kernel/order-ledger.ts";
import { HEDGE_SIDES, mayClose } from "./decide-exit-order.ts";
import type { ExecutionParts } from "./execution-parts.ts";
import type { OrderPlan } from "./send-order.ts";

type PlanWord =
  | { readonly kind: "none" }
  | { readonly kind: "unknown" }
  | { readonly kind: "opened"; readonly atMs: number; readonly side: string; readonly adopted: boolean };

/** What one exit means, from its first proof to its end. */
export class MeantPosition {
  readonly #parts: ExecutionParts;
  #exit: TradeIntent;
  /** Since when the connection stood over which the plan was seen to match; undefined: it never was. */
  #matchedSinceMs: number | undefined;
  /** Nothing that was opened later than this (venue's clock) is meant. */
  readonly #openedMsMax: number;

  constructor(parts: ExecutionParts, exit: TradeIntent, sent?: Pick<LedgerOrder, "side" | "signedAtMs">) {
    this.#parts = parts;
    // Without a side nothing was submitted.
    const wasSent = sent?.side === "SELL" || sent?.side === "BUY";
    this.#openedMsMax = Math.min(
      wasSent ? sent.signedAtMs + parts.exchange.clockSkewMs() : Number.POSITIVE_INFINITY,
      outlivesLedger(parts, exit) ? lastOpeningMs(parts, exit) : Number.POSITIVE_INFINITY,
    );
    this.#exit = wasSent ? { ...exit, position_side: sent.side === "SELL" ? "LONG" : "SHORT" } : exit;
  }

  /** The intent, with what became known of its position. */
  get exit(): TradeIntent {
    return this.#exit;
  }

  /** Whether what is open on this side is another position than the one that is meant. */
  async isAnother(side: PositionSide): Promise<boolean> {
    const meantMs = this.#exit.opened_at_ms;
    if (meantMs === null && this.#openedMsMax === Number.POSITIVE_INFINITY) return false;
    const plan = await this.#planOf(side);
    if (plan.kind === "unknown") return false;
    if (meantMs === null) return this.#wasOpenedLater(plan);
    if (plan.kind === "none") return this.#matchedSinceMs === this.#parts.redisSinceMs();
    if (plan.atMs !== meantMs) return true;
    this.#matchedSinceMs = this.#parts.redisSinceMs();
    return false;
  }

  /**
   * Pins the exit to what its first order closes, as the plans have it now: one that is sent later must close nothing
   * else. Nothing waits for it but a later order. Never rejects.
   */
  async pinTo({ side, positionSide }: Pick<OrderPlan, "side" | "positionSide">): Promise<void> {
    const closes = side === "SELL" ? "LONG" : "SHORT";
    this.#exit = { ...this.#exit, position_side: closes };
    if (this.#exit.opened_at_ms !== null) return;
    const plan = await this.#planOf(positionSide).catch(() => ({ kind: "unknown" as const }));
    if (plan.kind === "opened" && plan.side === closes) this.#pin(plan.atMs);
  }

  /**
   * Whether a reading in which nothing is open may lack it: a plan is recorded, or it was opened so lately that it may
   * not be listed yet. Where only one can be meant the exit is pinned to it: what is opened meanwhile is another.
   */
  async pinIfMayBeOpen(hedgeMode: boolean): Promise<boolean> {
    const exit = this.#exit;
    const sides = hedgeMode ? HEDGE_SIDES.filter((side) => mayClose(exit, side)) : (["BOTH"] as const);
    const all = await Promise.all(sides.map(async (side) => ({ side, plan: await this.#planOf(side) })));
    const [one, other] = all.filter(({ plan }) => this.#mayMean(plan));
    if (one?.plan.kind === "opened" && other === undefined && exit.opened_at_ms === null) {
      const position_side = hedgeMode ? one.side : exit.position_side;
      this.#exit = { ...exit, position_side };
      this.#pin(one.plan.atMs);
    }
    return one !== undefined;
  }

  #pin(openedAtMs: number): void {
    this.#exit = { ...this.#exit, opened_at_ms: openedAtMs };
    this.#matchedSinceMs = this.#parts.redisSinceMs();
  }

  #mayMean(plan: PlanWord): boolean {
    const exit = this.#exit;
    const { opened_at_ms: meantMs } = exit;
    const ageMs = meantMs === null ? Number.POSITIVE_INFINITY : this.#parts.exchange.serverNowMs() - meantMs;
    if (plan.kind === "unknown" || Math.abs(ageMs) <= POSITION_LAG_MS_MAX) return true;
    if (plan.kind === "none") return false;
    if (meantMs === null ? this.#wasOpenedLater(plan) : plan.atMs !== meantMs) return false;
    // In one-way mode there is one plan for either side.
    return HEDGE_SIDES.every((side) => side !== plan.side || mayClose(exit, side));
  }

  /** Surely so: an adopted plan is as old as its adoption, and its position may be older. */
  #wasOpenedLater(plan: PlanWord): boolean {
    return plan.kind === "opened" && !plan.adopted && plan.atMs > this.#openedMsMax;
  }

  async #planOf(side: PositionSide): Promise<PlanWord> {
    const { redis, keys, log } = this.#parts;
    const suffix = planSuffix(this.#exit.symbol, side);
    const plan = `${keys.positionPlanPrefix}${suffix}`;
    try {
      const reply = await redis.command(["HMGET", plan, "opened_at", "side", "intent_id"]);
      const [openedAt, of, intentId] = Array.isArray(reply) ? reply : [];
      if (openedAt === null) return { kind: "none" };
      const atMs = countTextSchema.safeParse(openedAt).data;
      if (atMs === undefined) return { kind: "unknown" };
      return { kind: "opened", atMs, side: String(of), adopted: intentId === adoptionId(suffix, atMs) };
    } catch (error) {
      if (this.#parts.isRedisOutage(error)) throw error;
      log.warn({ err: error, plan }, "the plan cannot be read: the exit is not held up");
      return { kind: "unknown" };
    }
  }
}

function outlivesLedger({ redis }: ExecutionParts, exit: TradeIntent): boolean {
  return redis.serverNowMs() - exit.ts_ms > LIFETIMES_SEC.orderLedger * 1000;
}

/** What was opened later comes of an entry that was decided after this exit: an older one would have expired. */
function lastOpeningMs({ rules }: ExecutionParts, exit: TradeIntent): number {
  return exit.ts_ms + rules.ageMaxMs + FUTURE_MAX_MS;
}
