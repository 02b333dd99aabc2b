import { decideOrderSize } from "../exchange/decide-order-size.ts";
import { decideGeometry } from "../gates/decide-geometry.ts";
import { decideProfitGates } from "../gates/decide-profit-gates.ts";
import type { HoldDetail } from "../gates/profit-gate.ts";
import { denied, type Ending } from "./ending.ts";
import type { ExecutionParts, Job } from "./execution-parts.ts";
import { noteWouldHold } from "./note-would-hold.ts";
import { type RecentTrades, readRecentTrades } from "./recent-trades.ts";
import { type OrderPlan, sendOrder } from "./send-order.ts";

/** An intent may be this far ahead of the server's clock (ms): beyond it, it would outlive its age limit. */
const FUTURE_MAX_MS = 5000;

type Prepared =
  | { readonly kind: "ended"; readonly ending: Ending }
  | { readonly kind: "plan"; readonly plan: OrderPlan };

const ended = (ending: Ending): Prepared => ({ kind: "ended", ending });
const numbers = (detail: HoldDetail) =>
  Object.entries(detail)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");

/**
 * An entry after `made` attempts: denied, held or expired by us, or sent and ended by the venue. `trades` is their
 * reading if it is under way already.
 */
export async function executeEntry(
  parts: ExecutionParts,
  job: Job,
  begun: { readonly made: number; readonly trades: Promise<RecentTrades> | undefined },
): Promise<Ending> {
  const prepared = await prepareEntry(parts, job, begun.trades);
  return prepared.kind === "ended" ? prepared.ending : sendOrder(parts, job, prepared.plan, begun.made);
}

async function prepareEntry(
  parts: ExecutionParts,
  job: Job,
  trades: Promise<RecentTrades> | undefined,
): Promise<Prepared> {
  const { intent } = job;
  const { rules } = parts;
  const ageMs = parts.redis.serverNowMs() - intent.ts_ms;
  if (ageMs > rules.ageMaxMs)
    return ended({ state: "EXPIRED", detail: `ageMs=${ageMs} ageMaxMs=${rules.ageMaxMs}` });
  if (ageMs < -FUTURE_MAX_MS) return ended(denied("INVALID", `ts_ms is ${-ageMs} ms in the future`));
  if (intent.action === "CLOSE") return ended(denied("INVALID", "CLOSE is not an entry"));
  if (intent.leverage > rules.leverageMax)
    return ended(denied("LEVERAGE_FAILED", `leverage=${intent.leverage}`));
  const mark = parts.markOf(intent.symbol);
  const geometry = decideGeometry({
    side: intent.action,
    entryPrice: intent.entry_price,
    quantity: intent.quantity,
    positionSizeUsd: intent.position_size_usd,
    stopLoss: intent.stop_loss,
    takeProfit: intent.take_profit,
    trailPercent: intent.trail_percent,
    mark: mark ?? null,
    priceCollarPct: rules.priceCollarPct,
  });
  if (geometry.verdict === "denied") return ended(denied(geometry.reason, numbers(geometry.detail)));
  const held = askGates(parts, job, {
    ...geometry,
    ...(await (trades ?? readRecentTrades(parts, intent.symbol))),
  });
  if (held !== undefined) return ended(held);
  const size = decideOrderSize({
    kind: "entry",
    rules: parts.exchange.rules(intent.symbol) ?? null,
    quantity: geometry.quantity,
    markPrice: mark?.price ?? geometry.price,
  });
  if (size.kind === "denied") return ended(denied("FILTERS", numbers(size.detail)));
  const stopped = parts.entriesStopped();
  if (stopped !== undefined) return ended(denied(stopped));
  const failure = await parts.ensureLeverage(intent.symbol, intent.leverage);
  if (failure !== undefined) return ended(denied("LEVERAGE_FAILED", failure));
  const hedge = parts.exchange.account()?.hedgeMode === true;
  const opens = intent.action === "BUY" ? "LONG" : "SHORT";
  return {
    kind: "plan",
    plan: {
      symbol: intent.symbol,
      side: intent.action,
      positionSide: hedge ? opens : "BOTH",
      quantity: size.quantity,
      reduceOnly: false,
    },
  };
}

type Sound = Extract<ReturnType<typeof decideGeometry>, { verdict: "sound" }>;

function askGates(parts: ExecutionParts, job: Job, sound: Sound & RecentTrades): Ending | undefined {
  const { intent } = job;
  const decision = decideProfitGates(
    {
      nowMs: sound.nowMs,
      lastTradeMs: sound.lastTradeMs,
      tradesLast10Min: sound.tradesLast10Min,
      price: sound.price,
      quantity: sound.quantity,
      stopLoss: sound.stopLoss,
      takeProfit: sound.takeProfit,
      expectedMoveUsd: intent.expected_move_usd,
      model: intent.model,
      regime: intent.regime,
      limits: parts.rules.gateLimits,
    },
    parts.rules.gates,
  );
  if (decision.verdict === "held") {
    return { state: "HELD", reason: decision.reason, detail: numbers(decision.detail) };
  }
  for (const would of decision.wouldHold) noteWouldHold(parts, job, would.reason, would.detail);
  return undefined;
}
