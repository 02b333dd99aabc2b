import type { HoldReason } from "../contract/reasons.ts";
import { cooldown } from "./cooldown.ts";
import { edgeAgainstFriction } from "./edge-against-friction.ts";
import type { GateLimits } from "./gate-limits.ts";
import type { EntryNumbers } from "./gate-numbers.ts";
import { minimumNotional } from "./minimum-notional.ts";
import { modelRegime } from "./model-regime.ts";
import { rewardToRisk } from "./reward-to-risk.ts";
import { tradeRate } from "./trade-rate.ts";

/** What the six gates look at, gathered beforehand. Prices and quantities are decimal text. */
export interface GateInput {
  /** The intent's entry price. */
  readonly price: string;
  /** Base units; already resolved by decide-geometry. */
  readonly quantity: string;
  readonly stopLoss: string;
  readonly takeProfit: string;
  /** USD over the whole quantity; null: abs(takeProfit − price) × quantity. */
  readonly expectedMoveUsd: string | null;
  readonly model: string;
  readonly regime: string;
  /** Epoch ms. */
  readonly nowMs: number;
  /** Epoch ms of the symbol's last entry fill or close; null: none within MIN_HOLD_SECONDS. */
  readonly lastTradeMs: number | null;
  /** Trades whose time is within the last 600 s. */
  readonly tradesLast10Min: number;
  readonly limits: GateLimits;
}

/** The numbers that led to a hold, by name with unit: for the log line and the result. */
export type HoldDetail = Readonly<Record<string, string | number>>;

export interface Held {
  readonly verdict: "held";
  readonly reason: HoldReason;
  readonly detail: HoldDetail;
}
export type GateVerdict = { readonly verdict: "pass" } | Held;

/** A gate: pure, one readonly input (`numbers` are its decimals, if read already), one verdict; what it cannot read holds. */
export interface ProfitGate {
  readonly reason: HoldReason;
  readonly decide: (input: GateInput, numbers?: EntryNumbers) => GateVerdict;
}

/** The six, in the contract's order: the first that holds is the one reported. */
export const PROFIT_GATES: readonly ProfitGate[] = [
  minimumNotional,
  edgeAgainstFriction,
  cooldown,
  tradeRate,
  rewardToRisk,
  modelRegime,
];
