import { Hono } from "hono";
import type { CycleReport } from "./metrics.ts";
import type { Watch } from "./watch.ts";

/** What the endpoints show. */
interface ExitRouteParts {
  readonly watches: () => Iterable<Readonly<Watch>>;
  readonly reports: () => readonly CycleReport[];
}

/** The exit brain's endpoints under /v1: they only read, and only what the loop has in memory. */
export function exitBrainRoutes(parts: ExitRouteParts): Hono {
  const app = new Hono();
  app.get("/positions", (context) => context.json({ positions: [...parts.watches()].map(positionView) }));
  app.get("/cycles", (context) => context.json({ cycles: parts.reports() }));
  return app;
}

function positionView({ position, decision, attempt, followed, mark, stop }: Readonly<Watch>) {
  return {
    symbol: position.symbol,
    position_side: position.positionSide,
    side: position.side,
    quantity: position.quantity,
    entry_price: position.entryPrice,
    mark_price: mark?.price ?? null,
    mark_age_ms: mark === null ? null : Math.round(mark.ageMs),
    decision: decision.kind,
    waits_for: decision.kind === "wait" ? decision.why : null,
    plan:
      followed === null
        ? null
        : {
            intent_id: followed.intentId,
            stop_loss: followed.stopLoss,
            take_profit: followed.takeProfit,
            trail_percent: followed.trailPercent,
            mark_extreme: followed.extreme,
            opened_at: followed.openedAtMs,
            max_hold_sec: followed.maxHoldSec,
          },
    rules:
      decision.kind === "wait"
        ? []
        : decision.says.map(({ rule, verdict, level, distancePct, remainingMs }) => ({
            rule,
            verdict,
            level,
            distance_pct: distancePct,
            remaining_ms: remainingMs,
          })),
    exit:
      attempt === null
        ? null
        : { intent_id: attempt.intentId, rule: attempt.rule, n: attempt.n, handover: attempt.handover },
    protective_stop: { state: stop.state, trigger_price: stop.triggerPrice },
  };
}
