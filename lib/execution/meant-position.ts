/**
 * The position that an exit is meant for, as the plans have it.
 *
 * 1 An exit that names when its position was opened, that has waited for one to be listed, or that is sent again, closes
 *   no other.
 * 2 A plan that matched and is gone since was its position's: whatever is open by now was opened later.
 * 3 A plan that cannot be read, does not say when it began or was forgotten by Redis denies nothing.
 */
import { countTextSchema } from "../contract/count-text.ts";
import { planSuffix } from "../contract/position-plan.ts";
import type { TradeIntent } from "../contract/trade-intent.ts";
import type { PositionSide } from "../exchange/exchange.ts";
import { POSITION_LAG_MS_MAX } from "../exchange/position-lag.ts";
import { HEDGE_SIDES, mayClose } from "./decide-exit-order.ts";
import type { ExecutionParts } from "./execution-parts.ts";
import type { OrderPlan } from "./send-order.ts";

type PlanWord =
  | { readonly kind: "none" }
  | { readonly kind: "unknown" }
  | { readonly kind: "opened"; readonly atMs: number; readonly side: string };

/** What one exit means, from its first proof to its end. */
export class MeantPosition {
  readonly #parts: ExecutionParts;
  #exit: TradeIntent;
  /** Since when the connection stood over which the plan was seen to match; undefined: it never was. */
  #matchedSinceMs: number | undefined;

  constructor(parts: ExecutionParts, exit: TradeIntent) {
    this.#parts = parts;
    this.#exit = exit;
  }

  /** The intent, with what became known of its position. */
  get exit(): TradeIntent {
    return this.#exit;
  }

  /** Whether what is open on this side is another position than the one that is meant. */
  async isAnother(side: PositionSide): Promise<boolean> {
    const meantMs = this.#exit.opened_at_ms;
    if (meantMs === null) return false;
    const plan = await this.#planOf(side);
    if (plan.kind === "unknown") return false;
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
    if (plan.kind === "none" || (meantMs !== null && plan.atMs !== meantMs)) return false;
    // In one-way mode there is one plan for either side.
    return HEDGE_SIDES.every((side) => side !== plan.side || mayClose(exit, side));
  }

  async #planOf(side: PositionSide): Promise<PlanWord> {
    const { redis, keys, log } = this.#parts;
    const plan = `${keys.positionPlanPrefix}${planSuffix(this.#exit.symbol, side)}`;
    try {
      const reply = await redis.command(["HMGET", plan, "opened_at", "side"]);
      const [openedAt, of] = Array.isArray(reply) ? reply : [];
      if (openedAt === null) return { kind: "none" };
      const atMs = countTextSchema.safeParse(openedAt).data;
      return atMs === undefined ? { kind: "unknown" } : { kind: "opened", atMs, side: String(of) };
    } catch (error) {
      if (this.#parts.isRedisOutage(error)) throw error;
      log.warn({ err: error, plan }, "the plan cannot be read: the exit is not held up");
      return { kind: "unknown" };
    }
  }
}
