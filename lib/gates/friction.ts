import Big from "big.js";
import type { GateLimits } from "./gate-limits.ts";

/** What a round trip costs, by part and together, in percent of notional. */
export interface FrictionParts {
  readonly feePct: Big;
  readonly fundingPct: Big;
  readonly slippagePct: Big;
  readonly noisePct: Big;
  readonly totalPct: Big;
}

/** Reads the parts from the settings; each is a part of its own so that an operator can correct one. */
export function frictionParts(limits: GateLimits): FrictionParts {
  const feePct = new Big(limits.FRICTION_FEE_PCT);
  const fundingPct = new Big(limits.FRICTION_FUNDING_PCT);
  const slippagePct = new Big(limits.FRICTION_SLIPPAGE_PCT);
  const noisePct = new Big(limits.FRICTION_NOISE_PCT);
  const totalPct = feePct.plus(fundingPct).plus(slippagePct).plus(noisePct);
  return { feePct, fundingPct, slippagePct, noisePct, totalPct };
}

const known = new WeakMap<GateLimits, FrictionParts>();

/** Friction in USD of a notional in USD; by default 0.22 USD for each 100 USD. */
export function frictionUsd(notionalUsd: Big, limits: GateLimits): Big {
  const parts = known.get(limits) ?? frictionParts(limits);
  known.set(limits, parts);
  return notionalUsd.times(parts.totalPct).div(100);
}
