/**
 * One round of a panic: cancel what can enlarge a position, read positions, close what is open.
 *
 * 1. It never throws for anything the venue does, and every request in it is made once.
 * 2. Failing to cancel or to read orders holds up no close, nor does a venue that takes its time over it; failing
 *    to read positions is never "none". What could be read of them is closed, though a row of them was not.
 * 3. Stops that close a whole position are not touched here: they go when all is flat. Where they cannot be told from
 *    what may open one, a symbol's go with the rest once a settled reading shows it flat.
 */
import Big from "big.js";
import type { Outcome } from "../../exchange/outcome-classes.ts";
import { soundRows } from "../../exchange/sound-rows.ts";
import { type CancelReport, cancelResting, cancelUnread, NOT_READ } from "./cancel-resting.ts";
import { type CloseParts, closeLeg, resolveOrder } from "./close-leg.ts";
import { isSizeRefusal } from "./dust-watch.ts";
import { legKey, type PanicStanding } from "./panic-memory.ts";
import type { OpenLeg } from "./plan-close.ts";
import { outcomeText } from "./worker-parts.ts";

const POSITIONS = { weight: 5, orders: 0 } as const;

/** What a round saw and did. */
export interface RoundReport extends CancelReport {
  /** Dust is not among them. undefined: what could be read names none, and is not all. */
  readonly open: readonly OpenLeg[] | undefined;
  /** Every row of the positions was read: what is neither `open` nor dust is flat. */
  readonly isWhole: boolean;
  /** What no order can close. */
  readonly dust: readonly OpenLeg[];
  /** Open positions of which every order was refused for its size. */
  readonly refusedBySize: readonly OpenLeg[];
  readonly sent: number;
  /** By position key, what went wrong with it. */
  readonly errors: ReadonlyMap<string, string>;
  readonly refusals: readonly Outcome[];
}

export interface RoundPlan {
  readonly readOrders: boolean;
  /** Orders and positions are read one after the other: the round may prove that all is flat. */
  readonly inOrder: boolean;
  /** What was in flight at the halt has arrived, and positions name it. */
  readonly settled: boolean;
  /** Symbols that may have orders, beside those of this panic. */
  readonly symbols: readonly string[];
  isDust(leg: OpenLeg): boolean;
}

/** Runs one. */
export async function runRound(
  parts: CloseParts,
  panic: PanicStanding,
  plan: RoundPlan,
): Promise<RoundReport> {
  const cancels = plan.readOrders ? await cancelResting(parts, plan.inOrder) : NOT_READ;
  const reading = await parts.pace.run(POSITIONS, (sending) => {
    sending();
    return parts.venue.positions();
  });
  const found = soundRows(reading)?.map(({ symbol, positionSide, quantity }) => ({
    ...{ symbol, positionSide, quantity },
  }));
  const isWhole = reading?.ok === true;
  const known = [...panic.legs.values(), ...(found ?? [])].map(({ symbol }) => symbol);
  await cancelUnread(parts, cancels, {
    known: [...plan.symbols, ...known],
    isFlat: (symbol) => plan.settled && isWhole && found?.some((leg) => leg.symbol === symbol) === false,
  });
  const closing = found === undefined ? NOTHING_CLOSED : await closeFound(parts, panic, { found, plan });
  if (isWhole) return { ...cancels, ...closing, isWhole, troubles: cancels.troubles + closing.troubles };
  return {
    ...{ ...cancels, ...closing, isWhole },
    open: closing.open.length === 0 ? undefined : closing.open,
    troubles: cancels.troubles + closing.troubles + 1,
    trouble: reading === undefined ? "stopped" : `positions unreadable: ${outcomeText(reading.outcome)}`,
    refusals: reading === undefined ? closing.refusals : [...closing.refusals, reading.outcome],
  };
}

const NOTHING_CLOSED = {
  ...{ open: [], dust: [], refusedBySize: [], refusals: [] },
  ...{ sent: 0, troubles: 0, errors: new Map<string, string>() },
};

async function closeFound(
  parts: CloseParts,
  panic: PanicStanding,
  { found, plan }: { readonly found: readonly OpenLeg[]; readonly plan: RoundPlan },
) {
  await recordFound(parts, panic, found);
  const dust = found.filter((leg) => plan.isDust(leg));
  const open = found.filter((leg) => !dust.includes(leg));
  return { open, dust, ...(await closeAll(parts, panic, open)) };
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
