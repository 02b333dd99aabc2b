/**
 * What this process can say of an entry by itself, without asking anybody: the intent, the mark, the venue's filters and
 * the configuration decide. Nothing here waits and nothing is written.
 */
import { FUTURE_MAX_MS } from "../contract/instant.ts";
import type { TradeIntent } from "../contract/trade-intent.ts";
import { decideOrderSize } from "../exchange/decide-order-size.ts";
import { decideGeometry } from "../gates/decide-geometry.ts";
import { decideProfitGates, type GateDecision } from "../gates/decide-profit-gates.ts";
import type { HoldDetail } from "../gates/profit-gate.ts";
import { denied, type Ending } from "./ending.ts";
import type { AgedMark, ExecutionParts } from "./execution-parts.ts";
import type { RecentTrades } from "./recent-trades.ts";
import type { Planned } from "./send-order.ts";

type Ended = Extract<Planned, { kind: "ended" }>;

type Sound = Extract<ReturnType<typeof decideGeometry>, { verdict: "sound" }>;
/** With the mark it was judged by. */
export interface SoundEntry {
  readonly kind: "sound";
  readonly sound: Sound;
  readonly mark: AgedMark | undefined;
}

const ended = (ending: Ending): Ended => ({ kind: "ended", ending });

/** The numbers of a hold or a denial as a result says them. */
export const numbersText = (detail: HoldDetail) =>
  Object.entries(detail)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");

/** Age, bounds and geometry: what needs nothing but the intent and the mark. */
export function judgeEntry(parts: ExecutionParts, intent: TradeIntent): Ended | SoundEntry {
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
  if (geometry.verdict === "denied") return ended(denied(geometry.reason, numbersText(geometry.detail)));
  return { kind: "sound", sound: geometry, mark };
}

/** The order of a sound entry, in the venue's sizes. */
export function planEntry(parts: ExecutionParts, intent: TradeIntent, { sound, mark }: SoundEntry): Planned {
  const size = decideOrderSize({
    kind: "entry",
    rules: parts.exchange.rules(intent.symbol) ?? null,
    quantity: sound.quantity,
    markPrice: mark?.price ?? sound.price,
  });
  if (size.kind === "denied") return ended(denied("FILTERS", numbersText(size.detail)));
  const hedge = parts.exchange.account()?.hedgeMode === true;
  const side = intent.action === "SELL" ? "SELL" : "BUY";
  const opens = side === "BUY" ? "LONG" : "SHORT";
  return {
    kind: "plan",
    plan: {
      symbol: intent.symbol,
      side,
      positionSide: hedge ? opens : "BOTH",
      quantity: size.quantity,
      reduceOnly: false,
    },
  };
}

/** The profit gates' word on an entry, told of these trades. */
export function askGates(
  parts: ExecutionParts,
  intent: TradeIntent,
  sound: Sound & RecentTrades,
): GateDecision {
  return decideProfitGates(
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
}
