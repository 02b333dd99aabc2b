import Big from "big.js";
import { z } from "zod";

/** Larger than any price, quantity or notional of a real market; beyond it a number is a fault. */
const ABSURD = new Big("1e15");
/** Longer is no price of a market either; big arithmetic on it would take as long as its author likes. */
const TEXT_MAX = 64;
/** What is canonical already, and below 10^15: most prices are, and big arithmetic is not needed for them. */
const CANONICAL = /^-?(?:0|[1-9]\d{0,14})(?:\.\d{0,20}[1-9])?$/;
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/;

/**
 * The canonical text of a decimal (no exponent, no trailing zeros, no plus), or undefined when the input
 * is not a finite number below 10^15 or takes more than 64 characters. Floats are read by their shortest text,
 * which is what a JSON producer meant.
 */
export function canonicalDecimal(input: string | number): string | undefined {
  const text = typeof input === "number" ? String(input) : input.trim();
  if (CANONICAL.test(text) && text !== "-0") return text;
  if (text.length > TEXT_MAX || !DECIMAL.test(text)) return undefined;
  const value = new Big(text.replace(/^\+/, ""));
  if (value.abs().gte(ABSURD)) return undefined;
  const plain = value.toFixed();
  return plain.length <= TEXT_MAX ? plain : undefined;
}

/** A decimal that travels as text; reading also takes a JSON number. Output: canonical text. */
export const decimalTextSchema = z.union([z.string(), z.number()]).transform((value, context) => {
  const text = canonicalDecimal(value);
  if (text === undefined) {
    context.addIssue({
      code: "custom",
      message: "not a finite decimal number",
      params: { kind: "NOT_A_NUMBER" },
    });
    return z.NEVER;
  }
  return text;
});
