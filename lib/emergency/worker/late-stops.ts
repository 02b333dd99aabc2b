/**
 * Takes away stops that came to rest after a panic had looked for the last time: execution may settle an entry whose
 * position is closed already, and the exit brain, which removes what is left behind, may be what failed.
 *
 * 1. Only while the halt of a panic stands and none runs: until then nobody opens anything but by hand.
 * 2. Only stops of this system go: an operator who trades by hand meanwhile may place one before its position.
 * 3. A stop goes when a reading of positions shows none that it could close and was begun so long after the stop was seen
 *    that no list leaves out the fill which it came to guard.
 */
import Big from "big.js";
import { isProtectiveStopId } from "../../exchange/client-order-id.ts";
import type { AlgoOrder, Position } from "../../exchange/exchange.ts";
import { POSITION_LAG_MS_MAX } from "../../exchange/position-lag.ts";
import { soundRows } from "../../exchange/sound-rows.ts";
import type { PanicVenue, WorkerClock, WorkerLog } from "./worker-parts.ts";

const EVERY_MS = 10_000;
/** All conditional orders, and all positions. */
const COST = { weight: 45, orders: 0 } as const;

export interface LateStopParts {
  readonly venue: Pick<PanicVenue, "admit" | "cancelAlgo" | "openAlgoOrders" | "positions">;
  readonly clock: Pick<WorkerClock, "sleep">;
  readonly log: Pick<WorkerLog, "warn">;
  /** A panic's halt stands, and no panic runs. */
  isOver(): boolean;
}

/** Until the signal aborts. */
export async function sweepLateStops(parts: LateStopParts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await parts.clock.sleep(EVERY_MS, signal);
    // Nothing of the share that a panic may need.
    if (!signal.aborted && parts.isOver() && parts.venue.admit("entry", COST).kind === "ok") {
      await removeLateStops(parts, signal);
    }
  }
}

/** One look. What cannot be read or cancelled is looked at the next time. */
export async function removeLateStops(parts: LateStopParts, signal: AbortSignal): Promise<void> {
  const { venue, clock, log, isOver } = parts;
  const resting = soundRows(await venue.openAlgoOrders()) ?? [];
  const stops = resting.filter((one) => one.closePosition && isProtectiveStopId(one.clientAlgoId));
  if (stops.length === 0) return;
  await clock.sleep(POSITION_LAG_MS_MAX, signal);
  if (signal.aborted || !isOver()) return;
  const open = await venue.positions();
  if (!open.ok || !isOver()) return;
  const left = stops.filter((stop) => !open.value.some((position) => couldClose(stop, position)));
  for (const { symbol, clientAlgoId } of left) {
    const cancelled = await venue.cancelAlgo(clientAlgoId);
    log.warn({ symbol, clientAlgoId, cancelled: cancelled.ok }, "a stop was left without a position");
  }
}

function couldClose(stop: AlgoOrder, { symbol, positionSide, quantity }: Position): boolean {
  if (stop.symbol !== symbol || stop.positionSide !== positionSide) return false;
  return stop.side === (new Big(quantity).gt(0) ? "SELL" : "BUY");
}
