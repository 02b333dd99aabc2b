import type { Reading } from "../../exchange/exchange.ts";
import type { CancelPlan } from "./plan-cancels.ts";
import type { VenuePace } from "./venue-pace.ts";
import { outcomeText, type PanicVenue } from "./worker-parts.ts";

const ONE = { weight: 1, orders: 0 } as const;

export interface CancelParts {
  readonly venue: Pick<PanicVenue, "cancelAll" | "cancelAlgo" | "cancelAllAlgo">;
  readonly pace: VenuePace;
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

/** Cancels all orders of these symbols, whatever they are: stops that close a position among the conditional ones. */
export async function cancelBySymbol(
  parts: CancelParts,
  symbols: { readonly plain: readonly string[]; readonly conditional: readonly string[] },
): Promise<void> {
  const { venue } = parts;
  await Promise.all([
    ...symbols.plain.map((symbol) => cancelOne(parts, symbol, () => venue.cancelAll(symbol))),
    ...symbols.conditional.map((symbol) => cancelOne(parts, symbol, () => venue.cancelAllAlgo(symbol))),
  ]);
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
  const send = (sending: () => void) => {
    sending();
    return cancel();
  };
  const reading = await parts.pace.run(ONE, send, "may wait");
  if (reading === undefined) return [{ symbol, error: "stopped" }];
  return reading.ok ? [] : [{ symbol, error: outcomeText(reading.outcome) }];
}
