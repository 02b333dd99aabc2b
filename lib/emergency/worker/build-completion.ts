import type { PanicCompletion, PositionResult } from "../../contract/panic.ts";
import { legKey, type PanicStanding } from "./panic-memory.ts";
import type { OpenLeg } from "./plan-close.ts";

/** A stand-in where positions were never read: "we do not know" must not look like "none". */
export const EVERY_SYMBOL = "*";

/** What the run knows at the moment of completing. */
export interface RunView {
  /** Open positions by their keys, as last read; undefined: they were never read. */
  readonly openLegs: ReadonlySet<string> | undefined;
  /** Of these what no order can close, and why, by key. */
  readonly dust: ReadonlyMap<string, string>;
  /** Positions that were open before the venue stopped answering; used when nothing was read since. */
  readonly lastKnown: readonly OpenLeg[];
  /** Symbols with orders that could not be cancelled. */
  readonly uncancelled: readonly string[];
  /** What the venue said last about a position, by its key. */
  readonly errors: ReadonlyMap<string, string>;
  /** Why the whole run is stuck, if it is: the last failed reading. */
  readonly trouble: string;
}

/** The completion of a run: `flat` also where all that is left is dust, which it names. Pure; times are epoch ms. */
export function buildCompletion(
  standing: PanicStanding,
  view: RunView,
  at: { readonly status: "flat" | "failed"; readonly nowMs: number },
): PanicCompletion {
  const results = resultsOf(standing, view, at.status === "flat");
  const open = results.filter(({ closed }) => !closed);
  return {
    event_id: standing.event.event_id,
    status: at.status,
    detail: at.status === "flat" ? [...view.dust.values()].join("; ") : view.trouble,
    positions_total: results.length,
    positions_closed: results.length - open.length,
    positions_failed: open.length,
    failed_symbols: failedSymbols(open, at.status === "flat" ? [] : view.uncancelled),
    results,
    ts_started: standing.acceptedMs,
    ts_completed: at.nowMs,
    execution_time_ms: Math.max(0, at.nowMs - standing.acceptedMs),
  };
}

/** By name where any is known: "every symbol" is said only when nothing else can be. */
function failedSymbols(open: readonly PositionResult[], uncancelled: readonly string[]): string[] {
  const names = new Set([...open.map(({ symbol }) => symbol), ...uncancelled]);
  if (names.size > 1) names.delete(EVERY_SYMBOL);
  return [...names].sort();
}

function resultsOf(standing: PanicStanding, view: RunView, flat: boolean): PositionResult[] {
  const known = [...standing.legs.values()].map((leg) => {
    const key = legKey(leg.symbol, leg.positionSide);
    const dust = view.dust.get(key);
    const closed = dust === undefined && (flat || view.openLegs?.has(key) === false);
    return {
      symbol: leg.symbol,
      position_side: leg.positionSide,
      quantity: leg.quantity,
      closed,
      orders: leg.orders.filter((one) => one.outcome === "accepted").map((one) => one.clientOrderId),
      error: closed ? "" : (dust ?? view.errors.get(key) ?? view.trouble),
    };
  });
  if (flat || view.openLegs !== undefined || known.length > 0) return known;
  const error = view.trouble === "" ? "positions could not be read" : view.trouble;
  const guesses: readonly OpenLeg[] =
    view.lastKnown.length > 0
      ? view.lastKnown
      : [{ symbol: EVERY_SYMBOL, positionSide: "BOTH", quantity: "unknown" }];
  return guesses.map(({ symbol, positionSide, quantity }) => ({
    ...{ symbol, position_side: positionSide, quantity, closed: false, orders: [], error },
  }));
}

/** The run's completion for a panic that joined it: `joined` once all is flat, `failed` while it is not. */
export function joinedCompletion(joined: PanicStanding, run: PanicCompletion): PanicCompletion {
  return {
    ...run,
    event_id: joined.event.event_id,
    status: run.status === "flat" ? "joined" : "failed",
    detail: [`joined ${run.event_id}`, run.detail].filter((part) => part !== "").join(": "),
    ts_started: joined.acceptedMs,
    execution_time_ms: Math.max(0, run.ts_completed - joined.acceptedMs),
  };
}

/** A call that is not obeyed: nothing was started for it. */
export function refusedCompletion(eventId: string, detail: string, nowMs: number): PanicCompletion {
  return {
    ...{ event_id: eventId.slice(0, 64), status: "refused", detail: detail.slice(0, 512) },
    ...{ positions_total: 0, positions_closed: 0, positions_failed: 0, failed_symbols: [], results: [] },
    ...{ ts_started: nowMs, ts_completed: nowMs, execution_time_ms: 0 },
  };
}
