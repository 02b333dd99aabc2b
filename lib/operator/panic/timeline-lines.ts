import type { PanicSight } from "./follow-panic.ts";

/** A sight as lines of the timeline; `atMs` is since the publication. */
export function timelineLines(sight: PanicSight, atMs: number, eventId: string): readonly string[] {
  const at = `${String(atMs).padStart(7)} ms`;
  switch (sight.kind) {
    case "published":
      return [`${at}  published ${eventId} (${sight.id})`];
    case "socket":
      return [`${at}  handed ${eventId} to the worker's socket: Redis did not take it (${sight.why})`];
    case "halted": {
      const by =
        sight.byEventId === eventId ? "" : ` already, by ${sight.byEventId || "the watchdog's precaution"}`;
      return [`${at}  halted${by}`];
    }
    case "first-close":
      return [`${at}  first close sent`];
    case "completion": {
      const { status, detail, positions_closed: closed, positions_total: total } = sight.completion;
      const { execution_time_ms: tookMs, failed_symbols: failed, results } = sight.completion;
      return [
        `${at}  ${status}: ${closed} of ${total} positions closed, ${tookMs} ms by the worker's clock`,
        ...(detail === "" ? [] : [`            ${detail}`]),
        ...(failed.length === 0 ? [] : [`            still open: ${failed.join(", ")}`]),
        ...results.map((one) => {
          const end = one.closed ? "closed" : `OPEN: ${one.error}`;
          const orders = one.orders.length === 0 ? "" : ` by ${one.orders.join(", ")}`;
          return `            ${one.symbol} ${one.position_side} ${one.quantity} ${end}${orders}`;
        }),
      ];
    }
  }
}
