import type { ExitPlan } from "../../../lib/exits/exit-plan.ts";
import type { WatchedPosition } from "../../../lib/exits/watched-position.ts";

export const OPENED_MS = 1_700_000_000_000;

/** A long of 0.5 BTC from 100. */
export const LONG_POSITION: WatchedPosition = {
  key: "BTCUSDT",
  symbol: "BTCUSDT",
  positionSide: "BOTH",
  side: "LONG",
  quantity: "0.5",
  entryPrice: "100",
  markPrice: "100",
};
export const SHORT_POSITION: WatchedPosition = { ...LONG_POSITION, side: "SHORT" };

export const LONG_PLAN: ExitPlan = {
  intentId: "0123456789abcdef0123456789abcdef",
  side: "LONG",
  entryPrice: "100",
  stopLoss: "95",
  takeProfit: "110",
  trailPercent: null,
  openedAtMs: OPENED_MS,
  maxHoldSec: 3600,
  extreme: null,
};
export const SHORT_PLAN: ExitPlan = { ...LONG_PLAN, side: "SHORT", stopLoss: "105", takeProfit: "90" };

/** As execution stores it. */
export const STORED_LONG = {
  intent_id: LONG_PLAN.intentId,
  symbol: "BTCUSDT",
  position_side: "BOTH",
  side: "LONG",
  quantity: "0.5",
  entry_price: "100",
  stop_loss: "95",
  take_profit: "110",
  trail_percent: "",
  opened_at: String(OPENED_MS),
  max_hold_sec: "3600",
} as const;
