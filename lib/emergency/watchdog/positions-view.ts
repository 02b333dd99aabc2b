/**
 * Open positions as the watchdog's own reads of the venue show them. `sinceMs` is when they were last known to be
 * flat, or the start, by the clock that stands still while Redis is silent.
 */
export type PositionsView =
  | { readonly kind: "flat" }
  | { readonly kind: "open"; readonly count: number; readonly sinceMs: number }
  /** There may be positions. `lastCount` is what the last good read said, undefined before the first. */
  | { readonly kind: "unknown"; readonly lastCount: number | undefined; readonly sinceMs: number };

/** Before the first read. */
export function unreadPositions(nowMs: number): PositionsView {
  return { kind: "unknown", lastCount: undefined, sinceMs: nowMs };
}

/** The view after a read; `count` undefined: it failed. */
export function afterPositionsRead(
  view: PositionsView,
  count: number | undefined,
  nowMs: number,
): PositionsView {
  if (count === 0) return { kind: "flat" };
  const sinceMs = view.kind === "flat" ? nowMs : view.sinceMs;
  if (count !== undefined) return { kind: "open", count, sinceMs };
  return { kind: "unknown", lastCount: lastCountOf(view), sinceMs };
}

/** Whether positions may be left of those that were open: a flat account that cannot be read stays flat. */
export function mayBeLeft(view: PositionsView): boolean {
  if (view.kind === "unknown") return view.lastCount !== 0;
  return view.kind === "open";
}

function lastCountOf(view: PositionsView): number | undefined {
  if (view.kind === "flat") return 0;
  return view.kind === "open" ? view.count : view.lastCount;
}
