import type { AlgoOrder, Reading, VenueOrder } from "../../exchange/exchange.ts";
import type { CancelPlan } from "./plan-cancels.ts";
import type { VenuePace } from "./venue-pace.ts";
import { outcomeText, type PanicVenue } from "./worker-parts.ts";

const ONE = { weight: 1, orders: 0 } as const;
const ALL_SYMBOLS = { weight: 40, orders: 0 } as const;

interface CancelParts {
  readonly venue: Pick<PanicVenue, "cancelAll" | "cancelAlgo" | "openAlgoOrders" | "openOrders">;
  readonly pace: VenuePace;
}

export type RestingReading =
  | { readonly ok: true; readonly orders: readonly VenueOrder[]; readonly algoOrders: readonly AlgoOrder[] }
  | { readonly ok: false; readonly trouble: string };

/**
 * Everything that rests at the venue. `inOrder`: conditional orders are read before plain ones, so that one that
 * triggers meanwhile is seen as what it has become; it costs a round trip.
 */
export async function readResting(parts: CancelParts, inOrder: boolean): Promise<RestingReading> {
  const { venue, pace } = parts;
  const ask = <T>(read: () => Promise<Reading<T>>) =>
    pace.run(ALL_SYMBOLS, (sending) => {
      sending();
      return read();
    });
  const conditional = ask(() => venue.openAlgoOrders());
  if (inOrder) await conditional;
  const [algoOrders, orders] = await Promise.all([conditional, ask(() => venue.openOrders())]);
  if (algoOrders === undefined || orders === undefined) return { ok: false, trouble: "stopped" };
  if (!algoOrders.ok) return { ok: false, trouble: `orders unreadable: ${outcomeText(algoOrders.outcome)}` };
  if (!orders.ok) return { ok: false, trouble: `orders unreadable: ${outcomeText(orders.outcome)}` };
  return { ok: true, orders: orders.value, algoOrders: algoOrders.value };
}

export interface CancelFailure {
  readonly symbol: string;
  readonly error: string;
}

/** Cancels plain and conditional orders; each once. Returns what could not be cancelled. */
export async function cancelOpening(
  parts: CancelParts,
  plan: Pick<CancelPlan, "symbols" | "conditional">,
): Promise<readonly CancelFailure[]> {
  const plain = plan.symbols.map((symbol) => cancelOne(parts, symbol, () => parts.venue.cancelAll(symbol)));
  return (await Promise.all([...plain, ...cancelAlgos(parts, plan.conditional)])).flat();
}

/** Cancels the stops of positions that are closed. */
export async function cancelStops(
  parts: CancelParts,
  stops: CancelPlan["stops"],
): Promise<readonly CancelFailure[]> {
  return (await Promise.all(cancelAlgos(parts, stops))).flat();
}

function cancelAlgos(parts: CancelParts, orders: CancelPlan["stops"]): Promise<CancelFailure[]>[] {
  return orders.map(({ symbol, clientAlgoId }) =>
    cancelOne(parts, symbol, () => parts.venue.cancelAlgo(clientAlgoId)),
  );
}

async function cancelOne(
  parts: CancelParts,
  symbol: string,
  cancel: () => Promise<Reading<null>>,
): Promise<CancelFailure[]> {
  const reading = await parts.pace.run(ONE, (sending) => {
    sending();
    return cancel();
  });
  if (reading === undefined) return [{ symbol, error: "stopped" }];
  return reading.ok ? [] : [{ symbol, error: outcomeText(reading.outcome) }];
}
