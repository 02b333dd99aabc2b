import type Big from "big.js";
import type { GateLimits } from "./gate-limits.ts";
import { gateNumber } from "./gate-number.ts";

/**
 * What a round trip costs in percent of notional: fee, funding, slippage and noise together, each a setting of its own
 * so that an operator can correct one. Undefined when one of them cannot be read.
 */
export function frictionPct(limits: GateLimits): Big | undefined {
  const parts = [
    limits.FRICTION_FEE_PCT,
    limits.FRICTION_FUNDING_PCT,
    limits.FRICTION_SLIPPAGE_PCT,
    limits.FRICTION_NOISE_PCT,
  ].map(gateNumber);
  return parts.reduce((sum, part) => sum && part && sum.plus(part));
}

/** Friction in USD of a notional in USD; by default 0.22 USD for each 100 USD. */
export function frictionUsd(notionalUsd: Big, pct: Big): Big {
  return notionalUsd.times(pct).div(100);
}
