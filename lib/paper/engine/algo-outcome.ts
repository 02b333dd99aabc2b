import { symbolOf } from "./margin.ts";
import { pushAlgoEvent } from "./order-event.ts";
import type { AlgoStatus } from "./order-terms.ts";
import type { Rejection } from "./rejection.ts";
import type { AlgoOrder, VenueOrder } from "./venue-order.ts";
import type { VenueState } from "./venue-state.ts";

export interface AlgoStep {
  readonly status: AlgoStatus;
  readonly nowMs: number;
  readonly refusal?: Rejection;
}

/** Moves a conditional order on and says so on the user stream; one that waits no longer is let go of. */
export function moveAlgo(state: VenueState, algo: AlgoOrder, step: AlgoStep): void {
  algo.status = step.status;
  algo.updateMs = step.nowMs;
  if (step.status !== "NEW") {
    symbolOf(state, algo.symbol).waiting.delete(algo.algoId);
    if (state.waitingByClientId.get(algo.clientAlgoId) === algo)
      state.waitingByClientId.delete(algo.clientAlgoId);
    state.expiries.delete(algo.algoId);
  }
  pushAlgoEvent(
    state,
    algo,
    step.refusal === undefined ? { nowMs: step.nowMs } : { nowMs: step.nowMs, refusal: step.refusal },
  );
}

/** A conditional order is finished when the order it became is. */
export function closeAlgoOf(state: VenueState, order: VenueOrder, nowMs: number): void {
  const algo = state.algosById.get(order.algoId);
  if (algo?.status === "TRIGGERED") moveAlgo(state, algo, { status: "FINISHED", nowMs });
}
