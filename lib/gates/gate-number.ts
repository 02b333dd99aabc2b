import Big from "big.js";
import { canonicalDecimal } from "../contract/decimal-text.ts";

/** A finite number below 10^15, or undefined: what cannot be read must hold, never count as zero. */
export function gateNumber(text: string | null): Big | undefined {
  const canonical = text === null ? undefined : canonicalDecimal(text);
  return canonical === undefined ? undefined : new Big(canonical);
}

/** The same, and greater than zero: prices and quantities. */
export function positiveNumber(text: string | null): Big | undefined {
  const value = gateNumber(text);
  return value?.gt(0) ? value : undefined;
}
