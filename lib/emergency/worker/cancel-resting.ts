/**
 * Cancels what rests at the venue before positions are closed.
 *
 * 1. Plain and conditional orders are two lists: what fails of one holds up nothing of the other.
 * 2. For a proof conditional orders are read before plain ones, so that one that triggers meanwhile is seen as what
 *    it has become; it costs a round trip.
 * 3. Closes wait for a slow venue 1.5 s at most, and for what is cancelled by symbol 0.5 s more; a proof takes its time.
 * 4. What a list does not say is cancelled by symbol; of conditional orders only where the symbol reads flat, for
 *    one of them may be the stop that guards its position.
 */
import { within } from "../../daemon/within.ts";
import type { ListReading } from "../../exchange/exchange.ts";
import { soundRows } from "../../exchange/sound-rows.ts";
import { type CancelFailure, type CancelParts, cancelBySymbol, cancelOpening } from "./cancel-orders.ts";
import { type CancelPlan, planCancels } from "./plan-cancels.ts";
import { outcomeText, type PanicVenue, type WorkerClock } from "./worker-parts.ts";

/** Four slow round trips, ms. */
const CANCEL_PATIENCE_MS = 1500;
const UNREAD_PATIENCE_MS = 500;
const ALL_SYMBOLS = { weight: 40, orders: 0 } as const;

interface RestingParts extends CancelParts {
  readonly venue: CancelParts["venue"] & Pick<PanicVenue, "openAlgoOrders" | "openOrders">;
  readonly clock: WorkerClock;
}

/** What the cancelling of a round came to. */
export interface CancelReport {
  /** undefined: not read in this round, or not wholly. `opening`: 0 when nothing that could open a position rested. */
  readonly resting: (CancelPlan & { readonly opening: number }) | undefined;
  /** Lists that were asked for and not read wholly. */
  readonly unread: { readonly plain: boolean; readonly conditional: boolean };
  /** Symbols of the orders that were read. */
  readonly named: readonly string[];
  /** Symbols with orders that could not be cancelled. */
  readonly uncancelled: readonly string[];
  readonly troubles: number;
  /** The last thing that went wrong; empty when nothing did. */
  readonly trouble: string;
}

/** A round that reads no orders. */
export const NOT_READ: CancelReport = {
  ...{ resting: undefined, unread: { plain: false, conditional: false }, named: [] },
  ...{ uncancelled: [], troubles: 0, trouble: "" },
};

interface ListCancels {
  readonly plan: CancelPlan;
  /** Why the list was not read wholly; empty when it was. */
  readonly unread: string;
  readonly failures: readonly CancelFailure[];
}

/** Reads both lists and cancels what they name. `inOrder`: for a proof. */
export async function cancelResting(parts: RestingParts, inOrder: boolean): Promise<CancelReport> {
  const { venue, clock } = parts;
  const inTime = async (cancelling: Promise<ListCancels>): Promise<ListCancels> =>
    inOrder ? cancelling : ((await within(clock, CANCEL_PATIENCE_MS, cancelling)) ?? TOO_SLOW);
  const conditional = inTime(
    cancelList(
      parts,
      () => venue.openAlgoOrders(),
      (algoOrders) => planCancels({ orders: [], algoOrders }),
    ),
  );
  if (inOrder) await conditional;
  const plain = inTime(
    cancelList(
      parts,
      () => venue.openOrders(),
      (orders) => planCancels({ orders, algoOrders: [] }),
    ),
  );
  return reportOf(await plain, await conditional);
}

const TOO_SLOW: ListCancels = {
  plan: planCancels({ orders: [], algoOrders: [] }),
  unread: "not read and cancelled in time",
  failures: [],
};

async function cancelList<T>(
  parts: RestingParts,
  read: () => Promise<ListReading<T>>,
  planOf: (rows: readonly T[]) => CancelPlan,
): Promise<ListCancels> {
  const reading = await parts.pace.run(ALL_SYMBOLS, (sending) => {
    sending();
    return read();
  });
  const plan = planOf(soundRows(reading) ?? []);
  const unread =
    reading === undefined ? "stopped" : reading.ok ? "" : `unreadable: ${outcomeText(reading.outcome)}`;
  return { plan, unread, failures: await cancelOpening(parts, plan) };
}

function reportOf(plain: ListCancels, conditional: ListCancels): CancelReport {
  const { symbols } = plain.plan;
  const { conditional: ids, stops } = conditional.plan;
  const failures = [...plain.failures, ...conditional.failures];
  const troubles = [
    ...failures.map(({ error }) => `orders not cancelled: ${error}`),
    ...(plain.unread === "" ? [] : [`plain orders ${plain.unread}`]),
    ...(conditional.unread === "" ? [] : [`conditional orders ${conditional.unread}`]),
  ];
  const isRead = plain.unread === "" && conditional.unread === "";
  return {
    resting: isRead ? { symbols, conditional: ids, stops, opening: symbols.length + ids.length } : undefined,
    unread: { plain: plain.unread !== "", conditional: conditional.unread !== "" },
    named: [...symbols, ...[...ids, ...stops].map(({ symbol }) => symbol)],
    uncancelled: failures.map(({ symbol }) => symbol),
    troubles: troubles.length,
    trouble: troubles.at(-1) ?? "",
  };
}

/**
 * Cancels by symbol what the lists of this round did not say. `known`: every symbol that may have orders; `isFlat`: what
 * the positions say of one. What fails is tried again in the next round.
 */
export async function cancelUnread(
  parts: RestingParts,
  { unread, named }: CancelReport,
  symbols: { readonly known: readonly string[]; isFlat(symbol: string): boolean },
): Promise<void> {
  if (!unread.plain && !unread.conditional) return;
  const all = [...new Set([...named, ...symbols.known])];
  const cancelling = cancelBySymbol(parts, {
    plain: unread.plain ? all : [],
    conditional: unread.conditional ? all.filter((symbol) => symbols.isFlat(symbol)) : [],
  });
  await within(parts.clock, UNREAD_PATIENCE_MS, cancelling);
}
