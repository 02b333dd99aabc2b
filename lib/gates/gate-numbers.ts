import type Big from "big.js";
import { frictionPct } from "./friction.ts";
import type { GateLimits } from "./gate-limits.ts";
import { gateNumber, positiveNumber } from "./gate-number.ts";

/** The numbers of an entry as several gates need them, read once; undefined: cannot be read, so the gate holds. */
export interface EntryNumbers {
  readonly price: Big | undefined;
  readonly quantity: Big | undefined;
  readonly stop: Big | undefined;
  readonly target: Big | undefined;
  readonly notionalUsd: Big | undefined;
}

/** Reads them from their texts. */
export function entryNumbers(entry: {
  readonly price: string;
  readonly quantity: string;
  readonly stopLoss: string;
  readonly takeProfit: string;
}): EntryNumbers {
  const price = positiveNumber(entry.price);
  const quantity = positiveNumber(entry.quantity);
  return {
    price,
    quantity,
    stop: positiveNumber(entry.stopLoss),
    target: positiveNumber(entry.takeProfit),
    notionalUsd: price && quantity ? price.times(quantity) : undefined,
  };
}

/** The limits that are decimals; undefined: cannot be read, so the gate holds. */
export interface LimitNumbers {
  readonly minNotionalUsd: Big | undefined;
  readonly edgeMultiplier: Big | undefined;
  readonly frictionPct: Big | undefined;
  readonly minRTrend: Big | undefined;
  readonly minRRange: Big | undefined;
}

const known = new WeakMap<GateLimits, LimitNumbers>();

/** Read once: limits are made at the start and never changed. */
export function limitNumbers(limits: GateLimits): LimitNumbers {
  const numbers = known.get(limits) ?? readLimits(limits);
  known.set(limits, numbers);
  return numbers;
}

function readLimits(limits: GateLimits): LimitNumbers {
  return {
    minNotionalUsd: gateNumber(limits.MIN_NOTIONAL_USD),
    edgeMultiplier: gateNumber(limits.EDGE_MULTIPLIER),
    frictionPct: frictionPct(limits),
    minRTrend: gateNumber(limits.MIN_R_TREND),
    minRRange: gateNumber(limits.MIN_R_RANGE),
  };
}
