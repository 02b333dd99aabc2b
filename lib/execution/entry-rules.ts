import type { GateMode } from "../gates/decide-profit-gates.ts";
import type { GateLimits } from "../gates/gate-limits.ts";

/** The limits of an entry, from configuration. */
export interface EntryRules {
  readonly ageMaxMs: number;
  readonly holdMinMs: number;
  readonly tradesMax: number;
  readonly gates: GateMode;
  readonly gateLimits: GateLimits;
  readonly priceCollarPct: string;
  readonly leverageMax: number;
  readonly failuresMax: number;
  readonly planHoldMaxSec: number;
  /** exchange: an entry's position gets a stop that rests at the venue. */
  readonly protectiveStop: "exchange" | "none";
}
