/**
 * Sees to it that every position has exactly one stop that rests at the venue, and a flat one none.
 *
 * Invariants
 * 1. Nothing here is waited for by a cycle: one pass at a time, beside the loop.
 * 2. A position without a stop is an alarm (log, metric, statistic) and gets one; the stop of its entry, which
 *    execution places, is given 3 s first.
 * 3. A new stop is placed before the old one is cancelled where the venue takes both; it does not (−4130), and then
 *    the old one is cancelled and the new one placed at once.
 * 4. A stop is cancelled as left behind only when it had been seen before the position that it could close was gone:
 *    when the stream said so, or the reading was begun that the next ones have confirmed.
 * 5. Stops that only move are replaced a few at a time: the order limit belongs to closes.
 */
import { planSuffix } from "../contract/position-plan.ts";
import { STATISTICS } from "../contract/statistics.ts";
import { isProtectiveStopId, protectiveStopId } from "../exchange/client-order-id.ts";
import type { AlgoOrder, Exchange } from "../exchange/exchange.ts";
import type { Outcome } from "../exchange/outcome-classes.ts";
import type { Background } from "./background.ts";
import {
  decideProtectiveStop,
  type ProtectiveStopDecision,
  type RestingStop,
} from "./decide-protective-stop.ts";
import type { ExitBrainParts } from "./exit-brain-parts.ts";
import type { PositionView } from "./position-book.ts";
import { tightest } from "./standing-stop.ts";
import { StopInventory } from "./stop-inventory.ts";
import type { Watch } from "./watch.ts";
import type { WatchedPosition } from "./watched-position.ts";

/** How long execution has to place the stop of an entry (ms). */
const ENTRY_STOP_GRACE_MS = 3000;
/** A closePosition stop of that direction exists; an open order has this client id. */
const STOP_EXISTS = -4130;
const ID_TAKEN = -4116;
const PLACE_AGAIN_MAX = 3;
/** In one pass, which is one a second: two orders each, of 300 in 10 s. */
const REPLACED_MAX = 5;
const ORDER_COST = { weight: 1, orders: 1 } as const;
const BACK_OFF_FIRST_MS = 1000;
const BACK_OFF_LAST_MS = 30_000;

type KeeperParts = Pick<ExitBrainParts, "clock" | "log" | "observe" | "statistics" | "rules"> & {
  readonly exchange: Pick<
    Exchange,
    "admit" | "rules" | "serverNowMs" | "openAlgoOrders" | "placeAlgoOrder" | "cancelAlgo"
  >;
  readonly background: Background;
};

type Placed = { readonly ok: true } | { readonly ok: false; readonly outcome: Outcome };

