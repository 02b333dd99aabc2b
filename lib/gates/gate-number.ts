import Big from "big.js";
import { canonicalDecimal } from "../contract/decimal-text.ts";

/** Made once: a number that is compared with is read anew at every comparison. */
export const ZERO = new Big(0);

/** A finite number below 10^15, or undefined: what cannot be read must hold, never count as zero. */
export function gateNumber(text: string | null): Big | undefined {
  const canonical = text === null ? undefined : canonicalDecimal(text);
  return canonical === undefined ? undefined : new Big(canonical);
}

/** The same, and greater than zero: prices and quantities. */
export function positiveNumber(text: string | null): Big | undefined {
  const value = gateNumber(text);
  return value?.gt(ZERO) ? value : undefined;
}
