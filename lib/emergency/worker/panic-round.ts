/**
 * One round of a panic: cancel what can enlarge a position, read positions, close what is open.
 *
 * 1. It never throws for anything the venue does, and every request in it is made once.
 * 2. Failing to cancel or to read orders holds up no close, nor does a venue that takes its time over it; failing
 *    to read positions is never "none".
 * 3. Stops that close a whole position are not touched here: they go when all is flat.
 */
import Big from "big.js";
import { within } from "../../daemon/within.ts";
import type { Outcome } from "../../exchange/outcome-classes.ts";
import { cancelOpening, readResting } from "./cancel-orders.ts";
import { type CloseParts, closeLeg, resolveOrder } from "./close-leg.ts";
import { isSizeRefusal } from "./dust-watch.ts";
import { legKey, type PanicStanding } from "./panic-memory.ts";
import { type CancelPlan, planCancels } from "./plan-cancels.ts";
import type { OpenLeg } from "./plan-close.ts";
import { outcomeText } from "./worker-parts.ts";

/** Longest the closes wait for the cancels before them, ms: four slow round trips. */
const CANCEL_PATIENCE_MS = 1500;
const POSITIONS = { weight: 5, orders: 0 } as const;

/** What a round saw and did. */
export interface RoundReport {
  /** undefined: not read in this round, or reading failed. */
  readonly resting: (CancelPlan & { readonly opening: number }) | undefined;
  /** Dust is not among them. undefined: reading failed. */
  readonly open: readonly OpenLeg[] | undefined;
  /** What no order can close. */
  readonly dust: readonly OpenLeg[];
  /** Open positions of which every order was refused for its size. */
  readonly refusedBySize: readonly OpenLeg[];
  readonly sent: number;
  readonly troubles: number;
  /** By position key, what went wrong with it. */
  readonly errors: ReadonlyMap<string, string>;
  /** Symbols with orders that could not be cancelled. */
  readonly uncancelled: readonly string[];
  /** The last thing that went wrong with the round as a whole; empty when nothing did. */
  readonly trouble: string;
  readonly refusals: readonly Outcome[];
}

export interface RoundPlan {
  readonly readOrders: boolean;
  /** Orders and positions are read one after the other: the round may prove that all is flat. */
  readonly inOrder: boolean;
  isDust(leg: OpenLeg): boolean;
}

/** Runs one. */
export async function runRound(
  parts: CloseParts,
  panic: PanicStanding,
  plan: RoundPlan,
): Promise<RoundReport> {
  const resting = plan.readOrders ? await cancelInTime(parts, plan.inOrder) : NOT_READ;
  const reading = await parts.pace.run(POSITIONS, (sending) => {
    sending();
    return parts.venue.positions();
  });
  if (reading?.ok !== true) {
    const trouble =
      reading === undefined ? "stopped" : `positions unreadable: ${outcomeText(reading.outcome)}`;
    const refusals = reading === undefined ? [] : [reading.outcome];
    const troubles = resting.troubles + 1;
    const nothing = { open: undefined, dust: [], refusedBySize: [], sent: 0, errors: new Map() };
    return { ...resting, ...nothing, troubles, trouble, refusals };
  }
  const found = reading.value.map(({ symbol, positionSide, quantity }) => ({
    symbol,
    positionSide,
    quantity,
  }));
  await recordFound(parts, panic, found);
  const dust = found.filter((leg) => plan.isDust(leg));
  const open = found.filter((leg) => !dust.includes(leg));
  const closing = await closeAll(parts, panic, open);
  return { ...resting, ...closing, open, dust, troubles: resting.troubles + closing.troubles };
}

interface CancelReport extends Pick<RoundReport, "resting" | "uncancelled" | "troubles" | "trouble"> {}

const NOT_READ: CancelReport = { resting: undefined, uncancelled: [], troubles: 0, trouble: "" };

/** A proof takes the time it takes; before one, what is slow goes on beside the closes. */
async function cancelInTime(parts: CloseParts, inOrder: boolean): Promise<CancelReport> {
  const cancelling = cancelResting(parts, inOrder);
  if (inOrder) return cancelling;
  const slow = { ...NOT_READ, troubles: 1, trouble: "orders not read and cancelled in time" };
  return (await within(parts.clock, CANCEL_PATIENCE_MS, cancelling)) ?? slow;
}

async function cancelResting(parts: CloseParts, inOrder: boolean): Promise<CancelReport> {
  const reading = await readResting(parts, inOrder);
  if (!reading.ok) return { ...NOT_READ, troubles: 1, trouble: reading.trouble };
  const plan = planCancels(reading);
  const failures = await cancelOpening(parts, plan);
  return {
    resting: { ...plan, opening: reading.orders.length + plan.conditional.length },
    uncancelled: failures.map(({ symbol }) => symbol),
    troubles: failures.length,
    trouble: failures.length === 0 ? "" : `orders not cancelled: ${failures[0]?.error}`,
  };
}

async function recordFound(parts: CloseParts, panic: PanicStanding, open: readonly OpenLeg[]): Promise<void> {
  const fresh = open.filter((leg) => !panic.legs.has(legKey(leg.symbol, leg.positionSide)));
  if (fresh.length === 0) return;
  const legs = fresh.map(({ symbol, positionSide, quantity }) => ({
    ...{ symbol, position_side: positionSide, quantity: new Big(quantity).toFixed() },
  }));
  await parts.book.write({ type: "found", event_id: panic.event.event_id, legs });
}

async function closeAll(parts: CloseParts, panic: PanicStanding, open: readonly OpenLeg[]) {
  const steps = await Promise.all(
    open.map(async (leg) => ({ leg, step: await closeLeg(parts, panic, leg) })),
  );
  await resolveClosed(parts, panic, open);
  const errors = new Map(
    steps
      .filter(({ step }) => step.error !== "")
      .map(({ leg, step }) => [legKey(leg.symbol, leg.positionSide), step.error]),
  );
  return {
    errors,
    refusedBySize: steps
      .filter(({ step }) => step.sent > 0 && step.refusals.filter(isSizeRefusal).length === step.sent)
      .map(({ leg }) => leg),
    sent: steps.reduce((sum, { step }) => sum + step.sent, 0),
    troubles: steps.reduce((sum, { step }) => sum + step.troubles, 0),
    refusals: steps.flatMap(({ step }) => step.refusals),
  };
}

/** Orders in doubt of positions that read zero: asked for so that the results are true; nothing waits for them. */
async function resolveClosed(
  parts: CloseParts,
  panic: PanicStanding,
  open: readonly OpenLeg[],
): Promise<void> {
  const openKeys = new Set(open.map((leg) => legKey(leg.symbol, leg.positionSide)));
  const inDoubt = [...panic.legs]
    .filter(([key]) => !openKeys.has(key))
    .flatMap(([, { symbol, orders }]) =>
      orders.filter(({ outcome }) => outcome === "open").map((order) => ({ panic, symbol, order })),
    );
  await Promise.all(inDoubt.map((of) => resolveOrder(parts, of)));
}