export class StopKeeper {
  readonly #parts: KeeperParts;
  readonly #inventory: StopInventory;
  /** By position: when the venue, having refused a stop, is asked again (monotonic). */
  readonly #refusals = new Map<string, { readonly count: number; readonly notBeforeMs: number }>();
  #running = false;
  /** In this pass. */
  #replaced = 0;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
    this.#inventory = new StopInventory(parts.exchange, parts.clock.monotonicMs);
  }

  /** Something happened to a conditional order of the symbol. */
  lookAt(symbol: string): void {
    this.#inventory.doubt(symbol);
  }

  /**
   * The trigger of the tightest stop of ours that rests for the position and is not of the plan that it follows;
   * null: none does; undefined: the venue has not been asked since the position is known.
   */
  standing({ position, firstSeenMs, followed }: Readonly<Watch>): string | null | undefined {
    if (!this.#parts.rules.protectiveStops) return null;
    const ofPlan = followed === null ? null : protectiveStopId(followed.intentId);
    const ours = this.#resting(position).filter(
      ({ clientAlgoId }) => isProtectiveStopId(clientAlgoId) && clientAlgoId !== ofPlan,
    );
    const readAtMs = this.#inventory.readAtMs(position.symbol) ?? Number.NEGATIVE_INFINITY;
    return tightest(position.side, ours) ?? (readAtMs < firstSeenMs ? undefined : null);
  }

  /** Starts a pass over the positions of a cycle, unless one is under way. */
  tend(watches: ReadonlyMap<string, Watch>, view: PositionView): void {
    const { rules, background } = this.#parts;
    if (!rules.protectiveStops) for (const watch of watches.values()) watch.stop = OFF;
    if (!rules.protectiveStops || this.#running) return;
    this.#running = true;
    background.start(async () => {
      await this.#pass([...watches.values()], view);
      this.#running = false;
    });
  }

  async #pass(watches: readonly Watch[], view: PositionView): Promise<void> {
    this.#replaced = 0;
    for (const watch of watches) {
      if (watch.stop.state === "unknown") this.#inventory.doubt(watch.position.symbol);
    }
    await this.#inventory.refresh(watches.map(({ position }) => position.symbol));
    await Promise.all(watches.map((watch) => this.#tendOne(watch)));
    await this.#cancelLeftBehind(view);
    for (const key of this.#refusals.keys()) if (!view.positions.has(key)) this.#refusals.delete(key);
  }

  async #tendOne(watch: Watch): Promise<void> {
    const { clock, exchange, rules } = this.#parts;
    const { position, followed } = watch;
    const readAtMs = this.#inventory.readAtMs(position.symbol);
    if (followed === null || readAtMs === undefined || readAtMs < watch.firstSeenMs) return;
    const wanted = decideProtectiveStop({
      plan: followed,
      entryInFlight: watch.entryInFlight,
      exiting: watch.attempt !== null,
      resting: this.#resting(position),
      rules: exchange.rules(position.symbol),
      mark: watch.mark?.price ?? null,
      stepPct: rules.stopStepPct,
    });
    const young = clock.monotonicMs() - watch.firstSeenMs < ENTRY_STOP_GRACE_MS;
    if (wanted.kind === "place" && young && !watch.adopted) return;
    await this.#carryOut(watch, wanted);
  }

  #resting(position: WatchedPosition): readonly RestingStop[] {
    return this.#inventory
      .all()
      .filter(({ order }) => closes(order, position))
      .map(({ order }) => ({ clientAlgoId: order.clientAlgoId, triggerPrice: order.triggerPrice ?? "0" }));
  }

  async #carryOut(watch: Watch, wanted: ProtectiveStopDecision): Promise<void> {
    if (wanted.kind === "keep") {
      watch.stop = { state: "resting", triggerPrice: wanted.triggerPrice };
      return;
    }
    if (wanted.kind === "none") {
      if (wanted.why === "NO_TRIGGER") this.#alarmMissing(watch);
      else watch.stop = { state: "missing", triggerPrice: null };
      return;
    }
    if (wanted.kind === "place") this.#alarmMissing(watch);
    const { monotonicMs } = this.#parts.clock;
    if ((this.#refusals.get(watch.key)?.notBeforeMs ?? 0) > monotonicMs()) return;
    if (wanted.kind === "replace") this.#replaced += 1;
    if (this.#replaced > REPLACED_MAX && wanted.kind === "replace") return;
    const placed =
      wanted.kind === "place"
        ? await this.#place(watch.position, wanted.stop)
        : await this.#replace(watch.position, wanted.stop, wanted.standing);
    this.#inventory.doubt(watch.position.symbol);
    if (placed.ok) {
      this.#refusals.delete(watch.key);
      watch.stop = { state: "resting", triggerPrice: wanted.stop.triggerPrice };
    } else this.#refused(watch, placed.outcome);
  }

  /** New before old where the venue takes both; else old away and new at once, and the old one back if it cannot. */
  async #replace(
    position: WatchedPosition,
    stop: RestingStop,
    standing: readonly RestingStop[],
  ): Promise<Placed> {
    const first = await this.#place(position, stop);
    const inTheWay = !first.ok && (first.outcome.code === STOP_EXISTS || first.outcome.code === ID_TAKEN);
    if (!first.ok && !inTheWay) return first;
    // Nothing gives way to a stop that could not be sent.
    if (!first.ok && this.#parts.exchange.admit("exit", ORDER_COST).kind !== "ok") return first;
    const old = standing.filter(({ clientAlgoId }) => !first.ok || clientAlgoId !== stop.clientAlgoId);
    const cancelled = await Promise.all(old.map((one) => this.#cancel(position.symbol, one.clientAlgoId)));
    if (first.ok || cancelled.includes(false)) return first;
    let placed = await this.#place(position, stop);
    for (let tries = 1; tries < PLACE_AGAIN_MAX && !placed.ok && mayPass(placed.outcome); tries += 1) {
      placed = await this.#place(position, stop);
    }
    const [before] = standing;
    if (!placed.ok && !mayPass(placed.outcome) && before !== undefined) await this.#place(position, before);
    return placed;
  }

  async #place(position: WatchedPosition, stop: RestingStop): Promise<Placed> {
    const { exchange, rules, log, observe, statistics } = this.#parts;
    const side = position.side === "LONG" ? "SELL" : "BUY";
    const { symbol, positionSide } = position;
    const placed = await exchange.placeAlgoOrder(
      { symbol, side, positionSide, ...stop },
      { timestampMs: exchange.serverNowMs(), recvWindowMs: rules.recvWindowMs },
    );
    if (placed.phase !== "accepted") return { ok: false, outcome: placed.outcome };
    log.info({ position: position.key, ...stop }, `PROTECTIVE STOP ${symbol} at ${stop.triggerPrice}`);
    observe.stop("placed");
    statistics.add(STATISTICS.stopsPlaced);
    return { ok: true };
  }

  /** False: it may still rest. */
  async #cancel(symbol: string, clientAlgoId: string): Promise<boolean> {
    const { exchange, log, observe } = this.#parts;
    const reading = await exchange.cancelAlgo(clientAlgoId);
    this.#inventory.doubt(symbol);
    if (!reading.ok) return false;
    log.info({ symbol, clientAlgoId }, "protective stop cancelled");
    observe.stop("cancelled");
    return true;
  }

  async #cancelLeftBehind(view: PositionView): Promise<void> {
    const positions = [...view.positions.values()];
    const left = this.#inventory
      .all()
      .filter(
        ({ order, sinceMs }) => isProtectiveStopId(order.clientAlgoId) && sinceMs < goneAtMs(order, view),
      )
      .filter(({ order }) => !positions.some((position) => closes(order, position)));
    await Promise.all(left.map(({ order }) => this.#cancel(order.symbol, order.clientAlgoId)));
  }

  #alarmMissing(watch: Watch): void {
    if (watch.stop.state === "missing") return;
    watch.stop = { state: "missing", triggerPrice: null };
    // A position that was opened by hand has had its alarm.
    if (watch.adopted) return;
    const { log, observe, statistics } = this.#parts;
    log.error({ position: watch.key }, `POSITION WITHOUT A STOP AT THE VENUE ${watch.position.symbol}`);
    observe.stop("missing");
    statistics.add(STATISTICS.stopsMissing);
  }

  #refused(watch: Watch, outcome: Outcome): void {
    const { clock, log, observe } = this.#parts;
    const count = (this.#refusals.get(watch.key)?.count ?? 0) + 1;
    const waitMs = Math.min(BACK_OFF_FIRST_MS * 2 ** (count - 1), BACK_OFF_LAST_MS);
    this.#refusals.set(watch.key, { count, notBeforeMs: clock.monotonicMs() + waitMs });
    const { row, code, message } = outcome;
    log.error({ position: watch.key, row, code, message, waitMs }, "protective stop not placed");
    observe.stop("refused");
  }
}

const OFF = { state: "off", triggerPrice: null } as const;

/** In one-way mode the side alone tells whose stop it is. */
function closes(order: AlgoOrder, position: WatchedPosition): boolean {
  const side = position.side === "LONG" ? "SELL" : "BUY";
  return (
    order.symbol === position.symbol && order.positionSide === position.positionSide && order.side === side
  );
}

/** When the position of the stop was certainly not open, monotonic ms, as late as that is known. */
function goneAtMs({ symbol, positionSide }: AlgoOrder, view: PositionView): number {
  const flatAtMs = view.flatAtMs.get(planSuffix(symbol, positionSide));
  return Math.max(...[flatAtMs, view.confirmed?.askedAtMs].map((atMs) => atMs ?? Number.NEGATIVE_INFINITY));
}

/** Whether the same request, under the same id, may pass when it is sent at once again. */
function mayPass({ retryable, phase }: Outcome): boolean {
  return retryable || phase === "ambiguous";
}
