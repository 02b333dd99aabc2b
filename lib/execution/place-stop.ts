/**
 * The stop that rests at the venue, so that a position is guarded even when this machine is gone.
 *
 * 1. At most one rests: its id follows from the entry's, and the venue allows one closePosition stop a direction.
 *    So a placement in doubt may be repeated at once, and one that arrives late is refused.
 * 2. A stop gives way only when its successor may be sent right after; one whose successor is refused for good is
 *    put back. So a position is without its stop for one request at most.
 * 3. It ends: after `limitMs` and the request under way then. What is missing is mended later, and nothing waits
 *    for it.
 */
import type { AlgoOrder, Exchange } from "../exchange/exchange.ts";
import type { Outcome } from "../exchange/outcome-classes.ts";
import { decideStop, type StopDecision, type WantedStop } from "./decide-stop.ts";
import type { AgedMark } from "./execution-parts.ts";

/** How far the guarding of a position came. */
export type StopOutcome =
  | { readonly kind: "rests" }
  /** Nothing is open any more. */
  | { readonly kind: "flat" }
  /** The mark is beyond the stop: the position is to be closed. */
  | { readonly kind: "passed" }
  | { readonly kind: "missing"; readonly why: string };

export interface StopParts {
  readonly exchange: Exchange;
  readonly recvWindowMs: number;
  readonly clock: {
    monotonicMs(): number;
    sleep(ms: number, signal?: AbortSignal): Promise<void>;
  };
  readonly observe: { venueOutcome(outcome: Outcome): void };
  markOf(symbol: string): AgedMark | undefined;
}

export interface StopTask {
  readonly wanted: WantedStop;
  /** Venue's clock: when the position was last added to. */
  readonly filledAtMs: number;
  /** Whether to place without looking first: right after the fill, when there is nothing to find. */
  readonly fresh: boolean;
  readonly replaces: boolean;
  readonly recalled?: boolean | undefined;
  /** Whether the stop of a later entry is the one to be there, asked before each look; absent: nobody's is. */
  isSuperseded?(): Promise<boolean>;
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

const ORDER_COST = { weight: 1, orders: 1 } as const;
/** Between tries at a venue that did not take the order (ms). */
const AGAIN_AFTER_MS = 100;
/** The venue's code for a trigger that the mark has passed. */
const WOULD_TRIGGER_NOW = -2021;

type Step =
  | { readonly kind: "ended"; readonly outcome: StopOutcome | undefined }
  | { readonly kind: "again"; readonly why: string };

const ended = (outcome: StopOutcome | undefined): Step => ({ kind: "ended", outcome });
const again = (why: string): Step => ({ kind: "again", why });
const wordsOf = (outcome: Outcome) => `${outcome.code ?? outcome.row} ${outcome.message}`.trim();

/**
 * Makes the stop rest, or says why it does not; undefined: another one is to be there. Never throws for what the venue
 * or the network does.
 */
export async function placeStop(parts: StopParts, task: StopTask): Promise<StopOutcome | undefined> {
  const startedMs = parts.clock.monotonicMs();
  let step = task.fresh ? await place(parts, task.wanted) : await lookAndAct(parts, task);
  while (step.kind === "again") {
    const overdue = parts.clock.monotonicMs() - startedMs >= task.limitMs;
    if (overdue || task.signal.aborted) return { kind: "missing", why: step.why };
    step = await lookAndAct(parts, task);
    if (step.kind === "again") await parts.clock.sleep(AGAIN_AFTER_MS, task.signal);
  }
  return step.outcome;
}

async function lookAndAct(parts: StopParts, task: StopTask): Promise<Step> {
  if (await task.isSuperseded?.()) return ended(undefined);
  const decision = await look(parts, task);
  switch (decision.kind) {
    case "rests":
    case "passed":
      return ended({ kind: decision.kind });
    case "flat":
      for (const order of decision.ours) await parts.exchange.cancelAlgo(order.clientAlgoId);
      return ended({ kind: "flat" });
    case "look_again":
      return again("the position is not listed, and may be");
    case "place":
      return place(parts, task.wanted);
    case "replace":
      return replace(parts, task.wanted, decision.standing);
  }
}

async function look(parts: StopParts, task: StopTask): Promise<StopDecision> {
  const { wanted, filledAtMs, replaces, recalled } = task;
  const { exchange } = parts;
  const askedAtMs = exchange.serverNowMs();
  const [resting, positions] = await Promise.all([
    exchange.openAlgoOrders(wanted.symbol),
    exchange.positions(wanted.symbol),
  ]);
  return decideStop({
    ...{ wanted, filledAtMs, askedAtMs, replaces, recalled },
    resting: resting.ok ? resting.value : undefined,
    positions: positions.ok ? positions.value : undefined,
    mark: parts.markOf(wanted.symbol),
  });
}

async function replace(parts: StopParts, wanted: WantedStop, standing: readonly AlgoOrder[]): Promise<Step> {
  if (parts.exchange.admit("exit", ORDER_COST).kind !== "ok") {
    return again("the request budget is spent");
  }
  for (const order of standing) {
    const cancelled = await parts.exchange.cancelAlgo(order.clientAlgoId);
    if (!cancelled.ok) return again(wordsOf(cancelled.outcome));
  }
  const step = await place(parts, wanted);
  const before = standing[0]?.triggerPrice;
  const refused = step.kind === "ended" && step.outcome?.kind === "missing";
  if (refused && before !== undefined && before !== null)
    await place(parts, { ...wanted, triggerPrice: before });
  return step;
}

async function place(parts: StopParts, wanted: WantedStop): Promise<Step> {
  const timestampMs = Math.floor(parts.exchange.serverNowMs());
  const placed = await parts.exchange.placeAlgoOrder(wanted, {
    timestampMs,
    recvWindowMs: parts.recvWindowMs,
  });
  if (placed.phase === "accepted") return ended({ kind: "rests" });
  const { outcome } = placed;
  parts.observe.venueOutcome(outcome);
  if (outcome.code === WOULD_TRIGGER_NOW) return ended({ kind: "passed" });
  if (outcome.class === "FINAL") return ended({ kind: "missing", why: wordsOf(outcome) });
  // In doubt, not taken now, or another stop stands there: what rests is looked at next.
  return again(wordsOf(outcome));
}
