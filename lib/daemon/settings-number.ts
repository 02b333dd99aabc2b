import Big from "big.js";
import { z } from "zod";
import { canonicalDecimal } from "../contract/decimal-text.ts";
import { withFacts } from "./setting-facts.ts";

interface NumberBounds {
  readonly description: string;
  /** Absent: the setting is required. */
  readonly fallback?: number;
  readonly min: number;
  readonly max: number;
}

interface DecimalBounds {
  readonly description: string;
  readonly fallback?: string;
  readonly min: string;
  readonly max: string;
}

// A number schema with its own checks would be four more schemas a setting, each with a hundred objects.
const within = (min: number, max: number) => (value: number) => value >= min && value <= max;

/** A whole number in decimal digits: no sign but minus, no exponent, no blank. */
export function integerSetting(bounds: NumberBounds) {
  const { min, max, fallback, description } = bounds;
  const schema = z
    .string()
    .regex(/^-?\d{1,15}$/)
    .transform(Number)
    .refine(within(min, max));
  return withFacts(fallback === undefined ? schema : schema.default(fallback), {
    description,
    expected: `a whole number from ${min} to ${max}`,
    fallback: fallback?.toString(),
  });
}

/** A number that no money is computed from: a ratio, seconds. Decimal digits, no exponent. */
export function numberSetting(bounds: NumberBounds) {
  const { min, max, fallback, description } = bounds;
  const schema = z
    .string()
    .regex(/^-?\d{1,15}(?:\.\d{1,15})?$/)
    .transform(Number)
    .refine(within(min, max));
  return withFacts(fallback === undefined ? schema : schema.default(fallback), {
    description,
    expected: `a number from ${min} to ${max}`,
    fallback: fallback?.toString(),
  });
}

/** A decimal that money is computed from: stays text (canonical), for big.js. */
export function decimalSetting(bounds: DecimalBounds) {
  const { min, max, fallback, description } = bounds;
  const schema = z
    .string()
    .regex(/^-?\d{1,15}(?:\.\d{1,15})?$/)
    .transform((text) => canonicalDecimal(text) ?? text)
    .refine((text) => new Big(text).gte(min) && new Big(text).lte(max));
  return withFacts(fallback === undefined ? schema : schema.default(fallback), {
    description,
    expected: `a decimal number from ${min} to ${max}`,
    fallback,
  });
}
